//! Storage accounts, as the Functions host has them told: a connection string, or a managed identity with the
//! account's name or endpoints, each part below the setting's name.

use backends::azure::Account;

use super::Args;
use super::error::{ConfigError, wrong};

/// What is told of one account.
pub(super) struct AccountArgs<'a> {
    /// The setting that its connection string has, and that the names of all others begin with.
    pub(super) setting: &'static str,
    pub(super) connection_string: Option<&'a str>,
    pub(super) parts: Vec<(&'static str, Option<&'a str>)>,
    /// Whether its queues are used as well.
    has_queues: bool,
    /// What is said of `serviceUri` alone, and of `serviceUri` beside what is enough.
    pub(super) is_not_enough: &'static str,
    pub(super) endpoints_count: &'static str,
}

impl Args {
    /// The accounts that settings may tell of: first that of the tasks, then that of the files.
    pub(super) fn accounts(&self) -> [AccountArgs<'_>; 2] {
        let files = &self.files;
        [
            AccountArgs {
                setting: "AzureWebJobsStorage",
                connection_string: self.connection_string(),
                parts: vec![
                    ("accountName", self.account_name.as_deref()),
                    ("blobServiceUri", self.blob_service_uri.as_deref()),
                    ("queueServiceUri", self.queue_service_uri.as_deref()),
                    ("credential", self.credential.as_deref()),
                    ("clientId", self.client_id.as_deref()),
                ],
                has_queues: true,
                is_not_enough: "is not enough: set AzureWebJobsStorage__blobServiceUri and \
                                AzureWebJobsStorage__queueServiceUri",
                endpoints_count: "the account's name or its two endpoints count",
            },
            AccountArgs {
                setting: "DataStorage",
                connection_string: files.data_storage.as_deref(),
                parts: vec![
                    ("accountName", files.data_account_name.as_deref()),
                    ("blobServiceUri", files.data_blob_service_uri.as_deref()),
                    ("credential", files.data_credential.as_deref()),
                    ("clientId", files.data_client_id.as_deref()),
                ],
                has_queues: false,
                is_not_enough: "is not enough: set DataStorage__blobServiceUri",
                endpoints_count: "the account's name or its endpoint counts",
            },
        ]
    }
}

impl AccountArgs<'_> {
    /// The account, if one is told. A connection string wins over the identity settings, as it does in the
    /// host.
    ///
    /// # Errors
    ///
    /// One sentence that names the setting that is missing or wrong.
    pub(super) fn read(&self) -> Result<Option<Account>, ConfigError> {
        let setting = self.setting;
        if let Some(text) = self.connection_string {
            let account = match self.has_queues {
                true => Account::from_connection_string(text),
                false => Account::of_blobs_from_connection_string(text),
            };
            return account.map(Some).map_err(|reason| wrong(setting, reason));
        }
        let told = self.parts.iter().find(|(_, value)| value.is_some());
        let Some((first, _)) = told else {
            return Ok(None);
        };
        let is_identity = |kind: &str| kind.eq_ignore_ascii_case("managedidentity");
        if !self.part("credential").is_none_or(is_identity) {
            return Err(wrong(
                &format!("{setting}__credential"),
                "can only be managedidentity: other identities are not supported",
            ));
        }
        let (name, blobs) = (self.part("accountName"), self.part("blobServiceUri"));
        let client_id = self.part("clientId").map(str::to_owned);
        let account = match self.has_queues {
            true => Account::from_identity(name, blobs, self.part("queueServiceUri"), client_id),
            false => Account::of_blobs_from_identity(name, blobs, client_id),
        };
        account
            .map(Some)
            .map_err(|reason| wrong(&format!("{setting}__{first}"), reason))
    }

    /// Whether there is enough to reach it by an identity.
    pub(super) fn is_told(&self) -> bool {
        let has = |part| self.part(part).is_some();
        has("accountName")
            || (has("blobServiceUri") && (!self.has_queues || has("queueServiceUri")))
    }

    /// What a part says.
    pub(super) fn part(&self, name: &str) -> Option<&str> {
        let found = self.parts.iter().find(|(part, _)| *part == name);
        found.and_then(|(_, value)| *value)
    }
}
