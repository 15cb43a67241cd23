//! `GET /api/status/{task_id}`: how far a task is, in the words of Celery, for the clients of R4. Of every
//! task of the service, whichever way it came.

pub(in crate::api) mod describe;

use actix_web::http::header::RETRY_AFTER;
use actix_web::web::Path;
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::api::edge::problem::Problem;
use crate::api::edge::state::Api;
use engine::TaskState;

/// What R4 answers.
#[derive(Serialize, ToSchema)]
#[schema(as = TaskState)]
pub(in crate::api) struct StatusView<'a> {
    /// The id, as it was asked for.
    task_id: &'a str,
    /// PENDING, STARTED, RETRY, SUCCESS, FAILURE or REVOKED.
    status: &'static str,
    /// Of a task that has succeeded, its result as its kind gives it. Of one that has failed, and of one that is
    /// to be attempted again, what went wrong, as text. Otherwise null.
    #[schema(value_type = serde_json::Value)]
    result: Outcome<'a>,
}

/// What a task has come to.
#[derive(Serialize)]
#[serde(untagged)]
enum Outcome<'a> {
    None,
    Error(&'a str),
    Result(&'a RawValue),
}

/// The status of a task, for as long as its record exists. Who is not known has 404 and the same body, unless
/// the operator wants what Celery answers.
pub(in crate::api) async fn status(api: Api, path: Path<String>) -> Result<HttpResponse, Problem> {
    let found = match path.parse() {
        Ok(id) => api.tasks.find(id).await?,
        Err(_) => None,
    };
    let Some(found) = found else {
        let view = StatusView {
            task_id: &path,
            status: "PENDING",
            result: Outcome::None,
        };
        return Ok(unknown(&api).json(view));
    };
    let record = found.record;
    let mut reply = HttpResponse::Ok();
    if !record.status().is_terminal() {
        reply.insert_header((
            RETRY_AFTER,
            api.tasks.retry_after(&record.kind, record.due_at()),
        ));
    }
    let (status, result) = in_celerys_words(&record.state);
    Ok(reply.json(StatusView {
        task_id: &path,
        status,
        result,
    }))
}

fn unknown(api: &Api) -> HttpResponseBuilder {
    match api.surfaces.unknown_is_pending {
        true => HttpResponse::Ok(),
        false => HttpResponse::NotFound(),
    }
}

/// The states of Celery (<https://docs.celeryq.dev/en/stable/reference/celery.states.html>).
fn in_celerys_words(state: &TaskState) -> (&'static str, Outcome<'_>) {
    match state {
        TaskState::Queued {
            last_error: Some(error),
            ..
        } => ("RETRY", Outcome::Error(&error.message)),
        TaskState::Queued { .. } => ("PENDING", Outcome::None),
        TaskState::Running { .. } => ("STARTED", Outcome::None),
        TaskState::Succeeded { result } => ("SUCCESS", Outcome::Result(result)),
        TaskState::Failed { error } => ("FAILURE", Outcome::Error(&error.message)),
        TaskState::Canceled => ("REVOKED", Outcome::None),
    }
}
