//! `POST /api/tasks` and `GET /api/tasks/{task_id}`: submit, and the fetch that consumes.

mod body;
mod consuming;
pub(in crate::api) mod describe;
mod duration;
mod key_text;
mod many;
mod result_body;
pub(in crate::api) mod schemas;
pub(in crate::api) mod submitting;
pub(in crate::api) mod taking_in;

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::{LINK, RETRY_AFTER};
use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use self::body::{Body, Work};
use self::consuming::ConsumingBody;
use self::result_body::{result_body, submitted_result_body};
use self::submitting::{Repetition, traceparent};
use self::taking_in::take_in;
use crate::api::edge::base_url::base_url;
use crate::api::edge::body::read_json;
use crate::api::edge::headers::{JSON, PREFERENCE_APPLIED};
use crate::api::edge::preferences::{Preferences, has_api_version};
use crate::api::edge::problem::Problem;
use crate::api::edge::state::Api;
use crate::api::operations::accepted::accepted;
use crate::api::operations::view::TaskView;
use engine::{Submission, TaskId, TaskRecord, TaskState, Waiter};
use ports::budget;

/// The reply to a submission: what R0 answers, or the kind in place of the number.
#[derive(Serialize)]
struct Accepted<'a> {
    id: TaskId,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
}

/// Accepts work: 202, and where to look for it. A client that prefers to wait gets 200 with the
/// result if it is there in time; that leaves the record, so that a lost reply loses nothing.
pub(in crate::api) async fn submit(
    request: HttpRequest,
    api: Api,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let repetition = Repetition::of_submission(&request, &api)?;
    let reply = accept(&request, &api, payload, &repetition).await;
    repetition.tell(reply)
}

async fn accept(
    request: &HttpRequest,
    api: &Api,
    payload: Payload,
    repetition: &Repetition,
) -> Result<HttpResponse, Problem> {
    let mut preferences = Preferences::of(request);
    let (text, held) = read_json(request, payload, api).await?;
    if many::is_array(&text) {
        // What is seldom does not make every submission larger.
        return Box::pin(many::accept(request, api, (&text, held), repetition)).await;
    }
    let body = Body::parse(&text)?;
    let (kind, input, prefix) = body.work.parts();
    let submission = Submission {
        traceparent: traceparent(request),
        wishes: body.wishes.clone(),
        ..Submission::new(api.tasks.new_id(), kind, input)
    };
    // Before the task is there, so that its end is not missed; and there is no task if too many wait.
    let mut waiter = watch(api, preferences, submission.id)?;
    let mine = submission.id;
    let mine_held = (submission, held);
    let (id, record) = take_in(request, api, repetition, mine_held, prefix).await?;
    let record = record.map(|record| TaskRecord {
        input: None,
        ..record
    });
    if id != mine {
        // From here on there is a task, so nothing is refused any more.
        waiter = watch(api, preferences, id).unwrap_or_default();
        preferences.wait = preferences.wait.filter(|_| waiter.is_some());
    }
    let retry_after = api
        .tasks
        .retry_after(kind, api.tasks.due_at(body.wishes.start()));
    let (number, kind) = match body.work {
        Work::R0 { number } => (Some(number.to_owned()), None),
        Work::Kind { kind, .. } => (None, Some(kind)),
    };
    // Others may need the memory while this client waits.
    drop(text);
    // A task that was accepted before may have ended before, too.
    let is_first = record.is_some();
    if let Some(ended) = wait(api, preferences, waiter, id, is_first).await
        && let TaskState::Succeeded { result } = &ended.state
    {
        let body = submitted_result_body(ended.id, result);
        // A result that cannot be sent now is there to be asked for.
        if let Some(reply) = api.memory.fit(found(preferences).body(body)) {
            return Ok(reply);
        }
    }

    let head = || {
        let mut reply = accepted(request, api, id, retry_after);
        if let Some(applied) = preferences.applied() {
            reply.insert_header((PREFERENCE_APPLIED, applied));
        }
        reply
    };
    if preferences.representation || has_api_version(request.query_string()) {
        let record = match record {
            Some(record) => Some(record),
            None => look(api, id).await,
        };
        // It may have ended before, with a result.
        if let Some(record) = record
            && let Some(reply) = api
                .memory
                .fit(head().json(TaskView::new(&record, request, api)))
        {
            return Ok(reply);
        }
    }
    Ok(head().json(Accepted {
        id,
        number: number.as_deref(),
        kind: kind.as_deref(),
    }))
}

