//! Tasks that work hands in: once each, however often its own task is attempted.

use tokio::runtime::Handle;

use crate::model::trace::is_traceparent;
use crate::tasks::idempotency::KeyedSubmitError;
use crate::tasks::service::Tasks;
use crate::tasks::submit::{Submission, SubmitError};
use work::{BoxFuture, FollowUp, SubmitFailed, Submitter};

/// Takes in what attempts hand in.
pub(crate) struct FollowUps {
    tasks: Tasks,
    /// Where it is done: who waits for it may be a thread without a runtime.
    runtime: Option<Handle>,
}

impl FollowUps {
    /// On the runtime that this is called in.
    pub(crate) fn new(tasks: Tasks) -> Self {
        Self {
            tasks,
            runtime: Handle::try_current().ok(),
        }
    }
}

impl Submitter for FollowUps {
    fn submit(&self, follow_up: FollowUp) -> BoxFuture<'static, Result<String, SubmitFailed>> {
        let Some(runtime) = &self.runtime else {
            return Box::pin(async { Err(SubmitFailed::Unavailable(None)) });
        };
        let submitted = runtime.spawn(submit(self.tasks.clone(), follow_up));
        Box::pin(async move {
            submitted.await.unwrap_or_else(|broken_off| {
                Err(SubmitFailed::Unavailable(Some(broken_off.into())))
            })
        })
    }
}

async fn submit(tasks: Tasks, follow_up: FollowUp) -> Result<String, SubmitFailed> {
    let FollowUp {
        parent,
        ordinal,
        kind,
        input,
        traceparent,
        ..
    } = follow_up;
    // No client can send such a key: a header holds no such character.
    let key = format!("\0{parent}\0{ordinal}");
    let submission = Submission {
        traceparent: traceparent.filter(|parent| is_traceparent(parent)),
        ..Submission::new(tasks.new_id(), kind.clone(), input)
    };
    // What stands for a task is its place among those of its parent, and not what it is.
    let submitted = tasks.submit_keyed(&key, &key, submission).await;
    match submitted {
        Ok(id) => Ok(id.to_string()),
        Err(KeyedSubmitError::Submit(SubmitError::UnknownKind { .. })) => {
            Err(SubmitFailed::UnknownKind(kind))
        }
        Err(KeyedSubmitError::Submit(SubmitError::InvalidInput(invalid))) => {
            Err(SubmitFailed::InvalidInput(invalid))
        }
        Err(error) => Err(SubmitFailed::Unavailable(Some(error.into()))),
    }
}
