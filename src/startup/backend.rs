//! Storage, opened: one value for the whole process, counted.

use std::sync::Arc;

use super::error::StartError;
use crate::api::OwnQueue;
use crate::config::{Config, Storage};
use backends::azure::Azure;
use backends::embedded::Embedded;
use backends::{Counted, Counts};
use engine::Ports;
use ports::{Clock, Files, QueueName, Queues, RawQueues, StorageError};

/// The files of kinds, if they are kept in an account of their own.
fn files_elsewhere(config: &Config) -> Result<Option<Arc<dyn Files>>, StartError> {
    let Some(account) = &config.files.account else {
        return Ok(None);
    };
    match Azure::files_of(account, &config.files.container) {
        Ok(files) => Ok(Some(files)),
        Err(cause) => Err(StartError::Storage {
            location: account.blob_endpoint.clone(),
            cause,
        }),
    }
}

/// What all parts use of storage; clones share it.
#[derive(Clone)]
pub(super) struct Backend {
    pub(super) ports: Ports,
    /// Where a queue of clients' own messages is opened.
    raw_queues: Arc<dyn RawQueues>,
    /// In this process.
    embedded: Option<Embedded>,
    location: String,
}

impl Backend {
    /// Opens the embedded store, or makes the first clients of a storage account; does no I/O to an
    /// account.
    ///
    /// # Errors
    ///
    /// When the folder cannot be used, or no client of the account can be made.
    pub(super) fn open(
        config: &Config,
        clock: Arc<dyn Clock>,
        counts: &Arc<Counts>,
    ) -> Result<Self, StartError> {
        let counted =
            |(store, tallies), queues: Arc<dyn Queues>, raw_queues, files, embedded, location| {
                Self {
                    ports: Ports {
                        store: Arc::new(Counted::new(store, counts)),
                        tallies: Arc::new(Counted::new(tallies, counts)),
                        queues: Arc::new(Counted::new(queues, counts)),
                        queue: config.queue.clone(),
                        files: Some(Arc::new(Counted::<dyn Files>::new(files, counts))),
                        storage_calls: counts.clone(),
                    },
                    raw_queues: Arc::new(Counted::<dyn RawQueues>::new(raw_queues, counts)),
                    embedded,
                    location,
                }
            };
        let files = files_elsewhere(config)?;
        match &config.storage {
            Storage::Embedded(folder) => {
                let location = folder.display().to_string();
                let embedded = Embedded::open(folder, clock)?;
                let queues = Arc::new(embedded.clone());
                let raw_queues = queues.clone();
                Ok(counted(
                    (embedded.tasks(), embedded.tallies()),
                    queues,
                    raw_queues,
                    files.unwrap_or_else(|| embedded.files()),
                    Some(embedded),
                    location,
                ))
            }
            Storage::Azure(account) => {
                let location = format!("{}, {}", account.blob_endpoint, account.queue_endpoint);
                match Azure::new(account, &config.container) {
                    Ok(azure) => {
                        let queues = Arc::new(azure.clone());
                        let raw_queues = queues.clone();
                        let files = files.unwrap_or_else(|| azure.files(&config.files.container));
                        let stores = (azure.tasks(), azure.tallies());
                        Ok(counted(stores, queues, raw_queues, files, None, location))
                    }
                    Err(cause) => Err(StartError::Storage { location, cause }),
                }
            }
        }
    }

    /// Opens the queue of clients' own messages.
    pub(super) fn raw_queue(&self, name: &QueueName) -> OwnQueue {
        OwnQueue {
            name: name.clone(),
            messages: self.raw_queues.open_raw(name),
        }
    }

    /// Returns when storage in this process has broken off; never, when it is elsewhere.
    pub(super) async fn broken_off(&self) {
        match &self.embedded {
            Some(embedded) => embedded.broken_off().await,
            None => std::future::pending().await,
        }
    }

    pub(super) fn error(&self, cause: StorageError) -> StartError {
        StartError::Storage {
            location: self.location.clone(),
            cause,
        }
    }
}
