//! Storage, opened, and handed to each thread.

use std::sync::Arc;

use super::StartError;
use crate::backends::azure::Connector;
use crate::backends::embedded::Embedded;
use crate::config::{Config, Storage};
use crate::ports::{Clock, Queue, StorageError, TaskStore};

/// One thread's handles on storage.
pub(super) struct Ports {
    pub(super) store: Arc<dyn TaskStore>,
    pub(super) queue: Arc<dyn Queue>,
    pub(super) poison_queue: Arc<dyn Queue>,
}

/// Storage, opened; gives each thread its handles. A storage client's connections belong to the
/// thread that opened them, so no client is shared between threads.
#[derive(Clone)]
pub(super) enum Backend {
    Embedded(Embedded),
    Azure {
        connector: Box<Connector>,
        place: String,
    },
}

impl Backend {
    pub(super) fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        match &config.storage {
            Storage::Embedded(folder) => Ok(Self::Embedded(Embedded::open(
                folder,
                &config.queue,
                clock,
            )?)),
            Storage::Azure(account) => {
                let place = format!("{}, {}", account.blob_endpoint, account.queue_endpoint);
                let connector =
                    Connector::new(account, &config.container, &config.queue).map_err(|cause| {
                        StartError::Azure {
                            place: place.clone(),
                            cause,
                        }
                    })?;
                Ok(Self::Azure {
                    connector: Box::new(connector),
                    place,
                })
            }
        }
    }

    pub(super) fn connect(&self) -> Result<Ports, StartError> {
        match self {
            Self::Embedded(embedded) => Ok(Ports {
                store: embedded.tasks(),
                queue: embedded.queue(),
                poison_queue: embedded.poison_queue(),
            }),
            Self::Azure { connector, .. } => {
                let azure = connector.connect().map_err(|cause| self.error(cause))?;
                Ok(Ports {
                    store: azure.tasks(),
                    queue: azure.queue(),
                    poison_queue: azure.poison_queue(),
                })
            }
        }
    }

    pub(super) fn error(&self, cause: StorageError) -> StartError {
        let place = match self {
            Self::Embedded(_) => "embedded".to_owned(),
            Self::Azure { place, .. } => place.clone(),
        };
        StartError::Azure { place, cause }
    }
}
