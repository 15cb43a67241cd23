//! Links to results that lead into the store itself: a valet key for one of them, for a while.
//!
//! The record holds more than the result, so a link leads to a copy of that alone. The copy is written when
//! somebody wants it, once an hour at the most, and a sweep deletes it: nothing else needs to know of it. An instance
//! that is begun anew comes to another result under the same id, and so to another copy.

use std::time::Duration;

use bytes::Bytes;

use crate::limits::LINK_LIFE;
use crate::model::id::TaskId;
use crate::tasks::service::Tasks;
use ports::{Document, Head, StorageError, Timestamp};

/// What the names of copies begin with; no digit of a task's name.
const NAME_PREFIX: &str = "result-";

/// The kind in the head of a copy.
const KIND: &str = "result-copy";

/// One copy serves all links that are made within so many seconds.
const PERIOD: i64 = 60 * 60;

/// How long a copy is kept: every link to it has ended by then.
const RETENTION: Duration = Duration::from_secs(2 * 60 * 60);

/// The largest result that is sent without a look whether its copy is there, in bytes: below it one call is cheaper
/// than two.
const SENT_UNSEEN: usize = 64 * 1024;

impl Tasks {
    /// A URL under which anybody can read this result of a task, which succeeded then, for [`LINK_LIFE`].
    /// `None` where the store gives no such links, or cannot now: its client is given the result itself.
    pub async fn result_link(
        &self,
        id: TaskId,
        succeeded_at: Timestamp,
        result: Bytes,
    ) -> Option<String> {
        let linked = self.link_to_copy(id, succeeded_at, result).await;
        linked.unwrap_or_else(|error| {
            log::warn!("task.id" = id; "no link to a result: {error}");
            None
        })
    }

    async fn link_to_copy(
        &self,
        id: TaskId,
        succeeded_at: Timestamp,
        result: Bytes,
    ) -> Result<Option<String>, StorageError> {
        let now = self.parts.clock.now();
        let name = name(id, succeeded_at, now);
        let store = &self.parts.store;
        let Some(link) = store.link(&name, now + LINK_LIFE).await? else {
            return Ok(None);
        };
        if result.len() > SENT_UNSEEN && store.look(&name, 1).await?.is_some() {
            return Ok(Some(link));
        }
        let document = Document {
            head: Head::beside(KIND, "copied", now),
            body: result,
        };
        // A copy that is there is the same.
        store.create(&name, &document).await?;
        Ok(Some(link))
    }
}

fn name(id: TaskId, succeeded_at: Timestamp, now: Timestamp) -> String {
    let period = now.unix_timestamp() / PERIOD;
    let run = succeeded_at.unix_timestamp_nanos() / 1_000_000;
    format!("{NAME_PREFIX}{id}-{run:x}-{period}")
}

/// How long a copy is kept, if the listing shows that it is one.
pub(crate) fn retention(name: &str, head: &Head) -> Option<Duration> {
    (name.starts_with(NAME_PREFIX) && head.kind == KIND).then_some(RETENTION)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn every_link_ends_before_its_copy_does() {
        let longest = Duration::from_secs(PERIOD.unsigned_abs()) + LINK_LIFE;
        assert!(longest < RETENTION);
        let id = TaskId::new(datetime!(2026-11-26 08:00 UTC));
        let at = |time| name(id, datetime!(2026-11-26 07:59:59.123 UTC), time);
        let (first, last) = (
            datetime!(2026-11-26 08:00 UTC),
            datetime!(2026-11-26 08:59:59 UTC),
        );
        assert_eq!(at(first), at(last));
        assert_ne!(at(first), at(datetime!(2026-11-26 09:00 UTC)));
        assert_ne!(
            at(first),
            name(id, datetime!(2026-11-26 07:59:59.124 UTC), first)
        );
        assert!(at(first).parse::<TaskId>().is_err());
    }
}
