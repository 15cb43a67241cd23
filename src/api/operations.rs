//! `/api/operations/{id}`: the status monitor, the result for those who poll a `Location`, and what
//! a client can do to its task. None of these consumes.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, LOCATION, RETRY_AFTER};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};

use super::base_url::base_url;
use super::headers::{JSON, NO_STORE};
use super::keys::Keyed;
use super::problem::Problem;
use super::state::Api;
use super::view::TaskView;
use crate::tasks::{Operated, RecordError, TaskId, TaskRecord, TaskState, TaskStatus, Versioned};

/// The status of a task: 200 for as long as its record exists, 304 when the client has it already.
pub(super) async fn monitor(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let task = find(&api, &path).await?;
    let etag = task.etag.map(|etag| format!("\"{}\"", etag.as_str()));
    let is_known = etag
        .as_deref()
        .is_some_and(|etag| has_matching_etag(&request, etag));
    let mut reply = if is_known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    // To be kept, but asked about each time.
    reply.insert_header((CACHE_CONTROL, "no-cache"));
    if let Some(etag) = etag {
        reply.insert_header((ETAG, etag));
    }
    if !task.record.status().is_terminal() {
        reply.insert_header((RETRY_AFTER, api.tasks.retry_after(&task.record.kind)));
    }
    Ok(if is_known {
        reply.finish()
    } else {
        reply.json(TaskView::from(&task.record))
    })
}

/// RFC 9110, section 13.1.2; a weak tag matches as well.
fn has_matching_etag(request: &HttpRequest, etag: &str) -> bool {
    let values = request
        .headers()
        .get_all(IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
}

/// The result of a task, as often as it is asked for: 202 until there is one.
pub(super) async fn result(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let record = find(&api, &path).await?.record;
    match &record.state {
        TaskState::Queued { .. } | TaskState::Running { .. } => {
            Ok(accepted(&request, &api, &record, "/result"))
        }
        TaskState::Succeeded { result } => Ok(HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, NO_STORE))
            .content_type(JSON)
            .body(result.get().to_owned())),
        TaskState::Failed { error } => Err(Problem::task_failed(error)),
        TaskState::Canceled => Err(Problem::new(
            StatusCode::GONE,
            "TaskCanceled",
            "the task was canceled",
        )),
    }
}

/// Cancels a task; gives its monitor, also when it had ended before.
pub(super) async fn cancel(api: Api, path: Path<String>) -> Result<HttpResponse, Problem> {
    let task = operated(api.tasks.cancel(id(&path)?).await)?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, NO_STORE))
        .json(TaskView::from(&task.record)))
}

/// Deletes the record of a task that has ended.
pub(super) async fn delete(api: Api, path: Path<String>) -> Result<HttpResponse, Problem> {
    operated(api.tasks.delete(id(&path)?).await)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lets a failed task run again, under its id.
pub(super) async fn retry(
    _: Keyed,
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let task = operated(api.tasks.retry(id(&path)?).await)?;
    Ok(accepted(&request, &api, &task.record, ""))
}

/// 202 with the monitor, and where to look next.
fn accepted(request: &HttpRequest, api: &Api, record: &TaskRecord, resource: &str) -> HttpResponse {
    let base = base_url(request, api.public_base_url.as_deref());
    HttpResponse::Accepted()
        .insert_header((CACHE_CONTROL, NO_STORE))
        .insert_header((
            LOCATION,
            format!("{base}/api/operations/{}{resource}", record.id),
        ))
        .insert_header((RETRY_AFTER, api.tasks.retry_after(&record.kind)))
        .json(TaskView::from(record))
}

fn operated(operated: Result<Operated, RecordError>) -> Result<Versioned, Problem> {
    match operated? {
        Operated::Done(task) => Ok(task),
        Operated::Conflict(status) => Err(Problem::conflict(match status {
            TaskStatus::Queued | TaskStatus::Running => "the task has not ended",
            TaskStatus::Succeeded => "the task has succeeded",
            TaskStatus::Failed => "the task has failed, and cannot be retried",
            TaskStatus::Canceled => "the task was canceled",
        })),
        Operated::Unknown => Err(unknown()),
    }
}

fn id(path: &str) -> Result<TaskId, Problem> {
    path.parse().map_err(|_| unknown())
}

async fn find(api: &Api, path: &str) -> Result<Versioned, Problem> {
    api.tasks.find(id(path)?).await?.ok_or_else(unknown)
}

fn unknown() -> Problem {
    Problem::not_found("there is no such task, or its result has been consumed")
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;
    use crate::corpus;

    const TAG: &str = "\"0x8DE\"";

    fn matches(value: &[u8]) -> bool {
        HeaderValue::from_bytes(value).is_ok_and(|value| {
            let request = TestRequest::default().insert_header((IF_NONE_MATCH, value));
            has_matching_etag(&request.to_http_request(), TAG)
        })
    }

    #[test]
    fn hostile_conditions_do_not_match() {
        corpus::each(|bytes| assert!(!matches(bytes) || bytes.contains(&b'*')));
    }

    proptest! {
        #[test]
        fn a_tag_is_found_wherever_it_is_in_the_list(before in r#"(W/)?"[a-z]{0,9}""#, after in r#"(W/)?"[a-z]{0,9}""#) {
            let list = format!("{before} , W/{TAG},{after}");
            prop_assert!(matches(list.as_bytes()));
            let others = format!("{before},{after}");
            prop_assert!(!matches(others.as_bytes()));
        }
    }
}
