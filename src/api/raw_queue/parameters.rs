//! The queries of the raw queue's routes: numbers in a range, each with its default.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::api::edge::problem::{Code, Problem};
use engine::json::shortened;

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

/// A query, taken apart.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Of a query that may have these parameters, each once.
    pub(super) fn of(query: &str, known: &[&str]) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)
            .map_err(|_| Problem::new(Code::InvalidQuery, "the query cannot be read"))?;
        // The key and its name, as the host takes them, and what Azure's clients always send.
        pairs.retain(|(name, _)| !["code", "clientId", "api-version"].contains(&name.as_str()));
        for (index, (name, _)) in pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let detail = match known {
                    [] => format!("{} is not known; there are none here", shortened(name)),
                    known => format!(
                        "{} is not known; there may be {}",
                        shortened(name),
                        known.join(", ")
                    ),
                };
                return Err(Problem::new(Code::UnknownParameter, detail).target(name));
            }
            if pairs.iter().take(index).any(|(before, _)| before == name) {
                let detail = format!("{name} is there twice");
                return Err(Problem::new(Code::DuplicateParameter, detail).target(name));
            }
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(known, _)| known == name);
        pair.map(|(_, value)| value.as_str())
    }

    /// A whole number in a range; without the parameter, the default.
    pub(super) fn number(
        &self,
        name: &str,
        default: u32,
        range: RangeInclusive<u32>,
    ) -> Result<u32, Problem> {
        let number = self
            .text(name)
            .map_or(Some(default), |text| text.parse().ok());
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| out_of_range(name, &range))
    }

    /// Seconds in a range.
    pub(super) fn seconds(
        &self,
        name: &str,
        default: u32,
        range: RangeInclusive<u32>,
    ) -> Result<Duration, Problem> {
        let number = self.number(name, default, range)?;
        Ok(Duration::from_secs(number.into()))
    }

    /// How long a message lives; `None` if it has no end.
    pub(super) fn life(&self, name: &str) -> Result<Option<Duration>, Problem> {
        if self.text(name) == Some(ENDLESS) {
            return Ok(None);
        }
        let life = self.seconds(name, LIFE, 1..=LONGEST_LIFE).map_err(|_| {
            let detail = format!(
                "{name} must be a whole number of seconds from 1 to {LONGEST_LIFE}, or {ENDLESS} for a \
                 message that does not end"
            );
            Problem::invalid(name, detail)
        })?;
        Ok(Some(life))
    }
}

/// What is told of a number that is none of those it may be.
pub(super) fn out_of_range(name: &str, range: &RangeInclusive<u32>) -> Problem {
    let detail = format!(
        "{name} must be a whole number from {} to {}",
        range.start(),
        range.end()
    );
    Problem::invalid(name, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<T>(read: Result<T, Problem>) -> String {
        read.err()
            .map(|problem| problem.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn a_number_is_in_its_range_or_named() {
        let read = |query| {
            Parameters::of(query, &["n"])
                .unwrap()
                .number("n", 5, 1..=32)
        };
        assert_eq!(read("").unwrap(), 5);
        assert_eq!(read("code=k&n=32&clientId=c").unwrap(), 32);
        for query in ["n=0", "n=33", "n=-1", "n=1.0", "n=", "n=x", "n=99999999999"] {
            let told = refused(read(query));
            assert_eq!(told, "422 InvalidN: n must be a whole number from 1 to 32");
        }
    }

    #[test]
    fn a_life_ends_or_does_not() {
        let read = |query| Parameters::of(query, &["t"]).unwrap().life("t");
        assert_eq!(read("").unwrap(), Some(Duration::from_secs(604_800)));
        assert_eq!(read("t=1").unwrap(), Some(Duration::from_secs(1)));
        assert_eq!(read("t=-1").unwrap(), None);
        for query in ["t=0", "t=-2", "t=2147483648", "t=7d"] {
            assert!(
                refused(read(query)).contains("InvalidT: t must be"),
                "{query}"
            );
        }
    }

    #[test]
    fn what_is_not_known_or_there_twice_is_refused() {
        let read = |query| refused(Parameters::of(query, &["a", "b"]));
        assert!(read("c=1").contains("UnknownParameter: c is not known; there may be a, b"));
        assert!(read("a=1&b=2&a=1").contains("DuplicateParameter: a is there twice"));
        assert_eq!(read("a=1&b=2"), "");
    }

    #[test]
    fn hostile_queries_are_refused_or_usable() {
        corpus::each_text(|text| {
            let told = refused(Parameters::of(text, &["max_messages"]));
            assert!(told.len() < 250, "{told}");
        });
    }
}
