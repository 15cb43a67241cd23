//! The entries of dead letters: what the store keeps beside the records so that failures are found without
//! looking through what succeeded.
//!
//! An entry has a record of its own, under a name that is no task's and sorts by the time of the failure, the
//! newest first. One of a failed task says no more than where to look: the task's record is the truth, and an
//! entry whose record tells otherwise is passed over. One of a message that names no task holds the message.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::model::id::TaskId;
use crate::model::stored::shortened;
use crate::model::task::{TaskError, TaskRecord, TaskStatus};
use ports::{Delivery, Document, Head, QueueName, Step, Timestamp};

/// What the names of entries begin with; a task's name has a digit in place of the hyphen.
pub(crate) const NAME_PREFIX: &str = "f-";

/// The code of a message that names no task.
pub(crate) const UNREADABLE: &str = "UnreadableMessage";

/// The status in the head of an entry, by what it is of: none of a task's, so that no listing of tasks
/// has it.
const OF_TASK: &str = "dead-task";
const OF_MESSAGE: &str = "dead-message";
/// Of a message that somebody replays, or died while doing so.
const OF_CLAIMED: &str = "dead-claimed";
/// Of one that a rule had repaired. It is listed no more.
const OF_SETTLED: &str = "dead-settled";

/// The kind in the head of a message's entry: no kind has this name.
const NO_KIND: &str = "-";

/// The last millisecond that a name can tell, in the year 10889.
const LAST: u64 = (1 << 48) - 1;

/// The name of an entry, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryName {
    pub(crate) id: TaskId,
    pub(crate) failed_at: Timestamp,
}

impl EntryName {
    /// Of a failed task, by its record: the last change of that is the failure.
    pub(crate) fn of(record: &TaskRecord) -> Self {
        Self {
            id: record.id,
            failed_at: record.updated_at,
        }
    }

    /// The name, as the store has it.
    pub(crate) fn text(self) -> String {
        self.text_behind(NAME_PREFIX)
    }

    /// The same of something else that is kept of the failure.
    pub(crate) fn text_behind(self, prefix: &str) -> String {
        let left = LAST - milliseconds(self.failed_at);
        format!("{prefix}{left:012x}-{}", self.id)
    }

    /// Reads what [`text`](Self::text) gives, and nothing else.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::parse_behind(NAME_PREFIX, name)
    }

    /// Reads what [`text_behind`](Self::text_behind) gives.
    pub(crate) fn parse_behind(prefix: &str, name: &str) -> Option<Self> {
        let (left, id) = name.strip_prefix(prefix)?.split_at_checked(12)?;
        let since_epoch = LAST.checked_sub(u64::from_str_radix(left, 16).ok()?)?;
        let nanoseconds = i128::from(since_epoch) * 1_000_000;
        let read = Self {
            id: id.strip_prefix('-')?.parse().ok()?,
            failed_at: Timestamp::from_unix_timestamp_nanos(nanoseconds).ok()?,
        };
        (read.text_behind(prefix) == name).then_some(read)
    }
}

/// An entry, to be written.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) document: Document,
}

impl Entry {
    /// Writes it, whether it is there or not.
    pub(crate) fn put(&self) -> Step<'_> {
        Step::Put {
            name: &self.name,
            document: &self.document,
        }
    }

    /// Of a task that has failed, by the head of its record; `None` when it has not.
    pub(crate) fn of_failure(record: &TaskRecord, head: &Head) -> Option<Box<Self>> {
        if record.status() != TaskStatus::Failed {
            return None;
        }
        let head = Head {
            status: OF_TASK.to_owned(),
            ..head.clone()
        };
        // What is seldom does not make every write larger.
        Some(Box::new(Self {
            name: EntryName::of(record).text(),
            document: document(head, &Body::default()),
        }))
    }

    /// Of a message that names no task, found among the dead letters of this queue. The same message makes the
    /// same entry: a sweep may die before the message is gone.
    pub(crate) fn of_message(
        letter: &Delivery,
        queue: &QueueName,
        reason: &str,
        now: Timestamp,
    ) -> Self {
        let failed_at = letter.inserted_at.unwrap_or(now);
        let mut digest = Sha256::new();
        for part in [queue.as_str(), letter.id(), &letter.text] {
            digest.update(part);
            digest.update([0]);
        }
        let name = EntryName {
            id: TaskId::of_digest(failed_at, &digest.finalize().into()),
            failed_at,
        };
        let message = DeadMessage {
            text: letter.text.clone(),
            queue: queue.to_string(),
            reason: reason.to_owned(),
            claimed_at: None,
            settled_at: None,
        };
        Self {
            name: name.text(),
            document: message.to_document(name),
        }
    }
}

/// A message that names no task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeadMessage {
    pub(crate) text: String,
    /// The queue that it was given up in.
    pub(crate) queue: String,
    /// Why nobody could work on it.
    pub(crate) reason: String,
    /// When somebody began to replay it.
    #[serde(
        default,
        with = "ports::timestamp::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) claimed_at: Option<Timestamp>,
    /// When somebody had repaired what it asks for. It is listed no more.
    #[serde(
        default,
        with = "ports::timestamp::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) settled_at: Option<Timestamp>,
}

