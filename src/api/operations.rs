//! `GET /api/operations/{id}` and `…/result`: the status monitor, and the result for those who
//! poll a `Location`. Neither consumes.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION, RETRY_AFTER};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};

use super::base_url::base_url;
use super::problem::Problem;
use super::state::{Api, POLL_SECONDS};
use super::view::TaskView;
use crate::tasks::{TaskRecord, TaskState};

/// The status of a task: 200 for as long as its record exists.
pub(super) async fn monitor(api: Api, path: Path<String>) -> Result<HttpResponse, Problem> {
    let record = find(&api, &path).await?;
    let mut reply = HttpResponse::Ok();
    reply.insert_header((CACHE_CONTROL, "no-store"));
    if !record.status().is_terminal() {
        reply.insert_header((RETRY_AFTER, POLL_SECONDS));
    }
    Ok(reply.json(TaskView::from(&record)))
}

/// The result of a task, as often as it is asked for: 202 until there is one.
pub(super) async fn result(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let record = find(&api, &path).await?;
    match &record.state {
        TaskState::Queued | TaskState::Running { .. } => {
            let base = base_url(&request, api.public_base_url.as_deref());
            let itself = format!("{base}/api/operations/{}/result", record.id);
            Ok(HttpResponse::Accepted()
                .insert_header((CACHE_CONTROL, "no-store"))
                .insert_header((LOCATION, itself))
                .insert_header((RETRY_AFTER, POLL_SECONDS))
                .json(TaskView::from(&record)))
        }
        TaskState::Succeeded { result } => Ok(HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .content_type("application/json")
            .body(result.get().to_owned())),
        TaskState::Failed { error } => Err(Problem::task_failed(error)),
        TaskState::Canceled => Err(Problem::new(
            StatusCode::GONE,
            "TaskCanceled",
            "the task was canceled",
        )),
    }
}

async fn find(api: &Api, id: &str) -> Result<TaskRecord, Problem> {
    let unknown = || Problem::not_found("there is no such task, or its result has been consumed");
    let id = id.parse().map_err(|_| unknown())?;
    api.tasks.find(id).await?.ok_or_else(unknown)
}
