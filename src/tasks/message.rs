//! What travels through the queue: a plain JSON text that R0's producers and consumers
//! understand, with what our happy path needs beside it.
//!
//! | Key | Meaning |
//! |---|---|
//! | `id` | the task |
//! | `number` | R0's input; stands for `"kind": "fibonacci", "input": {"number": …}` |
//! | `kind`, `input` | any other work; `input` is missing when it is too large for a message |
//! | `etag` | the record's version when it was sent, so that the worker can commit without reading |
//! | `attempts` | attempts the task has had before this message; missing when none |
//! | `spent` | those of them that count towards the maximum; missing when none |
//! | `retries` | how often the task had been retried; missing when never |
//! | `traceparent` | the client's trace; passed over when it is none |
//!
//! The key names must not be those of the Functions host's metadata (`dequeueCount`, `sys`, …),
//! because the host copies message fields over them. `id` is such a name, but R0 uses it, so
//! nothing here reads the host's `Id`.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::id::TaskId;
use super::json::{Object, describe, is_zero, present};
use super::kinds::{R0_KIND, is_safe};
use super::limits::MAX_MESSAGE_BYTES;
use super::task::TaskRecord;
use super::trace::is_traceparent;

use crate::ports::ETag;

/// A message, understood, or about to be sent: then it borrows from the task, whose input may be large.
#[derive(Clone, Debug)]
pub struct TaskMessage<'a> {
    /// The task.
    pub id: TaskId,
    /// Which work it is; `None` when only the record says.
    pub kind: Option<Cow<'a, str>>,
    /// The client's input; `None` when it is in the record alone.
    pub input: Option<Cow<'a, RawValue>>,
    /// The record's version when the message was sent; `None` when R0 sent it, without a record.
    pub etag: Option<Cow<'a, ETag>>,
    /// Attempts the task has had before this message was sent.
    pub attempts: u32,
    /// Those of them that count towards the maximum.
    pub spent: u32,
    /// How often the task had been retried when the message was sent.
    pub retries: u32,
    /// The client's trace.
    pub traceparent: Option<Cow<'a, str>>,
}

/// A message nobody can work on.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct UnreadableMessage {
    /// The task it names, if that much could be read.
    pub id: Option<TaskId>,
    /// Why, without quoting the message.
    pub reason: String,
}

#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    id: TaskId,
    #[serde(
        borrow,
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    number: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    kind: Option<Cow<'a, str>>,
    #[serde(
        borrow,
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    input: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    etag: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "is_zero")]
    attempts: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    spent: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    retries: u32,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<Cow<'a, str>>,
}

/// R0's input, the one field that moves between `input` and the message itself.
#[derive(Serialize, Deserialize)]
struct R0Input<'a> {
    #[serde(borrow)]
    number: &'a RawValue,
}

/// As much of a message as names its task.
#[derive(Deserialize)]
struct IdOnly {
    id: TaskId,
}

impl<'a> TaskMessage<'a> {
    /// The message for a task as its record is now, in this version.
    pub fn of(record: &'a TaskRecord, etag: Option<&'a ETag>) -> Self {
        let TaskRecord {
            id,
            kind,
            input,
            retries,
            traceparent,
            ..
        } = record;
        Self {
            kind: Some(kind.into()),
            input: input.as_deref().map(Cow::Borrowed),
            etag: etag.map(Cow::Borrowed),
            retries: *retries,
            traceparent: traceparent.as_deref().map(Cow::Borrowed),
            ..Self::naming(*id)
        }
    }

    /// A message that tells no more than its task.
    pub fn naming(id: TaskId) -> Self {
        Self {
            id,
            kind: None,
            input: None,
            etag: None,
            attempts: 0,
            spent: 0,
            retries: 0,
            traceparent: None,
        }
    }