impl DeadMessage {
    /// What the store keeps of it under this name.
    pub(crate) fn to_document(&self, name: EntryName) -> Document {
        let error = TaskError {
            code: UNREADABLE.to_owned(),
            message: self.reason.clone(),
        };
        let status = match (self.settled_at, self.claimed_at) {
            (Some(_), _) => OF_SETTLED,
            (None, Some(_)) => OF_CLAIMED,
            (None, None) => OF_MESSAGE,
        };
        let head = Head {
            kind: NO_KIND.to_owned(),
            status: status.to_owned(),
            created_at: name.failed_at,
            updated_at: name.failed_at,
            attempts: 0,
            error: Some(Box::new(shortened(&error))),
            further: None,
        };
        let body = Body {
            message: Some(self.clone()),
            ..Body::default()
        };
        document(head, &body)
    }

    /// Reads the body of an entry; `None` when that is of no message.
    pub(crate) fn from_body(body: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Body>(body).ok()?.message
    }
}

/// The body of an entry. What is done about a dead letter later on can be noted here.
#[derive(Serialize, Deserialize)]
struct Body {
    schema: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<DeadMessage>,
}

impl Default for Body {
    fn default() -> Self {
        Self {
            schema: 1,
            message: None,
        }
    }
}

fn document(head: Head, body: &Body) -> Document {
    let body = serde_json::to_vec(body).expect("an entry has string keys");
    Document {
        head,
        body: Bytes::from(body),
    }
}

/// What a listing shows an entry to be of; `None` for what is none.
pub(crate) fn is_of_message(head: &Head) -> Option<bool> {
    match &*head.status {
        OF_TASK => Some(false),
        OF_MESSAGE | OF_CLAIMED | OF_SETTLED => Some(true),
        _ => None,
    }
}

/// Whether somebody replays the message of an entry, or died while doing so.
pub(crate) fn is_claimed(head: &Head) -> bool {
    head.status == OF_CLAIMED
}

/// Whether the letter of an entry is done with.
pub(crate) fn is_settled(head: &Head) -> bool {
    head.status == OF_SETTLED
}

/// The kind of an entry's task, which a message has none of.
pub(crate) fn kind(head: &Head) -> Option<&str> {
    Some(&*head.kind).filter(|kind| *kind != NO_KIND)
}

fn milliseconds(time: Timestamp) -> u64 {
    let since_epoch = u64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
    since_epoch.min(LAST)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use time::macros::datetime;

    use super::*;

    fn at(failed_at: Timestamp) -> EntryName {
        let id = TaskId::new(failed_at);
        EntryName { id, failed_at }
    }

    fn letter(text: &str) -> Delivery {
        Delivery {
            text: text.to_owned(),
            dequeue_count: 1,
            inserted_at: Some(datetime!(2026-11-26 02:00 UTC)),
            receipt: None,
        }
    }

    #[test]
    fn the_newest_failure_comes_first() {
        let early = datetime!(2026-11-26 02:00:00.123 UTC);
        let late = early + Duration::from_millis(1);
        assert!(at(late).text() < at(early).text());
    }

    #[test]
    fn a_name_is_read_as_it_was_written_and_is_no_tasks() {
        let name = at(datetime!(2026-11-26 02:00:00.123 UTC));
        assert_eq!(EntryName::parse(&name.text()), Some(name));
        assert!(name.text().parse::<TaskId>().is_err());
        // R0 made ids that do not tell the time.
        let id = "6f1c2b3e-1d2c-4b3a-8f4e-000000000007".parse().unwrap();
        let name = EntryName { id, ..name };
        assert_eq!(EntryName::parse(&name.text()), Some(name));
    }

    #[test]
    fn what_is_no_name_is_not_taken_for_one() {
        let name = at(datetime!(2026-11-26 02:00 UTC)).text();
        for text in [
            "",
            "f-",
            "f-0123456789ab",
            &name[..50],
            &name.to_uppercase(),
            &name.replace("f-", "g-"),
            &name.replacen('0', "é", 1),
            &format!("{name}0"),
            &format!("f-+{}", &name[3..]),
        ] {
            assert_eq!(EntryName::parse(text), None, "{text}");
        }
        corpus::each_text(|text| assert_eq!(EntryName::parse(text), None, "{text}"));
    }

    #[test]
    fn the_same_message_makes_the_same_entry() {
        let queue = QueueName::try_from("tasks").unwrap();
        let now = datetime!(2026-11-26 03:00 UTC);
        let entry = |text| Entry::of_message(&letter(text), &queue, "no JSON", now);
        let (one, again) = (entry("hello"), entry("hello"));
        assert_eq!((&one.name, &one.document), (&again.name, &again.document));
        assert_ne!(one.name, entry("hello!").name);
        let name = EntryName::parse(&one.name).unwrap();
        assert_eq!(name.id.created_at(), Some(name.failed_at));
    }
}
