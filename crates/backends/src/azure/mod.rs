//! Azure Storage: task records and tallies in a blob container, messages in a storage queue, files of kinds in
//! a container of their own.
//!
//! The only module that knows the storage crates. They have no account keys and no connection
//! strings: `shared_key` signs requests, a SAS travels in the URL, and a managed identity is
//! theirs.

mod account;
mod blobs;
mod clients;
mod connection_string;
mod connector;
mod delegated_key;
mod error;
mod files;
mod http;
mod identity;
mod link;
mod listing;
mod queue;
mod queues;
mod raw_queue;
mod resource;
mod shared_key;
mod store;
mod tallies;
mod witness;

use std::sync::Arc;

pub use self::account::{Account, Credential};
use self::clients::Clients;
use self::connector::Connector;
use self::files::AzureFiles;
use self::queues::AzureQueue;
use self::store::AzureTasks;
use self::tallies::AzureTallies;
use ports::{
    Files, Queue, QueueName, Queues, RawQueue, RawQueues, StorageError, Tallies, TaskStore,
};

/// A storage account: one value for the process, whose clones share it. Each thread makes clients of
/// its own when it first needs them.
#[derive(Clone)]
pub struct Azure(Arc<Connector>);

impl Azure {
    /// Takes the account's settings, and makes the clients of this thread, so that one who cannot learns
    /// of it here; does no I/O but reading the system's root certificates.
    ///
    /// # Errors
    ///
    /// Permanent, when an endpoint is not a URL, the platform's identity cannot be used, or there are
    /// no root certificates.
    pub fn new(account: &Account, container: &str) -> Result<Self, StorageError> {
        let connector = Arc::new(Connector::new(account, container)?);
        Clients::here(&connector)?;
        Ok(Self(connector))
    }

    /// The task records.
    pub fn tasks(&self) -> Arc<dyn TaskStore> {
        Arc::new(AzureTasks(Arc::clone(&self.0)))
    }

    /// The tallies.
    pub fn tallies(&self) -> Arc<dyn Tallies> {
        Arc::new(AzureTallies(Arc::clone(&self.0)))
    }

    /// The files of kinds, in this container of the account.
    pub fn files(&self, container: &str) -> Arc<dyn Files> {
        Arc::new(AzureFiles::new(Arc::clone(&self.0), container))
    }

    /// The files of kinds, in this container of an account that is used for nothing else. Its clients are
    /// made when somebody asks for a file.
    ///
    /// # Errors
    ///
    /// Permanent, when an endpoint is not a URL, or the platform's identity cannot be used.
    pub fn files_of(account: &Account, container: &str) -> Result<Arc<dyn Files>, StorageError> {
        let connector = Arc::new(Connector::new(account, container)?);
        Ok(Arc::new(AzureFiles::new(connector, container)))
    }
}

impl Queues for Azure {
    fn open(&self, name: &QueueName) -> Arc<dyn Queue> {
        Arc::new(AzureQueue::named(Arc::clone(&self.0), name))
    }

    fn open_dead_letters(&self, name: &QueueName) -> Arc<dyn Queue> {
        Arc::new(AzureQueue::named(Arc::clone(&self.0), name).of_dead_letters())
    }
}

impl RawQueues for Azure {
    fn open_raw(&self, name: &QueueName) -> Arc<dyn RawQueue> {
        Arc::new(AzureQueue::named(Arc::clone(&self.0), name))
    }
}
