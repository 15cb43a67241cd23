//! Times as text: RFC 3339 in UTC with exactly three digits of a second, so that they sort as text.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use crate::ports::Timestamp;

const FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// The text of a time.
pub fn to_text(time: Timestamp) -> String {
    // Cannot fail: a time has all that the format asks for.
    time.to_offset(UtcOffset::UTC)
        .format(FORMAT)
        .unwrap_or_default()
}

/// Reads any RFC 3339 text.
pub fn parse(text: &str) -> Option<Timestamp> {
    OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok()
}

/// For `#[serde(with = "crate::timestamp")]`.
pub fn serialize<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&to_text(*time))
}

/// For `#[serde(with = "crate::timestamp")]`.
pub fn deserialize<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Timestamp, D::Error> {
    let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
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
}
