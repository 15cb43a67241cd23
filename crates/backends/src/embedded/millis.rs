//! Times as the file keeps them: whole milliseconds since 1970 UTC, which SQLite can compare.

use std::time::Duration;

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};

use ports::Timestamp;

/// A time that goes into the file and comes out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Millis(pub(super) Timestamp);

impl Millis {
    /// This much later, or the last time there is.
    pub(super) fn after(self, delay: Duration) -> Self {
        let delay = delay.try_into().unwrap_or(time::Duration::MAX);
        Self(self.0.saturating_add(delay))
    }
}

impl ToSql for Millis {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let millis = self.0.unix_timestamp() * 1000 + i64::from(self.0.millisecond());
        Ok(millis.into())
    }
}

impl FromSql for Millis {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let nanos = i128::from(value.as_i64()?) * 1_000_000;
        Timestamp::from_unix_timestamp_nanos(nanos)
            .map(Self)
            .map_err(FromSqlError::other)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn round_trip(time: Timestamp) -> Timestamp {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let millis: Millis = connection
            .query_row("SELECT ?1", [Millis(time)], |row| row.get(0))
            .unwrap();
        millis.0
    }

    #[test]
    fn milliseconds_survive_on_both_sides_of_1970() {
        for time in [
            datetime!(2026-02-28 23:59:59.999 UTC),
            datetime!(1969-12-31 23:59:59.001 UTC),
        ] {
            assert_eq!(round_trip(time), time);
        }
    }

    #[test]
    fn an_endless_delay_ends_with_the_calendar() {
        let end = Millis(datetime!(2026-01-01 0:00 UTC)).after(Duration::MAX);

        assert_eq!(end.0.year(), 9999);
        assert_eq!(round_trip(end.0).year(), 9999);
    }
}
