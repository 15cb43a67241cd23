//! The queues of tasks and of dead letters, as an operator looks at them: what comes next, and how many wait.
//! Nothing is taken out here: a message that somebody takes is an attempt less for its task.

use crate::tasks::service::Tasks;
use ports::{Queue, QueueName, QueuedMessage, StorageError};

/// One of these queues.
pub struct Glimpse<'a>(&'a dyn Queue);

impl Tasks {
    /// The names of these queues: each of tasks, and behind it that of its dead letters.
    pub fn queue_names(&self) -> impl Iterator<Item = String> {
        let names = self.parts.queues.all().map(|queue| &queue.name);
        names.flat_map(|name| [name.to_string(), dead_letters_of(name)])
    }

    /// The queue of this name, if it is one of them.
    pub fn glimpse(&self, name: &str) -> Option<Glimpse<'_>> {
        self.parts.queues.all().find_map(|queue| {
            if queue.name.as_str() == name {
                Some(Glimpse(&*queue.messages))
            } else {
                let is_meant = dead_letters_of(&queue.name) == name;
                is_meant.then(|| Glimpse(&*queue.dead_letters))
            }
        })
    }
}

impl Glimpse<'_> {
    /// Up to `max` (1 to 32) visible messages, those that come next.
    pub async fn peek(&self, max: u32) -> Result<Vec<QueuedMessage>, StorageError> {
        self.0.peek(max).await
    }

    /// How many messages there are, hidden ones included; approximate. `None` when the queue cannot tell.
    pub async fn length(&self) -> Result<Option<u64>, StorageError> {
        self.0.length().await
    }
}

/// As the backends name it.
fn dead_letters_of(name: &QueueName) -> String {
    [name.as_str(), QueueName::DEAD_LETTERS].concat()
}
