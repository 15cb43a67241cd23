//! Times as text: RFC 3339 in UTC with exactly three digits of a second, so that they sort as text.

use std::borrow::Cow;
use std::fmt::{self, Display};

use serde::Deserialize;
use time::{OffsetDateTime, UtcOffset};

use crate::Timestamp;

/// A time as text.
#[derive(Clone, Copy, Debug)]
pub struct Text(pub Timestamp);

impl Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.0.to_offset(UtcOffset::UTC);
        let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
        let (hour, minute, second, millisecond) = time.to_hms_milli();
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z"
        )
    }
}

/// The same on its own.
pub fn to_text(time: Timestamp) -> String {
    Text(time).to_string()
}

/// Reads any RFC 3339 text of a time in the years 0 to 9999 of UTC: an offset may lead out of them,
/// to where no text of ours can follow.
pub fn parse(text: &str) -> Option<Timestamp> {
    OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339)
        .ok()?
        .checked_to_offset(UtcOffset::UTC)
        .filter(|time| (0..=9999).contains(&time.year()))
}

/// For `#[serde(with = "crate::timestamp")]`.
pub fn serialize<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Text(*time))
}

/// For `#[serde(with = "crate::timestamp")]`.
pub fn deserialize<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Timestamp, D::Error> {
    // A bare `Cow` is always a copy.
    #[derive(Deserialize)]
    struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

    let Borrowed(text) = Borrowed::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| serde::de::Error::custom("not a time"))
}

/// For `#[serde(with = "crate::timestamp::option")]`.
pub mod option {
    use super::Timestamp;

    /// `null` when there is none.
    pub fn serialize<S: serde::Serializer>(
        time: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// For a field that is there: give it `default` as well.
    pub fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times_have_three_digits_and_read_back() {
        for (time, text) in [
            (
                datetime!(2026-08-20 10:00:00 UTC),
                "2026-08-20T10:00:00.000Z",
            ),
            (
                datetime!(2026-08-20 12:00:00.140 +2),
                "2026-08-20T10:00:00.140Z",
            ),
        ] {
            assert_eq!(to_text(time), text);
            assert_eq!(parse(text), Some(time));
        }
        assert_eq!(parse("yesterday"), None);
    }

    #[test]
    fn a_leap_second_is_the_last_moment_before_the_next() {
        let leap = parse("2016-12-31T18:59:60-05:00").unwrap();
        let next = parse("2017-01-01T00:00:00Z").unwrap();
        assert!(
            leap < next && next - leap < time::Duration::MICROSECOND,
            "{leap}"
        );
        assert_eq!(parse("2016-12-30T23:59:60Z"), None);
    }

    fn is_sortable(text: &str) -> bool {
        text.len() == "2026-08-20T10:00:00.000Z".len() && text.ends_with('Z')
    }

    #[test]
    fn hostile_texts_are_no_times_or_times_that_can_be_written() {
        corpus::each_text(|text| {
            if let Some(time) = parse(text) {
                assert!(is_sortable(&to_text(time)), "{text}");
            }
        });
    }

    proptest! {
        #[test]
        fn any_text_is_no_time_or_one_that_can_be_written(text in corpus::any_text()) {
            if let Some(time) = parse(&text) {
                let written = to_text(time);
                prop_assert!(is_sortable(&written), "{written}");
                prop_assert_eq!(parse(&written).map(to_text), Some(written));
            }
        }
    }
}
