//! What it takes to reach an account, for the clients of each thread.

use std::sync::Arc;

use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::Url;
use azure_core::http::policies::Policy;

use super::account::{Account, Credential};
use super::delegated_key::DelegatedKey;
use super::http::OPENING;
use super::identity::identity;
use super::shared_key::SharedKeyPolicy;
use ports::StorageError;

/// What the clients of all threads share. The managed identity is shared for its token: one request
/// serves all threads.
pub(super) struct Connector {
    pub(super) blob_service: Url,
    pub(super) queue_service: Url,
    pub(super) container: String,
    pub(super) signing: Option<Arc<dyn Policy>>,
    pub(super) identity: Option<Arc<dyn TokenCredential>>,
    pub(super) signer: Signer,
}

/// Who signs links to blobs.
pub(super) enum Signer {
    /// The account's key.
    Key { account: String, key: Secret },
    /// A key that the service gives to our identity.
    Identity { account: String, key: DelegatedKey },
    /// Nobody can.
    Nobody,
}

impl Signer {
    /// Who signs for an identity: the name of the account is the first one of its host; an emulator has it as
    /// the first one of the path.
    pub(super) fn of_identity(blob_service: &Url) -> Self {
        let in_path = blob_service.path().split('/').nth(1).unwrap_or_default();
        let host = blob_service.host_str().unwrap_or_default();
        let account = match in_path {
            "" => host.split('.').next().unwrap_or_default(),
            in_path => in_path,
        };
        Self::Identity {
            account: account.to_owned(),
            key: DelegatedKey::default(),
        }
    }
}

impl Connector {
    /// Takes the account's settings; does no I/O.
    ///
    /// # Errors
    ///
    /// Permanent, when an endpoint is not a URL, or the platform's identity cannot be used.
    pub(super) fn new(account: &Account, container: &str) -> Result<Self, StorageError> {
        // Fails when a provider is installed already, which is then as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut connector = Self {
            blob_service: service_url(&account.blob_endpoint)?,
            queue_service: service_url(&account.queue_endpoint)?,
            container: container.to_owned(),
            signing: None,
            identity: None,
            signer: Signer::Nobody,
        };
        match &account.credential {
            Credential::SharedKey { account, key } => {
                connector.signing = Some(Arc::new(SharedKeyPolicy::new(account, key.expose())));
                connector.signer = Signer::Key {
                    account: account.clone(),
                    key: Secret::new(key.expose().to_owned()),
                };
            }
            Credential::Sas(sas) => {
                // A `+` that was not encoded is one of the signature's: no field has a space.
                let query = sas.expose().replace('+', "%2B");
                connector.blob_service.set_query(Some(&query));
                connector.queue_service.set_query(Some(&query));
            }
            Credential::ManagedIdentity { client_id } => {
                connector.identity = Some(identity(client_id.as_deref())?);
                connector.signer = Signer::of_identity(&connector.blob_service);
            }
        }
        Ok(connector)
    }
}

fn service_url(endpoint: &str) -> Result<Url, StorageError> {
    Url::parse(endpoint)
        .map_err(|_| StorageError::permanent(OPENING, "an endpoint of the account is not a URL"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identitys_account_is_the_first_name_of_its_host_or_of_an_emulators_path() {
        for url in [
            "https://acct.blob.core.windows.net",
            "https://acct.blob.core.windows.net/",
            "https://acct.privatelink.blob.core.windows.net",
            "https://127.0.0.1:10000/acct",
            "https://127.0.0.1:10000/acct/",
        ] {
            let signer = Signer::of_identity(&Url::parse(url).unwrap());
            let is_it = matches!(signer, Signer::Identity { account, .. } if account == "acct");
            assert!(is_it, "{url}");
        }
    }
}
