//! Links to results that lead into the store itself: a valet key for one of them, for a while.
//!
//! The record holds more than the result, so a link leads to a copy of that alone. The copy is written when
//! somebody wants it, once an hour at the most, and a sweep deletes it: nothing else needs to know of it.

use std::time::Duration;

use bytes::Bytes;
use serde_json::value::RawValue;

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

impl Tasks {
    /// A URL under which anybody can read the result of this task, which has succeeded, for [`LINK_LIFE`].
    /// `None` where the store gives no such links, or cannot now: its client is given the result itself.
    pub async fn result_link(&self, id: TaskId, result: &RawValue) -> Option<String> {
        let linked = self.link_to_copy(id, result).await;
        linked.unwrap_or_else(|error| {
            log::warn!("task.id" = id; "no link to a result: {error}");
            None
        })
    }

    async fn link_to_copy(
        &self,
        id: TaskId,
        result: &RawValue,
    ) -> Result<Option<String>, StorageError> {
        let now = self.parts.clock.now();
        let name = name(id, now);
        let store = &self.parts.store;
        let Some(link) = store.link(&name, now + LINK_LIFE).await? else {
            return Ok(None);
        };
        let head = Head::beside(KIND, "copied", now);
        let body = Bytes::copy_from_slice(result.get().as_bytes());
        // A result never changes: a copy that is there is the same.
        store.create(&name, &Document { head, body }).await?;
        Ok(Some(link))
    }
}

fn name(id: TaskId, now: Timestamp) -> String {
    let period = now.unix_timestamp() / PERIOD;
    [NAME_PREFIX, &id.text(), "-", &period.to_string()].concat()
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
        let at = |time| name(id, time);
        let (first, last) = (
            datetime!(2026-11-26 08:00 UTC),
            datetime!(2026-11-26 08:59:59 UTC),
        );
        assert_eq!(at(first), at(last));
        assert_ne!(at(first), at(datetime!(2026-11-26 09:00 UTC)));
        assert!(at(first).parse::<TaskId>().is_err());
    }
}
