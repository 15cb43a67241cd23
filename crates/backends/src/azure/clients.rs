//! The clients of one thread. A pooled connection is driven by the runtime that opened it, so threads
//! share none; nobody outside learns of that.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use azure_core::http::policies::Policy;
use azure_core::http::{ClientOptions, Transport};
use azure_storage_blob::{BlobServiceClient, BlobServiceClientOptions};
use azure_storage_queue::{QueueServiceClient, QueueServiceClientOptions};
use tokio::sync::Semaphore;

use super::blobs::Container;
use super::connector::Connector;
use super::http::{http_client, opening, retry_options};
use super::queue::StorageQueue;
use super::resource::TURNS;
use super::witness::Witness;
use ports::StorageError;

/// The version of the service that is spoken. Emulators trail the crates' own, newer one, and
/// Azure keeps old versions for years.
const VERSION: &str = "2025-11-05";

/// What a thread uses to reach an account: made on its first use there, and gone with the thread.
pub(super) struct Clients {
    pub(super) container: Container,
    pub(super) blob_service: BlobServiceClient,
    queue_service: QueueServiceClient,
    queues: Mutex<HashMap<Arc<str>, Arc<StorageQueue>>>,
    turns: Arc<Semaphore>,
}

thread_local! {
    /// By account, of which a process has one, and tests have many.
    static HERE: RefCell<Vec<(Weak<Connector>, Arc<Clients>)>> = const { RefCell::new(Vec::new()) };
}

impl Clients {
    /// This thread's. Does no I/O but reading the system's root certificates, once.
    ///
    /// # Errors
    ///
    /// Permanent, when there are no root certificates.
    pub(super) fn here(connector: &Arc<Connector>) -> Result<Arc<Self>, StorageError> {
        HERE.with_borrow_mut(|here| {
            let found = here
                .iter()
                .find(|(of, _)| std::ptr::eq(of.as_ptr(), Arc::as_ptr(connector)));
            if let Some((_, clients)) = found {
                return Ok(Arc::clone(clients));
            }
            here.retain(|(of, _)| of.strong_count() > 0);
            let clients = Arc::new(Self::new(connector)?);
            here.push((Arc::downgrade(connector), Arc::clone(&clients)));
            Ok(clients)
        })
    }

    fn new(connector: &Connector) -> Result<Self, StorageError> {
        let services = [&connector.blob_service, &connector.queue_service];
        let http = http_client(services.iter().all(|url| url.scheme() == "http"))?;
        let witness: Arc<dyn Policy> = Arc::new(Witness);
        let client_options = ClientOptions {
            per_try_policies: connector.signing.iter().cloned().chain([witness]).collect(),
            retry: retry_options(),
            transport: Some(Transport::new(Arc::new(http))),
            ..Default::default()
        };
        let blobs = BlobServiceClient::new(
            connector.blob_service.clone(),
            connector.identity.clone(),
            Some(BlobServiceClientOptions {
                client_options: client_options.clone(),
                version: VERSION.to_owned(),
            }),
        );
        let queue_service = QueueServiceClient::new(
            connector.queue_service.clone(),
            connector.identity.clone(),
            Some(QueueServiceClientOptions {
                client_options,
                version: VERSION.to_owned(),
            }),
        )
        .map_err(opening)?;
        let turns = Arc::new(Semaphore::new(TURNS));
        let blob_service = blobs.map_err(opening)?;
        Ok(Self {
            container: Container {
                client: blob_service.blob_container_client(&connector.container),
                turns: Arc::clone(&turns),
            },
            blob_service,
            queue_service,
            queues: Mutex::default(),
            turns,
        })
    }

    /// Another container of the account.
    pub(super) fn container_of(&self, name: &str) -> Container {
        Container {
            client: self.blob_service.blob_container_client(name),
            turns: Arc::clone(&self.turns),
        }
    }

    /// A queue of the account.
    pub(super) fn queue(&self, name: &Arc<str>) -> Result<Arc<StorageQueue>, StorageError> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(name) {
            return Ok(Arc::clone(queue));
        }
        let queue = Arc::new(StorageQueue {
            client: self.queue_service.queue_client(name).map_err(opening)?,
            name: Arc::clone(name),
            turns: Arc::clone(&self.turns),
        });
        queues.insert(Arc::clone(name), Arc::clone(&queue));
        Ok(queue)
    }
}
