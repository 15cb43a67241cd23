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
//! | `labels` | what its client calls it; missing when it has no labels |
//! | `due_at` | when its attempt may begin; missing when at once |
//! | `created_at` | when the task was submitted; missing when its id tells, or nobody knows |
//! | `handed_over` | the attempt that nobody had reported the end of when this was sent; missing when none |
//! | `cause` | what it is to the instance of a workflow; missing of any other task |
//! | `later_since` | since when its work has asked for another time; missing when it has not |
//!
//! Times and labels that cannot be read as such are passed over: others may call something else like that. A key
//! that is not in this table is a newer version's. It is sent on with the next message, and the record,
//! which may have more in it as well, is read before the work begins: so **a version that adds to the
//! record adds a key here**, or leaves out `input`.
//!
//! The key names must not be those of the Functions host's metadata (`dequeueCount`, `sys`, …),
//! because the host copies message fields over them. `id` is such a name, but R0 uses it, so
//! nothing here reads the host's `Id`. Programs that write every field they know write `null` for those
//! that have no value.

mod wrapping;

pub(crate) use self::wrapping::object_in;

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::limits::MAX_MESSAGE_BYTES;
use crate::model::count::Count;
use crate::model::extensible::{Extended, Extensible, Others};
use crate::model::id::TaskId;
use crate::model::instance::{Cause, Purpose};
use crate::model::json::{describe, is_zero, null_as_default, present};
use crate::model::labels::Labels;
use crate::model::r0::R0_KIND;
use crate::model::task::TaskRecord;
use crate::model::trace::is_traceparent;

use ports::timestamp;
use ports::{ETag, Timestamp};

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
    /// What was counted before this message was sent.
    pub count: Count,
    /// How often the task had been retried when the message was sent.
    pub retries: u32,
    /// The client's trace.
    pub traceparent: Option<Cow<'a, str>>,
    /// What its client calls it.
    pub labels: Labels,
    /// When its attempt may begin, if not at once. The record has the same, and is the truth.
    pub due_at: Option<Timestamp>,
    /// When the task was submitted, if its id does not tell that.
    pub created_at: Option<Timestamp>,
    /// The attempt that was handed over, if this message is for its deadline.
    pub handed_over: Option<u32>,
    /// What it is to an instance, if the task is one.
    pub cause: Option<Box<Cause>>,
    /// What a newer version has in it.
    pub others: Others<'a>,
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
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_zero"
    )]
    attempts: u32,
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_zero"
    )]
    spent: u32,
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_zero"
    )]
    retries: u32,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<Cow<'a, str>>,
    #[serde(
        default,
        deserialize_with = "labels_or_none",
        skip_serializing_if = "Labels::is_empty"
    )]
    labels: Cow<'a, Labels>,
    #[serde(
        default,
        deserialize_with = "time_or_none",
        serialize_with = "timestamp::option::serialize",
        skip_serializing_if = "Option::is_none"
    )]
    due_at: Option<Timestamp>,
    #[serde(
        default,
        deserialize_with = "time_or_none",
        serialize_with = "timestamp::option::serialize",
        skip_serializing_if = "Option::is_none"
    )]
    created_at: Option<Timestamp>,
    #[serde(
        default,
        deserialize_with = "time_or_none",
        serialize_with = "timestamp::option::serialize",
        skip_serializing_if = "Option::is_none"
    )]
    later_since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    handed_over: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<Cow<'a, Cause>>,
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
    /// The message for a task as its record is now, in this version. Of a record with more in it than is
    /// known here, or than a message tells, it leaves out the input, so that whoever gets it reads the record.
    pub fn of(record: &'a TaskRecord, etag: Option<&'a ETag>) -> Self {
        let TaskRecord {
            id,
            kind,
            input,
            created_at,
            retries,
            traceparent,
            labels,
            callback_url,
            instance,
            others,
            ..
        } = record;
        let is_told = others.is_empty()
            && callback_url.is_none()
            && instance.as_ref().is_none_or(|instance| instance.is_new());
        let input = input.as_deref().filter(|_| is_told);
        Self {
            kind: Some(kind.into()),
            input: input.map(Cow::Borrowed),
            created_at: (id.created_at() != Some(*created_at)).then_some(*created_at),
            etag: etag.map(Cow::Borrowed),
            retries: *retries,
            traceparent: traceparent.as_deref().map(Cow::Borrowed),
            labels: labels.clone(),
            due_at: record.due_at(),
            cause: instance
                .as_deref()
                .map(|instance| Box::new(Cause::of_start(instance))),
            ..Self::naming(*id)
        }
    }

    /// The message of an instance for this purpose. It waits as long as an instance does that is to begin later:
    /// nothing follows from what comes before.
    pub fn about(record: &'a TaskRecord, purpose: Purpose) -> Self {
        let instance = record.instance.as_deref();
        Self {
            due_at: record.due_at(),
            kind: Some(Cow::Borrowed(&record.kind)),
            retries: record.retries,
            traceparent: record.traceparent.as_deref().map(Cow::Borrowed),
            cause: Some(Box::new(Cause {
                generation: instance.map_or(0, |instance| instance.generation),
                parent: None,
                purpose,
            })),
            ..Self::naming(record.id)
        }
    }

    /// A message that tells no more than its task.
    pub fn naming(id: TaskId) -> Self {
        Self {
            id,
            kind: None,
            input: None,
            etag: None,
            count: Count::default(),
            retries: 0,
            traceparent: None,
            labels: Labels::default(),
            due_at: None,
            created_at: None,
            handed_over: None,
            cause: None,
            others: Others::default(),
        }
    }

    /// The text to send, at most [`MAX_MESSAGE_BYTES`]: an input that is larger, or that a queue
    /// cannot carry, stays in the record (a claim check), and what is not known here is left out last.
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
            attempts: self.count.attempts,
            spent: self.count.spent,
            retries: self.retries,
            traceparent: self.traceparent.as_deref().map(Cow::Borrowed),
            labels: Cow::Borrowed(&self.labels),
            due_at: self.due_at,
            created_at: self.created_at,
            later_since: self.count.later_since,
            handed_over: self.handed_over,
            cause: self.cause.as_deref().map(Cow::Borrowed),
        };
        if wire.kind.as_deref() == Some(R0_KIND)
            && let Some(R0Input { number }) = wire
                .input
                .and_then(|input| serde_json::from_str(input.get()).ok())
        {
            wire.number = Some(number);
            wire.input = None;
        }
        let text = write(&wire, &self.others);
        if can_be_sent(&text) {
            return text;
        }
        wire.number = None;
        wire.input = None;
        let text = write(&wire, &self.others);
        if can_be_sent(&text) {
            return text;
        }
        write(&wire, &Others::default())
    }
}

