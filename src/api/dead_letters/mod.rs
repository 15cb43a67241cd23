//! `/api/dead-letters` (key): failed tasks and messages that name no task, in one place. They are listed, looked
//! at, replayed and deleted, one by one or by what they have in common.

mod body;
pub(in crate::api) mod describe;
mod query;
pub(in crate::api) mod schemas;
pub(in crate::api) mod view;

use std::time::Duration;

use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use self::query::{BulkQuery, ListQuery};
use self::view::{Counted, LetterList, LetterView, Sent};
use crate::api::edge::base_url::base_url;
use crate::api::edge::body::read_optional_json;
use crate::api::edge::continuation;
use crate::api::edge::problem::Problem;
use crate::api::edge::query::CONTINUATION;
use crate::api::edge::state::Api;
use crate::api::operations::accepted::{accepted, maybe_accepted};
use crate::api::operations::begun_again;
use crate::api::operations::view::TaskView;
use engine::json::shortened;
use engine::{Bulk, ListError, Replayed, SubmitError, TaskId, TaskRecord};
use ports::budget;

/// What a dry run may take beside the time of other requests: there may be many letters.
const DRY_RUN: Duration = Duration::from_secs(60);

/// A page of dead letters, newest first.
pub(in crate::api) async fn list(request: HttpRequest, api: Api) -> Result<HttpResponse, Problem> {
    let query = ListQuery::parse(request.query_string())?;
    let page = api
        .tasks
        .dead_letters(&query.filter, query.top, query.position.as_ref())
        .await
        .map_err(unlisted)?;
    let next_link = page.next.map(|next| {
        let base = base_url(&request, api.public_base_url.as_deref());
        format!("{base}/api/dead-letters?{}", query.going_on(next))
    });
    let letters = page.letters.iter();
    let value = letters.map(|letter| LetterView::new(letter, &request, &api));
    Ok(HttpResponse::Ok().json(LetterList {
        value: value.collect(),
        next_link,
    }))
}

/// A dead letter, with all that it holds.
pub(in crate::api) async fn one(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let letter = api.tasks.dead_letter(id(&path)?).await?;
    let letter = letter.ok_or_else(unknown)?;
    let acted = api.tasks.acted(letter.id).await?;
    Ok(HttpResponse::Ok().json(LetterView::new(&letter, &request, &api).with(&acted)))
}

/// Replays a dead letter, with another input if the body has one: 202 with where to look for the task that
/// runs; of a message that is in its queue again there is none.
pub(in crate::api) async fn replay(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = id(&path)?;
    let read = read_optional_json(&request, payload, &api).await?;
    let (text, held) = read.unzip();
    let edit = text.map(|text| body::read(&text)).transpose()?;
    let tasks = api.tasks.clone();
    let replayed = async move { tasks.replay(id, edit).await };
    let (replayed, _) = held.unwrap_or_default().during(replayed).await?;
    match replayed.map_err(|error| refused(&request, &api, error))? {
        Replayed::Task(task) => Ok(begun_again(&request, &api, &task)),
        Replayed::Made(record) => Ok(runs(&request, &api, &record)),
        Replayed::Sent { queue } => Ok(HttpResponse::Accepted().json(Sent { id, queue: &queue })),
        Replayed::Conflict(record) if record.input.is_none() => {
            Err(Problem::conflict("the task has no input to run with"))
        }
        Replayed::Conflict(_) => Err(Problem::conflict("the task has not failed")),
        Replayed::OtherKind(kind) => {
            let detail = format!("the task stays of its kind, {}", shortened(&kind));
            Err(Problem::invalid("kind", detail))
        }
        Replayed::InProgress => {
            Err(Problem::conflict("the dead letter is being replayed").retry_after(1))
        }
        Replayed::Unknown => Err(unknown()),
    }
}

/// Replays what the filters take, as a task.
pub(in crate::api) async fn replay_all(
    request: HttpRequest,
    api: Api,
) -> Result<HttpResponse, Problem> {
    bulk(&request, &api, Bulk::Replay).await
}

/// Deletes what the filters take, as a task.
pub(in crate::api) async fn delete_all(
    request: HttpRequest,
    api: Api,
) -> Result<HttpResponse, Problem> {
    bulk(&request, &api, Bulk::Delete).await
}

/// 202 with the task that does it; of a dry run 200 with how many it would be done to.
async fn bulk(request: &HttpRequest, api: &Api, bulk: Bulk) -> Result<HttpResponse, Problem> {
    let query = BulkQuery::parse(request.query_string())?;
    if query.is_dry_run {
        budget::extend(DRY_RUN);
        let count = api.tasks.count_bulk(bulk, query.filter).await;
        let count = count.map_err(unlisted)?;
        return Ok(HttpResponse::Ok().json(Counted { count }));
    }
    if api.tasks.is_stopping() {
        return Err(Problem::stopping());
    }
    let submitted = api.tasks.submit_bulk(bulk, query.filter).await;
    let record = submitted.map_err(|error| refused(request, api, error))?;
    Ok(runs(request, api, &record))
}

/// 202 for a task that was made.
fn runs(request: &HttpRequest, api: &Api, record: &TaskRecord) -> HttpResponse {
    let retry_after = api.tasks.retry_after(&record.kind, None);
    let mut reply = accepted(request, api, record.id, retry_after);
    reply.json(TaskView::new(record, request, api))
}

fn refused(request: &HttpRequest, api: &Api, error: SubmitError) -> Problem {
    match error {
        SubmitError::Unknown { id, cause } => maybe_accepted(request, api, id, &cause),
        SubmitError::Storage(cause) if cause.is_unanswered() => Problem::outcome_unknown(&cause),
        error => Problem::submit(error, "input"),
    }
}

fn unlisted(error: ListError) -> Problem {
    match error {
        ListError::UnknownPosition => continuation::invalid(CONTINUATION),
        ListError::Storage(error) => Problem::storage(&error),
    }
}

fn id(path: &str) -> Result<TaskId, Problem> {
    path.parse().map_err(|_| unknown())
}

fn unknown() -> Problem {
    Problem::not_found("there is no such dead letter, or not any more")
}
