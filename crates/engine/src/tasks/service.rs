//! The tasks, as their clients see them. What can be asked is in the files beside this one.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::local::consumed::Consumed;
use crate::local::early::EarlyStarts;
use crate::local::endings::Endings;
use crate::local::looks::{Looks, LooksAtTasks};
use crate::local::running::Running;
use crate::local::stop::Stop;
use crate::local::sync::Mutex;
use crate::model::id::TaskId;
use crate::model::start::left;
use crate::queue::TaskQueues;
use crate::records::kept_key::{KeptKey, Signing};
use crate::records::{RecordError, Records, Shown, Versioned};
use crate::settings::Settings;
use crate::tasks::listing::descent::Hints;
use ports::{Clock, StorageCalls, StorageError, TaskStore, Timestamp};
use work::Kinds;

/// What clients can ask for: submit, look, wait, consume, cancel, delete, retry, list. Knows records and
/// queues, not HTTP.
#[derive(Clone)]
pub struct Tasks {
    pub(super) parts: Arc<Parts>,
}

/// What it takes to answer.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn TaskStore>,
    pub(crate) records: Records,
    pub(crate) queues: TaskQueues,
    pub(crate) storage_calls: Arc<dyn StorageCalls>,
    pub(crate) kinds: Arc<Kinds>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) stop: Stop,
    pub(crate) consumed: Arc<Consumed>,
    pub(crate) endings: Endings,
    /// Attempts under way.
    pub(crate) running: Arc<Running>,
    /// What begins where it was accepted.
    pub(crate) early: Arc<EarlyStarts>,
    /// What the listings before know of when tasks were made.
    pub(crate) list_hints: Arc<Mutex<Hints>>,
    pub(crate) shared: Arc<Shared>,
}

/// The looks that clients share.
#[derive(Default)]
pub(crate) struct Shared {
    /// Whether somebody is about to do what rules say, and whose turn that is.
    pub(super) due_soon: AtomicBool,
    pub(super) due_turn: tokio::sync::Mutex<()>,
    ids_key: IdsKey,
    pub(super) at_storage: Looks<Result<(), StorageError>>,
    pub(super) found: LooksAtTasks<Result<Option<Versioned>, RecordError>>,
    pub(super) shown: LooksAtTasks<Result<Option<Shown>, RecordError>>,
}

/// A key that is kept where there are tasks whose ids are made of what they do.
struct IdsKey(KeptKey);

impl Default for IdsKey {
    /// Those of rules were there first, and are to stay the same.
    fn default() -> Self {
        Self(KeptKey::new("rules-key"))
    }
}

impl Tasks {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            parts: Arc::new(parts),
        }
    }

    /// An id for a task that is about to be submitted.
    pub fn new_id(&self) -> TaskId {
        TaskId::new(self.parts.clock.now())
    }

    /// What the ids of tasks are made with that are made of what these do: a secret of all processes.
    pub(super) async fn ids_key(&self) -> Result<Signing, StorageError> {
        let IdsKey(key) = &self.parts.shared.ids_key;
        key.signing(&*self.parts.store, self.parts.clock.now())
            .await
    }

    /// Seconds after which a client should ask again for a task of this kind, which may not begin before a time.
    pub fn retry_after(&self, kind: &str, due_at: Option<Timestamp>) -> u64 {
        let Parts {
            queues,
            clock,
            endings,
            settings,
            ..
        } = &*self.parts;
        let now = clock.now();
        let waiting = queues.of(kind).backlog.waiting(now);
        let (left, estimate) = (left(due_at, now), &endings.estimate);
        estimate.retry_after(kind, waiting, settings.concurrency, left)
    }

    /// Whether the process was told to stop, and takes no new work.
    pub fn is_stopping(&self) -> bool {
        self.parts.stop.stopping.is_cancelled()
    }
}
