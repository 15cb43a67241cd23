//! The queue that tasks go through: under its name, for what is written with a record, and opened.

use std::sync::Arc;

use ports::{Queue, QueueName, Queues, StorageError};

/// A queue of tasks, and that of its dead letters.
#[derive(Clone)]
pub struct TaskQueue {
    pub(crate) name: QueueName,
    pub(crate) messages: Arc<dyn Queue>,
    pub(crate) dead_letters: Arc<dyn Queue>,
}

impl TaskQueue {
    /// The queue of this name among these.
    pub fn open(queues: &dyn Queues, name: QueueName) -> Self {
        Self {
            messages: queues.open(&name),
            dead_letters: queues.open_dead_letters(&name),
            name,
        }
    }

    /// Makes both ready to use: creates what is missing.
    pub async fn prepare(&self) -> Result<(), StorageError> {
        self.messages.prepare().await?;
        self.dead_letters.prepare().await
    }
}
