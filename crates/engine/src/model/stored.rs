//! How a task's record looks in storage, and what of a blob is one. Nothing else knows either.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::model::extensible::{Extended, Extensible, Others};
use crate::model::id::TaskId;
use crate::model::instance::Instance;
use crate::model::json::{Object, describe, is_zero, present};
use crate::model::labels::Labels;
use crate::model::r0::R0_KIND;
use crate::model::task::{HandedOver, TaskError, TaskRecord, TaskState, TaskStatus};
use crate::text::in_short;
use ports::{Document, Further, Head, HeadError, Timestamp};

/// The record's form in storage, and, with only the last two fields of a result, R0's blob.
#[derive(Serialize, Deserialize)]
struct StoredRecord<'a> {
    schema: u32,
    id: TaskId,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    status: TaskStatus,
    #[serde(with = "ports::timestamp")]
    created_at: Timestamp,
    #[serde(with = "ports::timestamp")]
    updated_at: Timestamp,
    attempts: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    retries: u32,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    labels: Cow<'a, Labels>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    callback_url: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instance: Option<Cow<'a, Instance>>,
    #[serde(
        default,
        with = "ports::timestamp::option",
        skip_serializing_if = "Option::is_none"
    )]
    due_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    percent: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    handed_over: Option<HandedOver>,
    #[serde(
        borrow,
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    input: Option<&'a RawValue>,
    #[serde(
        borrow,
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    result: Option<&'a RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<TaskError>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_error: Option<Box<TaskError>>,
}

/// The version of [`StoredRecord`] that this code writes. A field more is no new version: older
/// processes keep what they do not know. A new version is what they would misunderstand.
const SCHEMA: u32 = 1;

/// As much of a record as says whether this code can know what it means.
#[derive(Deserialize)]
struct Version<'a> {
    schema: u64,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
}

/// What a listing shows of an error at most, in bytes: metadata of a blob is 8 KiB in all, and what is
/// beyond ASCII takes three there for each.
const CODE_IN_SHORT: usize = 64;
const MESSAGE_IN_SHORT: usize = 256;

/// About what the fields of a record take beside its input and its result, in bytes.
const FIELDS_LENGTH: usize = 256;

/// What R0 keeps in a blob: the bare result, under the bare task id.
#[derive(Deserialize)]
struct R0Result<'a> {
    #[serde(borrow)]
    number: &'a RawValue,
    #[serde(borrow)]
    calculation_result: &'a RawValue,
}

/// The blob of a task does not hold a record that this code understands.
#[derive(Clone, Debug, thiserror::Error)]
pub enum UnreadableRecord {
    /// It is none of ours, or damaged.
    #[error("unreadable task record: {0}")]
    Damaged(String),
    /// A newer version wrote it, and understands it.
    #[error("the task record is of a newer version: {0}")]
    Newer(String),
}

impl UnreadableRecord {
    /// True when it only takes a newer process.
    pub fn is_newer(&self) -> bool {
        matches!(self, Self::Newer(_))
    }

    fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }
}

impl TaskRecord {
    /// What goes into the store.
    pub fn to_document(&self) -> Document {
        let status = self.status();
        let (mut due_at, mut percent, mut result, mut error) = (None, None, None, None);
        let (mut last_error, mut handed_over) = (None, None);
        match &self.state {
            TaskState::Canceled => {}
            TaskState::Queued {
                due_at: at,
                last_error: e,
            } => {
                due_at = *at;
                last_error.clone_from(e);
            }
            TaskState::Running {
                percent: p,
                handed_over: h,
            } => {
                percent = *p;
                handed_over = *h;
            }
            TaskState::Succeeded { result: r } => result = Some(&**r),
            TaskState::Failed { error: e } => error = Some(e.clone()),
        }
        let stored = StoredRecord {
            schema: SCHEMA,
            id: self.id,
            kind: self.kind.as_str().into(),
            status,
            created_at: self.created_at,
            updated_at: self.updated_at,
            attempts: self.attempts,
            retries: self.retries,
            traceparent: self.traceparent.as_deref().map(Cow::Borrowed),
            labels: Cow::Borrowed(&self.labels),
            callback_url: self.callback_url.as_deref().map(Cow::Borrowed),
            instance: self.instance.as_deref().map(Cow::Borrowed),
            due_at,
            percent,
            handed_over,
            // The input has served its purpose when the work succeeded; a failed task may be retried, and what an
            // instance was started with is told.
            input: self
                .input
                .as_deref()
                .filter(|_| status != TaskStatus::Succeeded || self.instance.is_some()),
            result,
            error,
            last_error,
        };
        let waits_until = self
            .instance
            .as_ref()
            .filter(|_| status == TaskStatus::Running)
            .and_then(|instance| instance.shown_due_at());
        let texts = [stored.input, stored.result].into_iter().flatten();
        let length = texts.map(|text| text.get().len()).sum::<usize>() + FIELDS_LENGTH;
        let mut body = Vec::with_capacity(length);
        let extended = Extended {
            known: &stored,
            others: &self.others,
        };
        serde_json::to_writer(&mut body, &extended)
            .expect("a record has string keys and finite values");
        Document {
            head: Head {
                kind: self.kind.clone(),
                status: status.as_str().to_owned(),
                created_at: self.created_at,
                updated_at: self.updated_at,
                attempts: self.attempts,
                error: stored
                    .error
                    .as_ref()
                    .map(|error| Box::new(shortened(error))),
                further: Further::of(due_at.or(waits_until), self.labels.joined()),
            },
            body: body.into(),
        }
    }

