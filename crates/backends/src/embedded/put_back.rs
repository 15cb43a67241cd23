//! A clock that is put back. What is hidden is hidden until a time of the clock: by one that shows an hour
//! less, for an hour more. So the times of all messages go back with it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, params};

use super::millis::Millis;
use ports::Timestamp;

/// By how much less a clock is put right all the time, without being put back.
const CORRECTION: Duration = Duration::from_secs(1);

const FOLLOW: &str = "
    UPDATE messages SET visible_at = max(visible_at - ?1, ?2) WHERE visible_at > ?2";

/// The latest time that the clock has shown to whoever received.
#[derive(Debug, Default)]
pub(super) struct Latest(Mutex<Option<Timestamp>>);

impl Latest {
    /// Sees what the clock shows now. When it has been put back, what is hidden follows it.
    pub(super) fn follow(&self, connection: &Connection, now: Millis) -> rusqlite::Result<()> {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let back = latest.map(|latest| latest - now.0).unwrap_or_default();
        if back > CORRECTION {
            let milliseconds = i64::try_from(back.whole_milliseconds()).unwrap_or(i64::MAX);
            let followed = connection.execute(FOLLOW, params![milliseconds, now])?;
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
