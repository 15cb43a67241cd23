//! What rules send: events as [Standard Webhooks](https://www.standardwebhooks.com) shapes them.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::model::id::TaskId;
use crate::model::task::TaskError;
use ports::Timestamp;

/// What a rule sends.
#[derive(Debug, Serialize)]
pub struct Parcel<'a> {
    /// What it is: `dead-letter` or `dead-letters`.
    r#type: &'static str,
    /// When the failure was; of several, when they were gathered.
    #[serde(with = "ports::timestamp")]
    timestamp: Timestamp,
    /// What is told.
    data: Data<'a>,
}

/// One dead letter, or several.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Data<'a> {
    /// With all that it holds.
    Letter(Box<WholeLetter<'a>>),
    /// In short.
    Digest(Digest<'a>),
}

/// A dead letter with all that it holds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WholeLetter<'a> {
    /// The rule that sends it.
    pub rule: &'a str,
    /// Its id.
    pub id: TaskId,
    /// The kind of its task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'a str>,
    /// Why it failed.
    pub error: &'a TaskError,
    /// How often the work was begun.
    pub attempts: u32,
    /// When the task was submitted.
    #[serde(with = "ports::timestamp")]
    pub created_date_time: Timestamp,
    /// When it failed.
    #[serde(with = "ports::timestamp")]
    pub failed_date_time: Timestamp,
    /// The input of a task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<&'a RawValue>,
    /// What a message says that names no task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<&'a str>,
    /// The queue that it was given up in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<&'a str>,
}

/// What is told of several.
#[derive(Debug, Serialize)]
pub struct Digest<'a> {
    /// The rule that tells it.
    pub rule: &'a str,
    /// How many there are.
    pub count: usize,
    /// Some of them, the newest first.
    pub letters: &'a [ToldLetter],
}

/// A dead letter in short.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToldLetter {
    /// Its id.
    pub id: TaskId,
    /// The kind of its task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// When it failed.
    #[serde(with = "ports::timestamp")]
    pub failed_date_time: Timestamp,
    /// Why.
    pub error: TaskError,
}

impl<'a> Parcel<'a> {
    /// One letter.
    pub(crate) fn letter(letter: WholeLetter<'a>) -> Self {
        Self {
            r#type: "dead-letter",
            timestamp: letter.failed_date_time,
            data: Data::Letter(Box::new(letter)),
        }
    }

    /// Several.
    pub(crate) fn digest(gathered_at: Timestamp, digest: Digest<'a>) -> Self {
        Self {
            r#type: "dead-letters",
            timestamp: gathered_at,
            data: Data::Digest(digest),
        }
    }

    /// When the failure was; of several, when they were gathered.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// What is told.
    pub fn data(&self) -> &Data<'a> {
        &self.data
    }
}