    /// Reads a record from the store, or a result that R0 left under this id.
    /// `modified_at` dates the latter.
    pub fn from_body(
        id: TaskId,
        body: &[u8],
        modified_at: Timestamp,
    ) -> Result<Self, UnreadableRecord> {
        let read = serde_json::from_slice::<Extensible<'_, StoredRecord<'_>>>(body);
        let (stored, others) = match read {
            Ok(Extensible { known, others }) if known.schema <= SCHEMA => (known, others),
            Ok(Extensible { known, .. }) => return Err(newer_schema(known.schema.into())),
            Err(error) => {
                return Self::from_r0(id, body, modified_at)
                    .ok_or_else(|| newer(body).unwrap_or_else(|| damaged(&error)));
            }
        };
        let state = match stored.status {
            TaskStatus::Queued => TaskState::Queued {
                due_at: stored.due_at,
                last_error: stored.last_error,
            },
            TaskStatus::Running => TaskState::Running {
                percent: stored.percent,
                handed_over: stored.handed_over,
            },
            TaskStatus::Succeeded => TaskState::Succeeded {
                result: stored
                    .result
                    .ok_or_else(|| UnreadableRecord::damaged("succeeded without a result"))?
                    .to_owned(),
            },
            TaskStatus::Failed => TaskState::Failed {
                error: stored
                    .error
                    .ok_or_else(|| UnreadableRecord::damaged("failed without an error"))?,
            },
            TaskStatus::Canceled => TaskState::Canceled,
        };
        Ok(Self {
            id,
            kind: stored.kind.into_owned(),
            input: stored.input.map(ToOwned::to_owned),
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            attempts: stored.attempts,
            retries: stored.retries,
            traceparent: stored.traceparent.map(Cow::into_owned),
            labels: stored.labels.into_owned(),
            callback_url: stored.callback_url.map(|url| url.into_owned().into()),
            instance: stored
                .instance
                .map(|instance| Box::new(instance.into_owned())),
            state,
            others: others.into_owned(),
        })
    }

    fn from_r0(id: TaskId, body: &[u8], modified_at: Timestamp) -> Option<Self> {
        let Object(r0) = serde_json::from_slice::<Object<R0Result<'_>>>(body).ok()?;
        let result = format!(
            r#"{{"number":{},"calculation_result":{}}}"#,
            r0.number, r0.calculation_result
        );
        Some(Self {
            id,
            kind: R0_KIND.to_owned(),
            input: None,
            created_at: modified_at,
            updated_at: modified_at,
            attempts: 1,
            retries: 0,
            traceparent: None,
            labels: Labels::default(),
            callback_url: None,
            instance: None,
            state: TaskState::Succeeded {
                result: RawValue::from_string(result).ok()?,
            },
            others: Others::default(),
        })
    }
}

/// What a listing shows of an error.
pub(crate) fn shortened(error: &TaskError) -> HeadError {
    HeadError {
        code: in_short(&error.code, CODE_IN_SHORT),
        message: in_short(&error.message, MESSAGE_IN_SHORT),
    }
}

/// Whether a listing shows this code as it is, and no other one so.
pub(crate) fn is_whole_code(code: &str) -> bool {
    code.len() < CODE_IN_SHORT && in_short(code, CODE_IN_SHORT) == code
}

fn damaged(error: &serde_json::Error) -> UnreadableRecord {
    UnreadableRecord::Damaged(describe(error))
}

fn newer_schema(schema: u64) -> UnreadableRecord {
    UnreadableRecord::Newer(format!("it has schema {schema}, and mine is {SCHEMA}"))
}

/// Why a body that cannot be read as a record is one all the same: of a newer schema, or with a status
/// that came later.
fn newer(body: &[u8]) -> Option<UnreadableRecord> {
    let Object(Version { schema, status }) = serde_json::from_slice(body).ok()?;
    if schema > SCHEMA.into() {
        return Some(newer_schema(schema));
    }
    let status = serde_json::from_str::<Cow<'_, str>>(status?.get()).ok()?;
    TaskStatus::parse(&status)
        .is_none()
        .then(|| UnreadableRecord::Newer("its status is not known here".to_owned()))
}

#[cfg(test)]
mod tests;
