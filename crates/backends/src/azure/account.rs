//! Which Azure Storage account to use, and how to prove who we are.

use azure_core::http::Url;

use ports::Secret;

/// A storage account: its two services and the credential for both.
#[derive(Clone, Debug)]
pub struct Account {
    /// Blob service endpoint without a trailing slash, such as
    /// `https://acct.blob.core.windows.net` or `http://127.0.0.1:10000/devstoreaccount1`.
    pub blob_endpoint: String,
    /// Queue service endpoint, the same form. An account of which the blobs alone are used has that of the
    /// blobs here, and nobody asks it for a queue.
    pub queue_endpoint: String,
    /// How requests are authorised.
    pub credential: Credential,
}

/// How requests to the account are authorised.
#[derive(Clone, Debug)]
pub enum Credential {
    /// An account key, base64, signs each request (Shared Key).
    SharedKey {
        /// The account's name.
        account: String,
        /// The account's key.
        key: Secret,
    },
    /// A shared access signature, without `?`, goes into each URL.
    Sas(Secret),
    /// The platform's managed identity; a client id chooses a user-assigned one.
    ManagedIdentity {
        /// Which user-assigned identity; `None` for the system's.
        client_id: Option<String>,
    },
}

impl Account {
    /// Uses the platform's managed identity, with the account told as the Functions host is told:
    /// by `accountName` (Azure's public cloud), or by `blobServiceUri` and `queueServiceUri`, which
    /// win when all are given. It is the only identity we support, so `credential` need not say so.
    ///
    /// # Errors
    ///
    /// One sentence that names the setting that is missing or wrong.
    pub fn from_identity(
        account_name: Option<&str>,
        blob_uri: Option<&str>,
        queue_uri: Option<&str>,
        client_id: Option<String>,
    ) -> Result<Self, String> {
        let (blob_endpoint, queue_endpoint) = match (blob_uri, queue_uri, account_name) {
            (Some(blob), Some(queue), _) => (
                secure_endpoint("blobServiceUri", blob)?,
                secure_endpoint("queueServiceUri", queue)?,
            ),
            (Some(_), None, _) => return Err("queueServiceUri is missing".to_owned()),
            (None, Some(_), _) => return Err("blobServiceUri is missing".to_owned()),
            (None, None, Some(name)) => {
                let name = account_name_of("accountName", name)?;
                (
                    format!("https://{name}.blob.core.windows.net"),
                    format!("https://{name}.queue.core.windows.net"),
                )
            }
            (None, None, None) => {
                return Err(
                    "accountName is missing, or blobServiceUri and queueServiceUri".to_owned(),
                );
            }
        };
        Ok(Self {
            blob_endpoint,
            queue_endpoint,
            credential: Credential::ManagedIdentity { client_id },
        })
    }
}

impl Account {
    /// As [`from_identity`](Self::from_identity), for an account of which the blobs alone are used.
    ///
    /// # Errors
    ///
    /// One sentence that names the setting that is missing or wrong.
    pub fn of_blobs_from_identity(
        account_name: Option<&str>,
        blob_uri: Option<&str>,
        client_id: Option<String>,
    ) -> Result<Self, String> {
        if account_name.is_none() && blob_uri.is_none() {
            return Err("accountName is missing, or blobServiceUri".to_owned());
        }
        Self::from_identity(account_name, blob_uri, blob_uri, client_id)
    }
}

/// What a part of a host name may have, in characters.
const LONGEST_NAME: usize = 63;

/// Takes an account's name, which becomes part of a host name and of every signature.
pub(super) fn account_name_of(setting: &str, text: &str) -> Result<String, String> {
    let text = text.trim();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(1..=LONGEST_NAME).contains(&text.len()) || !text.chars().all(allowed) {
        return Err(format!(
            "{setting} may only have up to {LONGEST_NAME} lower-case letters, digits and hyphens"
        ));
    }
    Ok(text.to_owned())
}

/// Takes the name of an account whose endpoints are given, which need not be one of Azure's: an
/// emulator takes underscores and capitals as well.
pub(super) fn emulator_name_of(setting: &str, text: &str) -> Result<String, String> {
    let text = text.trim();
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !(1..=LONGEST_NAME).contains(&text.len()) || !text.chars().all(allowed) {
        return Err(format!(
            "{setting} may only have up to {LONGEST_NAME} letters, digits, hyphens and underscores"
        ));
    }
    Ok(text.to_owned())
}

/// Takes a service's URL, and gives it without the trailing slash.
pub(super) fn endpoint(setting: &str, text: &str) -> Result<String, String> {
    let url = service_url(setting, text)?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Takes a URL to which the path of a container or a queue can be appended.
pub(super) fn service_url(setting: &str, text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|_| format!("{setting} is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(format!("{setting} is not an http or https URL"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!(
            "{setting} must end with its path; a SAS belongs in SharedAccessSignature"
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("{setting} must not have a user or a password"));
    }
    Ok(url)
}

/// An endpoint that may be sent a token: never over plain http.
fn secure_endpoint(setting: &str, text: &str) -> Result<String, String> {
    let url = endpoint(setting, text)?;
    if !url.starts_with("https:") {
        return Err(format!(
            "{setting} must be https: a managed identity's token is not sent over http"
        ));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: Option<&str>, blob: Option<&str>, queue: Option<&str>) -> String {
        Account::from_identity(name, blob, queue, None).unwrap_err()
    }

    #[test]
    fn an_account_name_gives_the_public_endpoints() {
        let account = Account::from_identity(Some("acct"), None, None, None).unwrap();
        assert_eq!(account.blob_endpoint, "https://acct.blob.core.windows.net");
        assert_eq!(
            account.queue_endpoint,
            "https://acct.queue.core.windows.net"
        );
    }

    #[test]
    fn service_uris_win_over_the_account_name() {
        let account = Account::from_identity(
            Some("acct"),
            Some("https://b.example/"),
            Some("https://q.example/"),
            Some("id".to_owned()),
        )
        .unwrap();
        assert_eq!(account.blob_endpoint, "https://b.example");
        assert_eq!(account.queue_endpoint, "https://q.example");
        assert!(matches!(
            account.credential,
            Credential::ManagedIdentity { client_id: Some(id) } if id == "id"
        ));
    }

    #[test]
    fn a_missing_or_wrong_identity_setting_is_named() {
        let blob = Some("https://b.example");
        assert_eq!(refused(None, blob, None), "queueServiceUri is missing");
        assert_eq!(refused(None, None, blob), "blobServiceUri is missing");
        assert!(refused(None, None, None).contains("accountName"));
        assert!(refused(Some("no/such"), None, None).contains("accountName"));
        assert!(refused(None, Some("http://b.example"), blob).contains("must be https"));
        assert!(refused(None, blob, Some("queue")).contains("queueServiceUri"));
    }
}
