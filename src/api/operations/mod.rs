//! `/api/operations/{id}`: the status monitor, the result for those who poll a `Location`, and what
//! a client can do to its task. None of these consumes.

pub(in crate::api) mod accepted;
pub(in crate::api) mod describe;
pub(in crate::api) mod history;
pub(in crate::api) mod listing;
pub(in crate::api) mod view;

use actix_web::http::header::{CACHE_CONTROL, ETAG, LOCATION, RETRY_AFTER};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use self::accepted::accepted;
use self::view::{TaskView, result_url};
use crate::api::edge::conditions::precondition;
use crate::api::edge::headers::JSON;
use crate::api::edge::problem::Problem;
use crate::api::edge::state::Api;
use engine::{
    Operated, RecordError, Shown, Target, TaskId, TaskRecord, TaskState, TaskStatus, Versioned,
};
use ports::ETag;

/// The status of a task: 200 for as long as its record exists, 304 when the client has it already.
pub(in crate::api) async fn monitor(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = id(&path)?;
    let task = api.tasks.show(id).await?.ok_or_else(unknown)?;
    let (wanted, version) = (precondition(&request), task.etag());
    // In this order (RFC 9110, section 13.2.2).
    if !wanted.allows(version) {
        return Err(Problem::precondition_failed());
    }
    let is_known = wanted.excludes(version);
    let mut reply = if is_known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    // To be kept, but asked about each time.
    reply.insert_header((CACHE_CONTROL, "no-cache"));
    tag(&mut reply, version);
    if let Shown::Task(Versioned { record, .. }) = &task
        && !record.status().is_terminal()
    {
        reply.insert_header((
            RETRY_AFTER,
            api.tasks.retry_after(&record.kind, record.start_after()),
        ));
    }
    if is_known {
        return Ok(reply.finish());
    }
    Ok(reply.json(match &task {
        Shown::Task(task) => TaskView::new(&task.record, &request, &api),
        Shown::LargeResult(head, _) => TaskView::of_large_result(id, head, &request, &api),
    }))
}

/// Says of which version a monitor is.
pub(in crate::api) fn tag(reply: &mut HttpResponseBuilder, version: Option<&ETag>) {
    if let Some(etag) = version {
        reply.insert_header((ETAG, format!("\"{}\"", etag.as_str())));
    }
}

/// The result of a task, as often as it is asked for: 202 until there is one.
pub(in crate::api) async fn result(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let record = find(&api, &path).await?.record;
    match record.state {
        TaskState::Queued { .. } | TaskState::Running { .. } => Ok(HttpResponse::Accepted()
            .insert_header((LOCATION, result_url(record.id, &request, &api)))
            .insert_header((
                RETRY_AFTER,
                api.tasks.retry_after(&record.kind, record.start_after()),
            ))
            .json(TaskView::new(&record, &request, &api))),
        ended => given(ended),
    }
}

/// What there is of a task for who wants its result: that, or why there is none.
pub(in crate::api) fn given(state: TaskState) -> Result<HttpResponse, Problem> {
    match state {
        // It may be megabytes, and is not copied.
        TaskState::Succeeded { result } => Ok(HttpResponse::Ok()
            .content_type(JSON)
            .body(String::from(Box::<str>::from(result)))),
        TaskState::Failed { error } => Err(Problem::task_failed(&error)),
        TaskState::Canceled => Err(Problem::task_canceled()),
        TaskState::Queued { .. } | TaskState::Running { .. } => {
            Err(Problem::not_found("the task has not ended yet"))
        }
    }
}

/// Cancels a task; gives its monitor, also when it had ended before.
pub(in crate::api) async fn cancel(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let canceled = api.tasks.cancel(target(&request, &path)?).await;
    let task = operated(&api, canceled)?;
    Ok(done(&request, &api, &task, HttpResponse::Ok))
}

/// Deletes the record of a task that has ended.
pub(in crate::api) async fn delete(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let deleted = api.tasks.delete(target(&request, &path)?).await;
    operated(&api, deleted)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lets a failed task run again, under its id.
pub(in crate::api) async fn retry(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let retried = api.tasks.retry(target(&request, &path)?).await;
    let task = operated(&api, retried)?;
    Ok(begun_again(&request, &api, &task))
}

/// 202 for a task that runs again.
pub(in crate::api) fn begun_again(
    request: &HttpRequest,
    api: &Api,
    task: &Versioned,
) -> HttpResponse {
    let retry_after = api.tasks.retry_after(&task.record.kind, None);
    done(request, api, task, || {
        accepted(request, api, task.record.id, retry_after)
    })
}

/// What a task has become by what was done to it. That is done, so it is not refused for want of memory: then the
/// reply leaves out what a workflow says of itself, which may be large. (So may a result, of a task that nothing was done
/// to.)
fn done(
    request: &HttpRequest,
    api: &Api,
    task: &Versioned,
    head: impl Fn() -> HttpResponseBuilder,
) -> HttpResponse {
    let reply = |view: TaskView<'_>| {
        let mut reply = head();
        tag(&mut reply, task.etag.as_ref());
        reply.json(view)
    };
    let view = || TaskView::new(&task.record, request, api);
    let whole = api.memory.fit(reply(view()));
    whole.unwrap_or_else(|| reply(view().without_custom_status()))
}

fn operated(api: &Api, operated: Result<Operated, RecordError>) -> Result<Versioned, Problem> {
    match operated? {
        Operated::Done(task) => Ok(task),
        Operated::Conflict(record) => Err(conflict(api, &record)),
        Operated::OtherVersion => Err(Problem::precondition_failed()),
        Operated::Unknown => Err(unknown()),
    }
}

/// What cannot be done to a task that has not ended may be possible when it has.
fn conflict(api: &Api, record: &TaskRecord) -> Problem {
    match record.status() {
        TaskStatus::Queued | TaskStatus::Running => Problem::conflict("the task has not ended")
            .retry_after(api.tasks.retry_after(&record.kind, record.start_after())),
        TaskStatus::Succeeded => Problem::conflict("the task has succeeded"),
        TaskStatus::Failed => Problem::conflict("the task has failed, and cannot be retried"),
        TaskStatus::Canceled => Problem::conflict("the task was canceled"),
    }
}

/// The task that the client means, in the version it asks for.
fn target(request: &HttpRequest, path: &str) -> Result<Target, Problem> {
    Ok(Target {
        id: id(path)?,
        only_if: precondition(request),
    })
}

fn id(path: &str) -> Result<TaskId, Problem> {
    path.parse().map_err(|_| unknown())
}

async fn find(api: &Api, path: &str) -> Result<Versioned, Problem> {
    api.tasks.find(id(path)?).await?.ok_or_else(unknown)
}

/// There is no task of this id.
pub(in crate::api) fn unknown() -> Problem {
    Problem::not_found("there is no such task, or its result has been consumed")
}
