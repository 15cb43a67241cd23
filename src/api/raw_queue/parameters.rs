//! What the raw queue's routes may be asked: numbers in a range, each with its default.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::api::edge::problem::Problem;
use crate::api::edge::query::Query;

/// Messages in one call: the service's maximum.
pub(super) const MOST: u32 = 32;

/// Messages in one reply to a lease, which may take several calls.
pub(super) const MOST_LEASED: u32 = 1_000;

/// The longest that a message is hidden, in seconds: 7 days, the service's maximum.
pub(super) const LONGEST_HIDDEN: u32 = 7 * 24 * 60 * 60;

/// The longest life that a message can be given, in seconds, unless it has no end.
pub(super) const LONGEST_LIFE: u32 = i32::MAX as u32;

/// A life without an end, as the service has it.
const ENDLESS: &str = "-1";

/// R1's defaults, and those of the SDK beneath it.
pub(super) const PEEKED: u32 = 10;
pub(super) const PAGE: u32 = 5;
pub(super) const LEASED: u32 = 10;
pub(super) const HIDDEN: u32 = 30;
pub(super) const LIFE: u32 = 7 * 24 * 60 * 60;

/// Seconds in a range.
pub(super) fn seconds(
    query: &Query,
    name: &str,
    default: u32,
    range: RangeInclusive<u32>,
) -> Result<Duration, Problem> {
    let number = query.number(name, default, range)?;
    Ok(Duration::from_secs(number.into()))
}

/// How long a message lives; `None` if it has no end.
pub(super) fn life(query: &Query, name: &str) -> Result<Option<Duration>, Problem> {
    if query.text(name) == Some(ENDLESS) {
        return Ok(None);
    }
    let life = seconds(query, name, LIFE, 1..=LONGEST_LIFE).map_err(|_| {
        let detail = format!(
            "{name} must be a whole number of seconds from 1 to {LONGEST_LIFE}, or {ENDLESS} for a message that \
             does not end"
        );
        Problem::invalid(name, detail)
    })?;
    Ok(Some(life))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_ends_or_does_not() {
        let read = |text| life(&Query::of(text, &["t"]).unwrap(), "t");
        assert_eq!(read("").unwrap(), Some(Duration::from_secs(604_800)));
        assert_eq!(read("t=1").unwrap(), Some(Duration::from_secs(1)));
        assert_eq!(read("t=-1").unwrap(), None);
        for query in ["t=0", "t=-2", "t=2147483648", "t=7d"] {
            let refused = read(query).unwrap_err().to_string();
            assert!(refused.contains("InvalidT: t must be"), "{refused}");
        }
    }
}
