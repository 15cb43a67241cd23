//! Replaying and deleting many dead letters, as tasks: of kinds that come with the engine and that no client can
//! submit. What is done is no longer listed, so an attempt that comes after one that broke off goes on there, and
//! counts on.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use serde_json::value::to_raw_value;

use super::counting::Counting;
use super::{DeadLetter, LetterFilter};
use crate::limits::{BULK_COUNT_CALLS, SHORTEST_LATER, WALK_CONCURRENCY};
use crate::model::task::TaskRecord;
use crate::tasks::listing::ListError;
use crate::tasks::service::{Parts, Tasks};
use crate::tasks::submit::{Submission, SubmitError};
use work::schemars::{self, JsonSchema};
use work::{Context, Failure, Kind, KindName, Kinds, Policy, WithoutSchema, any};

/// What a page may take. An attempt that has less left goes on as another one, which does not count.
const PAGE_TIME: Duration = Duration::from_secs(60);

/// What is done to many dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bulk {
    /// They run again.
    Replay,
    /// They are deleted for good.
    Delete,
}

impl Bulk {
    /// Both.
    const ALL: [Self; 2] = [Self::Replay, Self::Delete];

    /// What the kind is called behind the sign of those that come with the engine.
    fn name(self) -> &'static str {
        match self {
            Self::Replay => "replay-dead-letters",
            Self::Delete => "delete-dead-letters",
        }
    }

    /// Whether a kind does the one or the other.
    pub(super) fn is_kind(kind: &str) -> bool {
        let name = kind.strip_prefix('_');
        Self::ALL.iter().any(|bulk| name == Some(bulk.name()))
    }

    /// Which letters are meant by a filter: who wants all to run again does not mean what was once done to many,
    /// unless it is asked for by its kind.
    fn meant(self, filter: LetterFilter) -> LetterFilter {
        LetterFilter {
            spares_bulk: self == Self::Replay && filter.kind.is_none(),
            ..filter
        }
    }
}

/// The tasks that the kinds work on, once there are any: the kinds are among their parts, and must not keep
/// them alive.
#[derive(Clone, Default)]
pub(crate) struct Late(Arc<OnceLock<Weak<Parts>>>);

impl Late {
    /// These kinds and those that come with the engine.
    pub(crate) fn add(&self, kinds: Kinds) -> Kinds {
        Bulk::ALL.into_iter().fold(kinds, |kinds, bulk| {
            let tasks = self.clone();
            let kind = any::of(BulkKind { bulk, tasks });
            kinds.with_internal(bulk.name(), kind, Policy::default())
        })
    }

    /// Lets the kinds begin.
    pub(crate) fn set(&self, tasks: &Tasks) {
        // Of two the first would count, and there is one.
        drop(self.0.set(Arc::downgrade(&tasks.parts)));
    }

    /// The tasks, unless the process is not ready, or not any more.
    pub(super) fn ready(&self) -> Result<Tasks, Failure> {
        let parts = self.0.get().and_then(Weak::upgrade);
        parts.map(|parts| Tasks { parts }).ok_or_else(|| {
            Failure::transient("Stopping", "the process is not ready, or not any more")
        })
    }
}

/// Does the one or the other.
struct BulkKind {
    bulk: Bulk,
    tasks: Late,
}

/// What all attempts did together, and what the last one could not.
#[derive(Serialize, JsonSchema)]
struct Done {
    /// Dead letters that run again.
    #[serde(skip_serializing_if = "Option::is_none")]
    replayed: Option<usize>,
    /// Dead letters that are deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<usize>,
    /// Dead letters that stay as they are.
    failed: usize,
}

impl Kind for BulkKind {
    type Input = WithoutSchema<LetterFilter>;
    type Output = Done;

    async fn run(&self, input: Self::Input, cx: &Context) -> Result<Done, Failure> {
        let WithoutSchema(filter) = input;
        let tasks = self.tasks.ready()?;
        let mut counting = Counting::begin(&tasks, cx).await?;
        // Too many to be counted are done without a percentage.
        let left = tasks.count_at_sight(&filter, BULK_COUNT_CALLS).await?;
        let total = left.map(|left| counting.done() + left);
        let (mut failed, mut position) = (0, None);
        loop {
            cx.check_stop()?;
            if cx.time_left() < PAGE_TIME {
                return Err(Failure::later(SHORTEST_LATER));
            }
            let page = tasks
                .dead_letters(&filter, WALK_CONCURRENCY, position.as_ref())
                .await?;
            if !page.letters.is_empty() {
                counting.next(&page.letters).await?;
            }
            let each = page.letters.iter().map(|letter| self.one(&tasks, letter));
            for one in join_all(each).await {
                match one? {
                    true => counting.one_is_done(),
                    false => failed += 1,
                }
            }
            if let Some(total) = total {
                let percent = (counting.done() + failed) * 100 / total.max(1);
                cx.report_percent(u8::try_from(percent).map_or(100, |percent| percent.min(100)));
            }
            match page.next {
                Some(next) => position = Some(next),
                None => break,
            }
        }
        let done = counting.done();
        let is_replay = self.bulk == Bulk::Replay;
        Ok(Done {
            replayed: is_replay.then_some(done),
            deleted: (!is_replay).then_some(done),
            failed,
        })
    }
}

impl BulkKind {
    /// Whether it could be done; an error when trying again may help.
    async fn one(&self, tasks: &Tasks, letter: &DeadLetter) -> Result<bool, SubmitError> {
        let done = match self.bulk {
            Bulk::Replay => tasks.replay_letter(letter).await.map(|it| it.is_done()),
            Bulk::Delete => tasks.discard(letter).await,
        };
        match done {
            Ok(done) => Ok(done),
            Err(SubmitError::Storage(error)) if !error.is_transient() => Ok(false),
            Err(SubmitError::Unreadable(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Tasks {
    /// To how many dead letters this would be done.
    ///
    /// # Errors
    ///
    /// As of [`dead_letters`](Self::dead_letters).
    pub async fn count_bulk(&self, bulk: Bulk, filter: LetterFilter) -> Result<usize, ListError> {
        self.count_dead_letters(&bulk.meant(filter)).await
    }

    /// Accepts the task that does this to all dead letters which the filter takes, and which have failed by
    /// now: what fails again meanwhile is not done twice.
    ///
    /// # Errors
    ///
    /// As of a [submission](Tasks::submit).
    pub async fn submit_bulk(
        &self,
        bulk: Bulk,
        filter: LetterFilter,
    ) -> Result<TaskRecord, SubmitError> {
        let now = self.parts.clock.now();
        let next = now + Duration::from_millis(1);
        let before = filter.failed_before.map_or(next, |before| before.min(next));
        let filter = LetterFilter {
            failed_before: Some(before),
            ..bulk.meant(filter)
        };
        let kind = KindName::internal(bulk.name()).to_string();
        let input = to_raw_value(&filter).expect("a filter has string keys");
        self.submit_checked(Submission::new(self.new_id(), kind, input))
            .await
    }
}