    /// The text to send, at most [`MAX_MESSAGE_BYTES`]: an input that is larger, or that a queue
    /// cannot carry, stays in the record (a claim check).
    pub fn to_text(&self) -> String {
        let mut wire = Wire {
            id: self.id,
            number: None,
            kind: self.kind.as_deref().map(Cow::Borrowed),
            input: self
                .input
                .as_deref()
                .filter(|input| input.get().len() <= MAX_MESSAGE_BYTES),
            etag: self.etag.as_ref().map(|etag| Cow::Borrowed(etag.as_str())),
            attempts: self.attempts,
            spent: self.spent,
            retries: self.retries,
            traceparent: self.traceparent.as_deref().map(Cow::Borrowed),
        };
        if wire.kind.as_deref() == Some(R0_KIND)
            && let Some(R0Input { number }) = wire
                .input
                .and_then(|input| serde_json::from_str(input.get()).ok())
        {
            wire.number = Some(number);
            wire.input = None;
        }
        let text = write(&wire);
        // Messages travel in XML, which has no such characters.
        let is_xml = !text.contains(['\u{FFFE}', '\u{FFFF}']);
        if text.len() <= MAX_MESSAGE_BYTES && is_xml {
            return text;
        }
        wire.number = None;
        wire.input = None;
        write(&wire)
    }
}

impl TaskMessage<'static> {
    /// Reads a message of ours or of R0, plain or in base64 (what a queue trigger's default
    /// encoding would have sent).
    pub fn parse(text: &str) -> Result<Self, UnreadableMessage> {
        if text.trim_start().starts_with('{') {
            return Self::parse_json(text);
        }
        let decoded = BASE64_STANDARD
            .decode(text.trim())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .filter(|decoded| decoded.trim_start().starts_with('{'))
            .ok_or_else(|| UnreadableMessage {
                id: None,
                reason: "the message is not a JSON object".to_owned(),
            })?;
        Self::parse_json(&decoded)
    }

    fn parse_json(text: &str) -> Result<Self, UnreadableMessage> {
        let Object(wire): Object<Wire<'_>> =
            serde_json::from_str(text).map_err(|error| UnreadableMessage {
                id: serde_json::from_str::<IdOnly>(text)
                    .ok()
                    .map(|message| message.id),
                reason: format!("the message cannot be understood: {}", describe(&error)),
            })?;
        if wire.kind.as_deref().is_some_and(|kind| !is_safe(kind)) {
            return Err(UnreadableMessage {
                id: Some(wire.id),
                reason: "the message names an impossible kind of work".to_owned(),
            });
        }
        if wire.etag.as_deref().is_some_and(|etag| !is_version(etag)) {
            return Err(UnreadableMessage {
                id: Some(wire.id),
                reason: "the message names an impossible version".to_owned(),
            });
        }
        let input = match (wire.input, wire.number) {
            (Some(input), _) => Some(input.to_owned()),
            (None, Some(number)) => to_raw_value(&R0Input { number }).ok(),
            (None, None) => None,
        };
        let kind = match (wire.kind, wire.number) {
            (Some(kind), _) => Some(Cow::Owned(kind.into_owned())),
            (None, Some(_)) => Some(Cow::Borrowed(R0_KIND)),
            (None, None) => None,
        };
        Ok(Self {
            id: wire.id,
            kind,
            input: input.map(Cow::Owned),
            etag: wire.etag.map(|etag| Cow::Owned(ETag::new(etag))),
            attempts: wire.attempts,
            spent: wire.spent,
            retries: wire.retries,
            traceparent: wire
                .traceparent
                .filter(|text| is_traceparent(text))
                .map(|text| Cow::Owned(text.into_owned())),
        })
    }
}

/// The versions that stores give: opaque tags of RFC 9110 (section 8.8.3), without their quotes, and
/// short. Another one would be refused by storage, as a header, for ever.
fn is_version(etag: &str) -> bool {
    (1..=128).contains(&etag.len())
        && etag
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"')
}

fn write(wire: &Wire<'_>) -> String {
    serde_json::to_string(wire).expect("a message has string keys and finite values")
}

#[cfg(test)]
mod tests;
