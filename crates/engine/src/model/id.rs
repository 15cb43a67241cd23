//! The name of a task.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use time::OffsetDateTime;
use uuid::fmt::Hyphenated;
use uuid::{Builder, NoContext, Uuid, Variant};

use ports::Timestamp;

/// The name of a task, and the capability to read it: whoever knows the id may.
///
/// New ids are UUIDv7: 48 bits of time, so that names sort by age, and 74 random bits, so that
/// they cannot be guessed. Ids of other versions (R0 made UUIDv4) are accepted when read.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TaskId(Uuid);

impl TaskId {
    /// How long the text of an id is.
    pub(crate) const LENGTH: usize = Hyphenated::LENGTH;

    /// A new id. `NoContext` keeps all 74 bits random; a counter would make neighbours guessable.
    pub fn new(now: Timestamp) -> Self {
        let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
        Self(Uuid::new_v7(uuid::Timestamp::from_unix(
            NoContext,
            seconds,
            now.nanosecond(),
        )))
    }

    /// The id that this time and these random bits make, the same each time.
    pub(crate) fn of_digest(now: Timestamp, digest: &[u8; 32]) -> Self {
        let milliseconds = u64::try_from(now.unix_timestamp_nanos() / 1_000_000);
        let mut random = [0; 10];
        random.copy_from_slice(&digest[..10]);
        let id = Builder::from_unix_timestamp_millis(milliseconds.unwrap_or_default(), &random);
        Self(id.into_uuid())
    }

    /// The id of a task that is made of what it is to do: the same whoever makes it who has the key, and nobody else
    /// comes to it.
    pub(crate) fn of_parts<const N: usize>(
        at: Timestamp,
        mut key: Hmac<Sha256>,
        parts: [&str; N],
    ) -> Self {
        for part in parts {
            key.update(part.as_bytes());
            key.update(&[0]);
        }
        Self::of_digest(at, &key.finalize().into_bytes().into())
    }

    /// The text of the id, on the stack.
    pub fn text(self) -> IdText {
        let mut text = IdText([0; Self::LENGTH]);
        self.0.as_hyphenated().encode_lower(&mut text.0);
        text
    }

    /// When the id was made, to the millisecond, if it tells.
    pub fn created_at(self) -> Option<Timestamp> {
        let (seconds, nanoseconds) = self.0.get_timestamp()?.to_unix();
        let seconds = OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok()?;
        seconds.replace_nanosecond(nanoseconds).ok()
    }
}

/// The text of an id: the name of its record, which every call to the store takes.
#[derive(Clone, Copy, Debug)]
pub struct IdText([u8; Hyphenated::LENGTH]);

impl Deref for IdText {
    type Target = str;

    fn deref(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl log::kv::ToValue for TaskId {
    fn to_value(&self) -> log::kv::Value<'_> {
        log::kv::Value::from_display(self)
    }
}

/// The text is not a task id.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a task id")]
pub struct NotATaskId;

impl FromStr for TaskId {
    type Err = NotATaskId;

    /// Takes the hyphenated form only: other spellings would be other blob names.
    fn from_str(text: &str) -> Result<Self, NotATaskId> {
        if text.len() != Self::LENGTH {
            return Err(NotATaskId);
        }
        let id = Uuid::try_parse(text).map_err(|_| NotATaskId)?;
        if id.get_variant() != Variant::RFC4122 {
            return Err(NotATaskId);
        }
        Ok(Self(id))
    }
}

impl Serialize for TaskId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TaskId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A bare `Cow` is always a copy.
        #[derive(Deserialize)]
        struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

        let Borrowed(text) = Borrowed::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn an_id_tells_when_it_was_made_and_sorts_by_it() {
        let early = datetime!(2026-08-20 10:00:00.123 UTC);
        let id = TaskId::new(early);
        assert_eq!(id.created_at(), Some(early));
        let late = TaskId::new(early + std::time::Duration::from_millis(1));
        assert!(late.to_string() > id.to_string());
    }

    #[test]
    fn ids_of_the_same_moment_share_nothing_but_the_time() {
        let now = datetime!(2026-08-20 10:00:00 UTC);
        let (one, two) = (TaskId::new(now).to_string(), TaskId::new(now).to_string());
        assert_eq!(one[..15], two[..15]);
        assert_ne!(one[15..23], two[15..23]);
        assert_ne!(one[24..], two[24..]);
    }

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        let v4 = "6f1c2b3e-0000-4000-8000-000000000007";
        assert_eq!(v4.parse::<TaskId>().unwrap().to_string(), v4);
        assert_eq!(v4.to_uppercase().parse::<TaskId>().unwrap().to_string(), v4);
        for text in [
            "",
            "x",
            "6f1c2b3e000040008000000000000007",
            "{6f1c2b3e-0000-4000-8000-000000000007}",
            "urn:uuid:6f1c2b3e-0000-4000-8000-000000000007",
            "00000000-0000-0000-0000-000000000000",
            "6f1c2b3e-0000-4000-8000-00000000000/",
            "../../../../../../../../../../../../x",
        ] {
            assert_eq!(text.parse::<TaskId>(), Err(NotATaskId), "{text}");
        }
    }

    /// The text of an id is a name in the store and stands in headers, as it is.
    fn is_canonical(id: TaskId) -> bool {
        let text = id.to_string();
        text.len() == 36
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b) || b == b'-')
            && text.parse() == Ok(id)
            && *text == *id.text()
    }

    #[test]
    fn hostile_texts_are_no_ids_or_canonical_ones() {
        corpus::each_text(|text| {
            if let Ok(id) = text.parse::<TaskId>() {
                assert!(is_canonical(id), "{text}");
                let _ = id.created_at();
            }
        });
    }

    proptest! {
        #[test]
        fn any_text_is_no_id_or_a_canonical_one(text in corpus::any_text()) {
            if let Ok(id) = text.parse::<TaskId>() {
                prop_assert!(is_canonical(id));
                prop_assert_eq!(text.to_ascii_lowercase(), id.to_string());
            }
        }

        #[test]
        fn any_uuid_tells_a_time_or_none(bits in any::<u128>(), version in 0_u8..16) {
            let mut bytes = bits.to_be_bytes();
            bytes[6] = bytes[6] & 0x0f | version << 4;
            bytes[8] = bytes[8] & 0x3f | 0x80;
            let text = Uuid::from_bytes(bytes).to_string();
            let id: TaskId = text.parse().unwrap();
            prop_assert!(is_canonical(id));
            if let Some(time) = id.created_at() {
                prop_assert_eq!(ports::timestamp::parse(&ports::timestamp::to_text(time)).map(|t| t.unix_timestamp()), Some(time.unix_timestamp()));
            }
        }
    }
}
