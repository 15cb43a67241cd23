//! Azure Storage: task records in a blob container, messages in a storage queue.
//!
//! The only module that knows the storage crates. They have no account keys and no connection
//! strings: `shared_key` signs requests, a SAS travels in the URL, and a managed identity is
//! theirs.

mod account;
mod blobs;
mod clients;
mod connection_string;
mod error;
mod identity;
mod place;
mod queue;
mod queues;
mod shared_key;
mod store;

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::policies::Policy;
use azure_core::http::{ExponentialRetryOptions, RetryOptions, Url};

pub use self::account::{Account, Credential};
use self::clients::Clients;
use self::identity::identity;
use self::place::PLACES;
use self::queues::AzureQueue;
use self::shared_key::SharedKeyPolicy;
use self::store::AzureTasks;
use ports::{Queue, QueueName, Queues, StorageError, TaskStore};

/// The version of the service that is spoken. Emulators trail the crates' own, newer one, and
/// Azure keeps old versions for years.
const VERSION: &str = "2025-11-05";

/// How long connecting may take, with TLS. A lost packet is repeated after one second.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(2500);

/// How long an answer, or its next part, may take to come.
const READ_TIMEOUT: Duration = Duration::from_secs(15);

/// Connections that a thread keeps to each of the two endpoints when it does not need them: what
/// comes in a burst finds most of them. With [`PLACES`] in use it is 128 connections at the most.
const IDLE_CONNECTIONS: usize = PLACES / 2;

const OPENING: &str = "open storage";

/// A storage account: one value for the process, whose clones share it. Each thread makes clients of
/// its own when it first needs them.
#[derive(Clone)]
pub struct Azure(Arc<Connector>);

/// What the clients of all threads share. The managed identity is shared for its token: one request
/// serves all threads.
struct Connector {
    blob_service: Url,
    queue_service: Url,
    container: String,
    signing: Option<Arc<dyn Policy>>,
    identity: Option<Arc<dyn TokenCredential>>,
}

impl Azure {
    /// Takes the account's settings, and makes the clients of this thread, so that one who cannot learns
    /// of it here; does no I/O but reading the system's root certificates.
    ///
    /// # Errors
    ///
    /// Permanent, when an endpoint is not a URL, the platform's identity cannot be used, or there are
    /// no root certificates.
    pub fn new(account: &Account, container: &str) -> Result<Self, StorageError> {
        // Fails when a provider is installed already, which is then as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut connector = Connector {
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
        let azure = Self(Arc::new(connector));
        azure.clients()?;
        Ok(azure)
    }

    /// The task records.
    pub fn tasks(&self) -> Arc<dyn TaskStore> {
        Arc::new(AzureTasks(self.clone()))
    }

    fn clients(&self) -> Result<Arc<Clients>, StorageError> {
        Clients::here(&self.0)
    }
}

impl Queues for Azure {
    fn open(&self, name: &QueueName) -> Arc<dyn Queue> {
        Arc::new(AzureQueue::named(self.clone(), name))
    }

    fn open_dead_letters(&self, name: &QueueName) -> Arc<dyn Queue> {
        Arc::new(AzureQueue::named(self.clone(), name).of_dead_letters())
    }
}

/// Three retries, after 100 to 350, 200 to 450 and 400 to 650 ms; none once two seconds have
/// passed since the first failure. So a refused connection fails within 1.5 seconds, and one that
/// times out is tried twice, for 5.5 seconds in all. A longer `Retry-After` is obeyed.
fn retry_options() -> RetryOptions {
    RetryOptions::exponential(ExponentialRetryOptions {
        // The crate doubles it before the first retry, and adds up to 255 ms.
        initial_delay: azure_core::time::Duration::milliseconds(50),
        max_retries: 3,
        max_delay: azure_core::time::Duration::seconds(2),
        max_total_elapsed: azure_core::time::Duration::seconds(2),
    })
}

/// Makes an HTTP client. Azure is reached through the proxy of the environment, as by all of
/// Azure's tools. Plain http is an emulator or the platform's identity endpoint, which are near:
/// no proxy, and no certificates to read.
fn http_client(plain: bool) -> Result<reqwest::Client, StorageError> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .redirect(reqwest::redirect::Policy::none());
    if plain {
        builder = builder.no_proxy().tls_certs_only([]);
    }
    builder.build().map_err(|error| {
        let cause = format!("no HTTP client: {}", error.without_url());
        StorageError::permanent(OPENING, cause)
    })
}

fn service_url(endpoint: &str) -> Result<Url, StorageError> {
    Url::parse(endpoint)
        .map_err(|_| StorageError::permanent(OPENING, "an endpoint of the account is not a URL"))
}

fn opening(error: azure_core::Error) -> StorageError {
    error::storage_error(OPENING, error)
}
