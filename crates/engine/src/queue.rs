//! The queues that tasks go through: the main one, and those that kinds have for themselves. Which of
//! them a kind has is decided here, and nowhere else.
//!
//! A process that knows no such queue, because it is older, sends everything to the main one. So all
//! kinds are worked off there, too, and a message of a kind may be there beside those in its own queue.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use tokio::sync::Notify;

use crate::local::backlog::Backlog;
use crate::local::due_times::DueTimes;
use crate::local::early::Leave;
use crate::local::hosted::Hosted;
use ports::{Clock, Delivery, Queue, QueueName, Queues, StorageError, Timestamp};
use work::{KindName, Kinds, Policy};

/// A queue of tasks and that of its dead letters, with what this process knows of them.
pub(crate) struct TaskQueue {
    pub(crate) name: QueueName,
    pub(crate) is_main: bool,
    pub(crate) messages: Arc<dyn Queue>,
    pub(crate) dead_letters: Arc<dyn Queue>,
    /// How many messages wait in it.
    pub(crate) backlog: Arc<Backlog>,
    /// When what is put off in it becomes due.
    pub(crate) due_times: DueTimes,
    /// Messages of it that are worked on and take no place in hand.
    pub(crate) aside: Arc<AtomicUsize>,
    /// Whether the last look into it has brought all that it could: then more wait there, and come first.
    pub(crate) is_behind: Arc<AtomicBool>,
    /// What a host brings of it.
    pub(crate) hosted: Hosted,
    wake: Notify,
}

impl TaskQueue {
    fn open(queues: &dyn Queues, name: QueueName, is_main: bool) -> Arc<Self> {
        Arc::new(Self {
            messages: queues.open(&name),
            dead_letters: queues.open_dead_letters(&name),
            name,
            is_main,
            backlog: Arc::default(),
            due_times: DueTimes::default(),
            aside: Arc::default(),
            is_behind: Arc::default(),
            hosted: Hosted::default(),
            wake: Notify::new(),
        })
    }

    /// Makes both ready to use: creates what is missing.
    pub(crate) async fn prepare(&self) -> Result<(), StorageError> {
        self.messages.prepare().await?;
        self.dead_letters.prepare().await
    }

    /// A message was sent to it: it is worked on here if this process holds it, and otherwise by whoever
    /// receives it.
    pub(crate) fn sent(&self, leave: Option<Box<Leave>>, held: Option<Box<Delivery>>) {
        match leave.zip(held) {
            Some((leave, held)) => leave.begin(*held),
            None => self.wake(),
        }
    }

    /// Tells whoever empties it here that this process has sent a message.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// A message was sent to it that nobody is to work on before this time.
    pub(crate) fn sent_for(&self, due_at: Timestamp, now: Timestamp) {
        self.backlog.put_off(due_at);
        self.due_times.add(due_at, now);
    }

    /// Returns when this process has sent a message since this last returned, and when one is due.
    pub(crate) async fn woken(&self, clock: &dyn Clock) {
        tokio::select! {
            () = self.wake.notified() => {}
            () = self.due_times.next(clock) => {}
        }
    }
}

/// The queues of a process. Clones are of the same.
#[derive(Clone)]
pub(crate) struct TaskQueues(Arc<Opened>);

struct Opened {
    main: Arc<TaskQueue>,
    further: Vec<Arc<TaskQueue>>,
    of_kinds: HashMap<KindName, Arc<TaskQueue>>,
}

impl TaskQueues {
    /// The main queue has this name, and the others those that the policies of kinds give.
    pub(crate) fn open(queues: &dyn Queues, main: QueueName, kinds: &Kinds) -> Self {
        let main = TaskQueue::open(queues, main, true);
        let mut further: Vec<Arc<TaskQueue>> = Vec::new();
        let mut of_kinds = HashMap::new();
        for kind in kinds.iter() {
            let Some(name) = own(&kind.policy).filter(|name| *name != main.name) else {
                continue;
            };
            let known = further.iter().find(|queue| queue.name == name).cloned();
            let queue = known.unwrap_or_else(|| {
                let queue = TaskQueue::open(queues, name, false);
                further.push(Arc::clone(&queue));
                queue
            });
            of_kinds.insert(kind.name.clone(), queue);
        }
        Self(Arc::new(Opened {
            main,
            further,
            of_kinds,
        }))
    }

    /// Where all messages about tasks of this kind go; the main queue for a kind that is not known here.
    pub(crate) fn of(&self, kind: &str) -> &Arc<TaskQueue> {
        self.0.of_kinds.get(kind).unwrap_or(&self.0.main)
    }

    /// Where messages about tasks of this kind may be, in the order in which they move.
    pub(crate) fn places_of(&self, kind: &str) -> impl Iterator<Item = &Arc<TaskQueue>> {
        [&self.0.main].into_iter().chain(self.0.of_kinds.get(kind))
    }

    /// That of all kinds that have none of their own.
    pub(crate) fn main(&self) -> &Arc<TaskQueue> {
        &self.0.main
    }

    /// The queue of this name, if it is one of them.
    pub(crate) fn named(&self, name: &QueueName) -> Option<&Arc<TaskQueue>> {
        self.all().find(|queue| queue.name == *name)
    }

    /// All of them, the main one first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<TaskQueue>> {
        [&self.0.main].into_iter().chain(&self.0.further)
    }
}

/// The queue that a policy asks for. What is no name of a queue has kept its kind from being registered.
fn own(policy: &Policy) -> Option<QueueName> {
    QueueName::try_from(policy.queue.as_deref()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The two crates have the rule each for itself, and neither knows the other.
        #[test]
        fn a_queue_that_a_kind_may_have_has_a_name(name in "[a-zA-Z0-9_-]{0,5}|[a-z-]{50,60}|[a-z]{1,3}-poison") {
            let policy = Policy::default().queue(&name);
            if policy.checked().is_ok() {
                prop_assert_eq!(own(&policy).map(|own| own.to_string()), Some(name));
            }
        }
    }
}
