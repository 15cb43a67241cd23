//! Storage, opened: one value for the whole process, counted.

use std::sync::Arc;

use super::error::StartError;
use crate::config::{Config, Storage};
use backends::azure::Azure;
use backends::embedded::Embedded;
use backends::{Counted, Counts};
use engine::Ports;
use ports::{Clock, Queues, StorageError};

/// What all parts use of storage; clones share it.
#[derive(Clone)]
pub(super) struct Backend {
    pub(super) ports: Ports,
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
        let counted = |store, queues: Arc<dyn Queues>, embedded, location| Self {
            ports: Ports {
                store: Arc::new(Counted::new(store, counts)),
                queues: Arc::new(Counted::new(queues, counts)),
                queue: config.queue.clone(),
                storage_calls: counts.clone(),
            },
            embedded,
            location,
        };
        match &config.storage {
            Storage::Embedded(folder) => {
                let location = folder.display().to_string();
                let embedded = Embedded::open(folder, clock)?;
                let queues = Arc::new(embedded.clone());
                Ok(counted(embedded.tasks(), queues, Some(embedded), location))
            }
            Storage::Azure(account) => {
                let location = format!("{}, {}", account.blob_endpoint, account.queue_endpoint);
                match Azure::new(account, &config.container) {
                    Ok(azure) => Ok(counted(azure.tasks(), Arc::new(azure), None, location)),
                    Err(cause) => Err(StartError::Storage { location, cause }),
                }
            }
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
