//! A storage account: its connection string and the SAS made from its key.

use std::time::Duration;

use azure_core::credentials::Secret;
use azure_core::hmac::hmac_sha256;
use azure_core::http::Url;
use time::OffsetDateTime;
use time::macros::format_description;

/// The service version of requests and SAS.
pub(crate) const VERSION: &str = "2021-12-02";
/// What `UseDevelopmentStorage=true` stands for. The key is published and opens nothing.
const DEVELOPMENT: &str = "AccountName=devstoreaccount1;\
    AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;\
    QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1";

/// What the queue trigger needs to know of an account.
pub(crate) struct StorageAccount {
    /// Without a slash at the end.
    pub(crate) queue_endpoint: String,
    name: String,
    key: Secret,
}

impl StorageAccount {
    /// Reads a connection string with name, key and queue endpoint.
    pub(crate) fn parse(connection_string: &str) -> Result<Self, String> {
        let text = match connection_string.trim_end_matches(';') {
            "UseDevelopmentStorage=true" => DEVELOPMENT,
            text => text,
        };
        let part = |key: &str| {
            let mut parts = text.split(';').filter_map(|part| part.split_once('='));
            parts
                .find(|(name, _)| name.trim() == key)
                .map(|(_, value)| value.to_owned())
                .ok_or_else(|| format!("connection string without {key}"))
        };
        Ok(Self {
            queue_endpoint: part("QueueEndpoint")?.trim_end_matches('/').to_owned(),
            name: part("AccountName")?,
            key: Secret::new(part("AccountKey")?),
        })
    }

    /// An account SAS for the queue service that outlasts any test run.
    pub(crate) fn sas(&self) -> Result<String, String> {
        let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
        let expiry = (OffsetDateTime::now_utc() + Duration::from_secs(24 * 3600))
            .format(&format)
            .map_err(|error| error.to_string())?;
        let (permissions, services, types) = ("rwdlacup", "q", "sco");
        // The last two fields, IP range and start, are empty; so is the encryption scope at the end.
        let to_sign = format!(
            "{}\n{permissions}\n{services}\n{types}\n\n{expiry}\n\nhttps,http\n{VERSION}\n\n",
            self.name
        );
        let signature = hmac_sha256(&to_sign, &self.key).map_err(|e| e.to_string())?;
        Ok(format!(
            "sv={VERSION}&ss={services}&srt={types}&sp={permissions}&se={}&spr=https,http&sig={}",
            quote(&expiry),
            quote(&signature)
        ))
    }
}

/// Percent-encodes a query value.
pub(crate) fn quote(value: &str) -> String {
    let mut url = Url::parse("http://quote/").expect("a URL");
    url.query_pairs_mut().append_key_only(value);
    url.query().unwrap_or("").to_owned()
}