/// Begins to wait for a task, if the client wants to.
pub(in crate::api) fn watch(
    api: &Api,
    preferences: Preferences,
    id: TaskId,
) -> Result<Option<Waiter>, Problem> {
    match preferences.wait {
        Some(_) => api
            .tasks
            .watch(id)
            .map(Some)
            .map_err(|_| Problem::too_many_waiters()),
        None => Ok(None),
    }
}

/// What R0 answers for every task that has no result to give.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct NoResult<'a> {
    /// The id, as it was asked for.
    task_id: &'a str,
}

/// Gives the result of a succeeded task, once: the record is deleted after the reply. `HEAD` leaves it.
pub(in crate::api) async fn fetch(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let preferences = Preferences {
        respond_async: false,
        representation: false,
        ..Preferences::of(&request)
    };
    let mut absent = HttpResponse::NotFound();
    let Ok(id) = path.parse() else {
        return Ok(absent.json(NoResult { task_id: &path }));
    };
    let waiter = watch(&api, preferences, id)?;
    let Some(found_now) = api.tasks.find(id).await? else {
        return Ok(absent.json(NoResult { task_id: &path }));
    };
    let mut record = found_now.record;
    // It may be megabytes, for as long as the client waits.
    (record.input, record.instance) = (None, None);
    let ended = if record.status().is_terminal() {
        None
    } else {
        wait(&api, preferences, waiter, id, true).await
    };
    let record = ended.as_deref().unwrap_or(&record);

    if let TaskState::Succeeded { result } = &record.state {
        let mut reply = found(preferences);
        let body = result_body(record.id, result);
        return Ok(if request.method() == Method::HEAD {
            reply.body(body)
        } else {
            reply.body(ConsumingBody::new(body, api.tasks.clone(), id))
        });
    }
    let base = base_url(&request, api.public_base_url.as_deref());
    absent.insert_header((
        LINK,
        format!("<{base}/api/operations/{id}>; rel=\"monitor\""),
    ));
    if !record.status().is_terminal() {
        absent.insert_header((
            RETRY_AFTER,
            api.tasks.retry_after(&record.kind, record.start_after()),
        ));
    }
    if let Some(applied) = preferences.applied() {
        absent.insert_header((PREFERENCE_APPLIED, applied));
    }
    Ok(absent.json(NoResult { task_id: &path }))
}

/// Waits for a task to end, if the client wants to. Without `is_open` the task may have ended before
/// the wait began, so the record is read first.
pub(in crate::api) async fn wait(
    api: &Api,
    preferences: Preferences,
    waiter: Option<Waiter>,
    id: TaskId,
    is_open: bool,
) -> Option<Arc<TaskRecord>> {
    let (wait, waiter) = (preferences.wait?, waiter?);
    budget::extend(wait);
    if !is_open
        && let Some(record) = look(api, id).await
        && record.status().is_terminal()
    {
        return Some(Arc::new(record));
    }
    // The task itself is well when waiting breaks off: the client can go on asking.
    api.tasks.wait(waiter, wait).await.unwrap_or_else(|error| {
        log::warn!("task.id" = id; "waiting broken off: {error}");
        None
    })
}

/// The record of a task that has been accepted: when it cannot be read now, the reply does without.
async fn look(api: &Api, id: TaskId) -> Option<TaskRecord> {
    let found = api.tasks.find(id).await.unwrap_or_else(|error| {
        log::warn!("task.id" = id; "accepted task not shown: {error}");
        None
    });
    found.map(|found| found.record)
}

/// The head of a reply with a result.
fn found(preferences: Preferences) -> HttpResponseBuilder {
    let mut reply = HttpResponse::Ok();
    reply.content_type(JSON);
    if let Some(applied) = preferences.applied() {
        reply.insert_header((PREFERENCE_APPLIED, applied));
    }
    reply
}
