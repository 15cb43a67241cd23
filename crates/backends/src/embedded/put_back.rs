//! A clock that is put back. What is hidden is hidden until a time of the clock: by one that shows an hour
//! less, for an hour more. So the times of all messages go back with it.
//!
//! But not with a clock that was lost: a machine that has just been switched on may show 1970, until it has asked
//! for the time. Once it has, all that had followed would be over at once.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, params};
use time::macros::datetime;

use super::millis::Millis;
use ports::Timestamp;

/// By how much less a clock is put right all the time, without being put back.
const CORRECTION: Duration = Duration::from_secs(1);

/// Before this was written. Only a clock that nobody has set shows less.
const WRITTEN: Timestamp = datetime!(2026-01-01 0:00 UTC);

const FOLLOW: [&str; 2] = [
    "UPDATE messages SET visible_at = max(visible_at - ?1, ?2) WHERE visible_at > ?2",
    "UPDATE raw_messages
     SET visible_at = max(visible_at - ?1, ?2), inserted_at = min(inserted_at, ?2)
     WHERE visible_at > ?2",
];

/// What clients hold they go on holding after a start. But what is yet to be put was put by another clock, and is hidden
/// from now on for as long as it was from then on. The names of the queues are stepped through in the index.
const FOLLOW_AT_START: &str = "
    WITH RECURSIVE queues(name) AS (
        SELECT min(queue) FROM raw_messages
        UNION ALL
        SELECT (SELECT min(queue) FROM raw_messages WHERE queue > name) FROM queues
        WHERE name IS NOT NULL)
    UPDATE raw_messages SET visible_at = max(visible_at - (inserted_at - ?1), ?1), inserted_at = ?1
    WHERE queue IN (SELECT name FROM queues WHERE name IS NOT NULL)
        AND visible_at > ?1 AND inserted_at > ?1 AND (?1 >= ?2 OR inserted_at < ?2)";

/// For the start: clients' own messages follow a clock that was put back while nobody looked.
pub(super) fn follow_at_start(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection.execute(FOLLOW_AT_START, [now, WRITTEN].map(Millis))?;
    Ok(())
}

/// The latest time that the clock has shown to whoever received, or used a queue of clients' own messages.
#[derive(Debug, Default)]
pub(super) struct Latest(Mutex<Option<Timestamp>>);

impl Latest {
    /// Sees what the clock shows now. When it has been put back, what is hidden follows it.
    pub(super) fn follow(&self, connection: &Connection, now: Millis) -> rusqlite::Result<()> {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.is_some_and(|latest| latest >= WRITTEN && now.0 < WRITTEN) {
            return Ok(());
        }
        let back = latest.map(|latest| latest - now.0).unwrap_or_default();
        if back > CORRECTION {
            let milliseconds = i64::try_from(back.whole_milliseconds()).unwrap_or(i64::MAX);
            let mut followed = 0;
            for statement in FOLLOW {
                followed += connection.execute(statement, params![milliseconds, now])?;
            }
            log::warn!(
                "the clock was put back by {} s: {followed} hidden messages go with it",
                back.whole_seconds()
            );
        } else if back.is_positive() {
            return Ok(());
        }
        *latest = Some(now.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::plan;
    use super::*;

    #[test]
    fn the_start_finds_what_is_yet_to_be_put_in_the_index() {
        let plan = plan(FOLLOW_AT_START);
        let index = "raw_messages_by_visibility (queue=? AND visible_at>?)";
        assert!(plan.contains(index), "{plan}");
        assert!(!plan.contains("SCAN raw_messages"), "{plan}");
    }
}
