//! The end of a task, told to whoever its client named. A task of its own does that, which is tried again like any
//! other: one for each round of attempts, under an id that is made of the round and its end.
//!
//! The record comes first. Whoever writes the end has the notice handed in before the message of the task is
//! settled; and whoever receives that message when the task has ended does it again, and finds the notice there. If
//! it has lost its message, a sweep sends that. So a death in between loses nothing.

use serde_json::value::{RawValue, to_raw_value};

use crate::local::notices::Notices;
use crate::model::notice::{NOTICE_KIND, Notice, notice_task};
use crate::model::task::TaskRecord;
use crate::tasks::service::Tasks;
use crate::tasks::submit::{Submission, SubmitError};
use ports::StorageError;
use work::{BoxFuture, InvalidInput, KindName};

impl Tasks {
    /// Says whether the end of a task may be told where a submission wants it.
    pub(crate) fn check_callback_url(&self, submission: &Submission) -> Result<(), SubmitError> {
        let Some(url) = submission.wishes.callback_url() else {
            return Ok(());
        };
        let refused = |message: &str| {
            SubmitError::InvalidCallbackUrl(InvalidInput::new("callbackUrl", message))
        };
        let name = KindName::internal(NOTICE_KIND);
        let kind = self.parts.kinds.get(name.as_str());
        let kind = kind.ok_or_else(|| {
            refused("callbackUrl is nothing to send here: no host may be called back")
        })?;
        // What is told does not have the input, which may be megabytes.
        let (input, now) = (RawValue::NULL.to_owned(), self.parts.clock.now());
        let record = TaskRecord::queued(submission.id, submission.kind.clone(), input, now);
        kind.kind
            .check(&input_of(&record, url))
            .map_err(|invalid| refused(&format!("callbackUrl {}", invalid.message)))
    }

    /// Tells an end where nothing else will if it is not told now, or somebody else does later.
    pub(crate) async fn tell_soon(&self, ended: &TaskRecord) {
        if let Err(error) = self.tell(ended).await {
            log::warn!("task.id" = ended.id, "task.kind" = ended.kind; "its end is not told yet: {error}");
        }
    }
}

impl Notices for Tasks {
    fn failed(&self) {
        self.hand_in_due_soon();
    }

    fn tell(&self, ended: &TaskRecord) -> BoxFuture<'static, Result<(), StorageError>> {
        let Some(url) = &ended.callback_url else {
            return Box::pin(async { Ok(()) });
        };
        let (id, round, ended_at) = (ended.id, ended.retries, ended.updated_at);
        let kind = KindName::internal(NOTICE_KIND);
        let (input, traceparent) = (input_of(ended, url), ended.traceparent.clone());
        let tasks = self.clone();
        Box::pin(async move {
            if let Err(error) = tasks.check_input(kind.as_str(), &input) {
                // The settings have changed, which is the operator's word.
                log::warn!("task.id" = id; "its end is told to nobody: {error}");
                return Ok(());
            }
            let notice = notice_task(tasks.ids_key().await?, id, round, ended_at);
            let submission = Submission {
                traceparent,
                ..Submission::new(notice, kind.as_str(), input)
            };
            match tasks.submit_first(submission).await {
                Ok(_) => Ok(()),
                Err(SubmitError::Storage(error)) => Err(error),
                Err(error) => Err(StorageError::transient(
                    "hand in a callback",
                    error.to_string(),
                )),
            }
        })
    }
}

fn input_of(record: &TaskRecord, url: &str) -> Box<RawValue> {
    to_raw_value(&Notice::of(record, url)).expect("it has string keys and finite values")
}