impl TaskMessage<'static> {
    /// Reads a message of ours or of R0, plain or in one of the wrappings of others (`wrapping`).
    pub fn parse(text: &str) -> Result<Self, UnreadableMessage> {
        let object = object_in(text).ok_or_else(|| UnreadableMessage {
            id: None,
            reason: "the message is not a JSON object".to_owned(),
        })?;
        Self::parse_json(&object)
    }

    fn parse_json(text: &str) -> Result<Self, UnreadableMessage> {
        let read = serde_json::from_str::<Extensible<'_, Wire<'_>>>(text);
        let Extensible {
            known: wire,
            others,
        } = read.map_err(|error| UnreadableMessage {
            id: serde_json::from_str::<IdOnly>(text)
                .ok()
                .map(|message| message.id),
            reason: format!("the message cannot be understood: {}", describe(&error)),
        })?;
        if wire.kind.as_deref().is_some_and(|kind| !is_kind(kind)) {
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
        // Beside a number, `null` is no input; alone it is one.
        let given = wire
            .input
            .filter(|input| wire.number.is_none() || input.get() != "null");
        let input = match (given, wire.number) {
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
            count: Count {
                attempts: wire.attempts,
                spent: wire.spent,
                later_since: wire.later_since,
            },
            retries: wire.retries,
            traceparent: wire
                .traceparent
                .filter(|text| is_traceparent(text))
                .map(|text| Cow::Owned(text.into_owned())),
            labels: wire.labels.into_owned(),
            due_at: wire.due_at,
            created_at: wire.created_at,
            handed_over: wire.handed_over,
            cause: wire.cause.map(|cause| Box::new(cause.into_owned())),
            others: others.into_owned(),
        })
    }
}

/// Labels, if the value is some.
fn labels_or_none<'de, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Cow<'a, Labels>, D::Error> {
    let value = <&RawValue>::deserialize(deserializer)?;
    Ok(Cow::Owned(
        serde_json::from_str(value.get()).unwrap_or_default(),
    ))
}

/// A time, if the value is one.
fn time_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let value = <&RawValue>::deserialize(deserializer)?;
    let text = serde_json::from_str::<Cow<'_, str>>(value.get());
    Ok(text.ok().and_then(|text| timestamp::parse(&text)))
}

/// What a record's head can hold, which travels in headers. A message may name a kind that is registered
/// nowhere; a forged one must not become a forged header.
fn is_kind(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// The versions that stores give: opaque tags of RFC 9110 (section 8.8.3), without their quotes, and
/// short. Another one would be refused by storage, as a header, for ever.
fn is_version(etag: &str) -> bool {
    (1..=128).contains(&etag.len())
        && etag
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"')
}

fn write(known: &Wire<'_>, others: &Others<'_>) -> String {
    serde_json::to_string(&Extended { known, others })
        .expect("a message has string keys and finite values")
}

/// Messages travel in XML, which has no such characters.
fn can_be_sent(text: &str) -> bool {
    text.len() <= MAX_MESSAGE_BYTES && !text.contains(['\u{FFFE}', '\u{FFFF}'])
}

#[cfg(test)]
mod tests;
