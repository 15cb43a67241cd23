//! What it takes to reach an account, for the clients of each thread.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::Url;
use azure_core::http::policies::Policy;

use super::account::{Account, Credential};
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
}

impl Connector {
    /// Takes the account's settings; does no I/O.
    ///
    /// # Errors
    ///
    /// Permanent, when an endpoint is not a URL, or the platform's identity cannot be used.
    pub(super) fn new(account: &Account, container: &str) -> Result<Self, StorageError> {
        let mut connector = Self {
            blob_service: service_url(&account.blob_endpoint)?,
            queue_service: service_url(&account.queue_endpoint)?,
            container: container.to_owned(),
            signing: None,
            identity: None,
        };
        match &account.credential {
            Credential::SharedKey { account, key } => {
                connector.signing = Some(Arc::new(SharedKeyPolicy::new(account, key.expose())));
            }
            Credential::Sas(sas) => {
                // A `+` that was not encoded is one of the signature's: no field has a space.
                let query = sas.expose().replace('+', "%2B");
                connector.blob_service.set_query(Some(&query));
                connector.queue_service.set_query(Some(&query));
            }
            Credential::ManagedIdentity { client_id } => {
                connector.identity = Some(identity(client_id.as_deref())?);
            }
        }
        Ok(connector)
    }
}

fn service_url(endpoint: &str) -> Result<Url, StorageError> {
    Url::parse(endpoint)
        .map_err(|_| StorageError::permanent(OPENING, "an endpoint of the account is not a URL"))
}
