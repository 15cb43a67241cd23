//! Taking in a submission, once for its key if it has one. Every route that makes tasks goes through here.

use actix_web::HttpRequest;

use super::submitting::Repetition;
use crate::api::edge::memory::Held;
use crate::api::edge::problem::Problem;
use crate::api::edge::state::Api;
use crate::api::operations::accepted::maybe_accepted;
use engine::{Submission, SubmitError, TaskId, TaskRecord};

/// Accepts a submission, for which this much memory is held. Gives the id of its task, and the record when it is
/// known to be the submission's own: under a key the task may have been accepted before. `prefix` is where in the
/// body the input is.
pub(in crate::api) async fn take_in(
    request: &HttpRequest,
    api: &Api,
    repetition: &Repetition,
    (submission, held): (Submission, Held),
    prefix: &str,
) -> Result<(TaskId, Option<TaskRecord>), Problem> {
    let refused = |error| match error {
        SubmitError::Unknown { id, cause } => maybe_accepted(request, api, id, &cause),
        error => Problem::submit(error, prefix),
    };
    let tasks = api.tasks.clone();
    let Some(key) = repetition.key() else {
        let accepted = held.during(async move { tasks.submit(submission).await });
        let (accepted, _) = accepted.await?;
        let record = accepted.map_err(refused)?;
        return Ok((record.id, Some(record)));
    };
    let key = key.to_owned();
    // Most have none, and are not made larger by it.
    let accepted = Box::pin(async move { tasks.submit_once(&key, submission).await });
    let (accepted, _) = held.during(accepted).await?;
    let id = accepted.map_err(|error| repetition.refused(error, refused))?;
    Ok((id, None))
}
