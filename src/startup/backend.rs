//! Storage, opened, and handed to each thread.

use std::sync::Arc;

use super::error::StartError;
use crate::config::{Config, Storage};
use backends::azure::Connector;
use backends::embedded::Embedded;
use backends::{Counted, Counts};
use engine::Ports;
use ports::{Clock, Queue, StorageError, TaskStore};

/// Storage, opened; gives each thread its handles. A storage client's connections belong to the
/// thread that opened them, so no client is shared between threads.
#[derive(Clone)]
pub(super) struct Backend {
    opened: Opened,
    place: String,
    counts: Arc<Counts>,
}

#[derive(Clone)]
enum Opened {
    Embedded(Embedded),
    Azure(Box<Connector>),
}

impl Backend {
    pub(super) fn open(
        config: &Config,
        clock: Arc<dyn Clock>,
        counts: Arc<Counts>,
    ) -> Result<Self, StartError> {
        match &config.storage {
            Storage::Embedded(folder) => {
                let place = folder.display().to_string();
                let embedded = Embedded::open(folder, &config.queue, clock)?;
                Ok(Self {
                    opened: Opened::Embedded(embedded),
                    place,
                    counts,
                })
            }
            Storage::Azure(account) => {
                let place = format!("{}, {}", account.blob_endpoint, account.queue_endpoint);
                let connector =
                    Connector::new(account, &config.container, &config.queue).map_err(|cause| {
                        StartError::Storage {
                            place: place.clone(),
                            cause,
                        }
                    })?;
                Ok(Self {
                    opened: Opened::Azure(Box::new(connector)),
                    place,
                    counts,
                })
            }
        }
    }

    /// One thread's handles.
    pub(super) fn connect(&self) -> Result<Ports, StartError> {
        let counted = |queue| -> Arc<dyn Queue> { Arc::new(Counted::new(queue, &self.counts)) };
        Ok(match &self.opened {
            Opened::Embedded(embedded) => Ports {
                store: Arc::new(Counted::new(embedded.tasks(), &self.counts)),
                queue: counted(embedded.queue()),
                intake: Arc::new(Counted::new(embedded.intake(), &self.counts)),
                poison_queue: counted(embedded.poison_queue()),
                operations: self.counts.clone(),
            },
            Opened::Azure(connector) => {
                let azure = connector.connect().map_err(|cause| self.error(cause))?;
                let store: Arc<dyn TaskStore> = Arc::new(Counted::new(azure.tasks(), &self.counts));
                let (queue, poison_queue) = (azure.queue(), azure.poison_queue());
                let (queue, poison_queue) = (counted(queue), counted(poison_queue));
                Ports::record_first(store, queue, poison_queue, self.counts.clone())
            }
        })
    }

    /// Returns when storage in this process has broken off; never, when it is elsewhere.
    pub(super) async fn broken_off(&self) {
        match &self.opened {
            Opened::Embedded(embedded) => embedded.broken_off().await,
            Opened::Azure(_) => std::future::pending().await,
        }
    }

    pub(super) fn error(&self, cause: StorageError) -> StartError {
        StartError::Storage {
            place: self.place.clone(),
            cause,
        }
    }
}
