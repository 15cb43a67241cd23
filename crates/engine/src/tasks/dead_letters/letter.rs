//! A dead letter as it is told, and which are meant.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::limits::LETTER_WHOLE;
use crate::model::dead_letter::{DeadMessage, EntryName, UNREADABLE};
use crate::model::id::TaskId;
use crate::model::json::mentions;
use crate::model::labels::Labels;
use crate::model::message::object_in;
use crate::model::precondition::Target;
use crate::model::task::{TaskError, TaskRecord, TaskState, TaskStatus};
use ports::{ETag, Head, Timestamp};

/// Which dead letters are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LetterFilter {
    /// Only those of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Only those whose error has this code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Only those with all of these labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Only those that failed after this time.
    #[serde(
        with = "ports::timestamp::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub failed_after: Option<Timestamp>,
    /// Only those that failed before this time.
    #[serde(
        with = "ports::timestamp::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub failed_before: Option<Timestamp>,
    /// Only those with this in the message of their error, in their input or in their text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// None of the tasks that are about many dead letters.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub spares_bulk: bool,
}

/// A task that has failed, or a message that names no task.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// The task; of a message, the one that it becomes when it is replayed with an input.
    pub id: TaskId,
    /// When it failed, or was given up.
    pub failed_at: Timestamp,
    /// When the task was submitted.
    pub created_at: Timestamp,
    /// Its kind, which a message has none of.
    pub kind: Option<String>,
    /// What its client calls it.
    pub labels: Labels,
    /// How many attempts were begun.
    pub attempts: u32,
    /// Why it failed; in short, where its input is too large for a listing.
    pub error: TaskError,
    /// When a rule had a message repaired. That of a task, its actions tell.
    pub settled_at: Option<Timestamp>,
    /// What it is of.
    pub body: LetterBody,
    /// The version of what it was read from.
    pub(super) version: Option<ETag>,
}

/// What a dead letter holds.
#[derive(Clone, Debug)]
pub enum LetterBody {
    /// A task with this input, if it has one.
    Task {
        /// What the client sent.
        input: Option<Box<RawValue>>,
    },
    /// A task whose input is too large for a listing.
    LargeTask,
    /// A message.
    Message {
        /// What it says.
        text: String,
        /// The queue that it was given up in.
        queue: String,
    },
}

impl DeadLetter {
    /// What its entry is called.
    pub(super) fn entry(&self) -> EntryName {
        EntryName {
            id: self.id,
            failed_at: self.failed_at,
        }
    }

    /// The task that has failed, in the version that tells of it.
    pub(super) fn target(&self) -> Target {
        Target::in_version(self.id, self.version.clone())
    }

    /// As a listing has it: of a thousand, each may be megabytes.
    pub(super) fn without_large_input(mut self) -> Self {
        if let LetterBody::Task { input: Some(input) } = &self.body
            && input.get().len() > LETTER_WHOLE
        {
            self.body = LetterBody::LargeTask;
        }
        self
    }
}

impl LetterFilter {
    /// Whether it names nothing, and so takes all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a letter is wanted that may be, by what a listing showed of it.
    pub(super) fn takes(&self, letter: &DeadLetter) -> bool {
        let is_code = |code: &String| *code == letter.error.code;
        self.code.as_ref().is_none_or(is_code)
            && self.text.as_deref().is_none_or(|text| {
                let is_in = |held: &str| mentions(held, text);
                let is_held = || match &letter.body {
                    LetterBody::Task { input } => {
                        input.as_deref().is_some_and(|input| is_in(input.get()))
                    }
                    LetterBody::LargeTask => false,
                    LetterBody::Message { text: sent, .. } => {
                        is_in(sent) || object_in(sent).is_some_and(|object| is_in(&object))
                    }
                };
                letter.error.message.contains(text) || is_held()
            })
    }
}

pub(super) fn of_record(record: TaskRecord, version: Option<ETag>) -> Option<DeadLetter> {
    let TaskState::Failed { error } = record.state else {
        return None;
    };
    Some(DeadLetter {
        id: record.id,
        failed_at: record.updated_at,
        created_at: record.created_at,
        kind: Some(record.kind),
        labels: record.labels,
        attempts: record.attempts,
        error,
        settled_at: None,
        body: LetterBody::Task {
            input: record.input,
        },
        version,
    })
}

pub(super) fn of_head(id: TaskId, head: Head, version: ETag) -> Option<DeadLetter> {
    if head.status != TaskStatus::Failed.as_str() {
        return None;
    }
    let labels = Labels::of(&head);
    let error = head.error?;
    Some(DeadLetter {
        id,
        failed_at: head.updated_at,
        created_at: head.created_at,
        kind: Some(head.kind),
        labels,
        attempts: head.attempts,
        error: TaskError {
            code: error.code,
            message: error.message,
        },
        settled_at: None,
        body: LetterBody::LargeTask,
        version: Some(version),
    })
}

pub(super) fn of_message(name: EntryName, message: DeadMessage, version: ETag) -> DeadLetter {
    let DeadMessage {
        text,
        queue,
        reason,
        settled_at,
        ..
    } = message;
    DeadLetter {
        id: name.id,
        failed_at: name.failed_at,
        created_at: name.failed_at,
        kind: None,
        labels: Labels::default(),
        attempts: 0,
        error: TaskError {
            code: UNREADABLE.to_owned(),
            message: reason,
        },
        settled_at,
        body: LetterBody::Message { text, queue },
        version: Some(version),
    }
}
