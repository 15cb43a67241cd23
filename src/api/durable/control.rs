//! What is done to an instance: events, terminate, suspend, resume, rewind, restart. Each is 202 when it is taken in,
//! and 410 for an instance that has ended.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::value::RawValue;

use super::asked::Asked;
use super::found::{found, unknown};
use super::ids::shown;
use super::start::refused;
use super::words::runtime_status;
use super::{access, uris};
use crate::api::edge::body::{read_json, refuse};
use crate::api::edge::problem::{Code, Problem};
use crate::api::edge::state::Api;
use crate::api::tasks::submitting::traceparent;
use engine::{Controlled, NewEvent, Operated, RecordError, Submission, TaskRecord};

/// The longest name of an event, in characters: it is in the journal.
const MAX_EVENT_NAME: usize = 256;

/// Lets an event arrive. Its body is JSON, and says so.
pub(in crate::api) async fn raise(
    request: HttpRequest,
    api: Api,
    path: Path<(String, String)>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let ((name, event), asked) = (&*path, Asked::of(&request)?);
    access::to_one(&request, &api, &asked, name).await?;
    if event.chars().count() > MAX_EVENT_NAME {
        let detail = "eventName must have 256 characters at most";
        return Err(Problem::new(Code::InvalidEventName, detail).target("eventName"));
    }
    if !says_json(&request) {
        let detail = "an event must be application/json, and say so";
        return Err(Problem::new(Code::NotJson, detail).target("Content-Type"));
    }
    let (text, held) = read_json(&request, payload, &api).await?;
    let data = RawValue::from_string(text).map_err(refuse)?;
    let id = found(&api, name).await?.record.id;
    let event = NewEvent {
        name: event.clone(),
        data,
    };
    let workflows = api.workflows.clone();
    let raised = held.during(async move { workflows.raise(id, event).await });
    let (raised, _) = raised.await?;
    taken(raised)
}

/// Ends an instance at once.
pub(in crate::api) async fn terminate(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let (record, reason) = steered(&request, &api, &path).await?;
    if record.status().is_terminal() {
        return Err(has_ended());
    }
    match api
        .tasks
        .cancel_because(record.id, reason.as_deref())
        .await?
    {
        Operated::Done(_) => Ok(HttpResponse::Accepted().finish()),
        Operated::Conflict(_) | Operated::OtherVersion => Err(has_ended()),
        Operated::Unknown => Err(unknown()),
    }
}

/// Lets an instance stand still; one that does has another reason from now on.
pub(in crate::api) async fn suspend(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let (record, reason) = steered(&request, &api, &path).await?;
    let reason = reason.as_deref();
    taken(api.workflows.suspend(record.id, reason).await)
}

/// Lets an instance go on.
pub(in crate::api) async fn resume(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let (record, reason) = steered(&request, &api, &path).await?;
    let reason = reason.as_deref();
    taken(api.workflows.resume(record.id, reason).await)
}

/// Lets an instance that has failed go on from there.
pub(in crate::api) async fn rewind(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    // The reason is told to nobody: what has failed is no longer in the history.
    let (record, _) = steered(&request, &api, &path).await?;
    match api.tasks.retry(record.id).await? {
        Operated::Done(_) => Ok(HttpResponse::Accepted().finish()),
        Operated::Conflict(record) => {
            Err(wrong_status(&record, "one that has failed can be rewound"))
        }
        Operated::OtherVersion | Operated::Unknown => Err(unknown()),
    }
}

/// Begins an instance with the input of this one: another, or this one anew once it has ended.
pub(in crate::api) async fn restart(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let (name, asked) = (&**path, Asked::of(&request)?);
    access::to_one(&request, &api, &asked, name).await?;
    let is_another = asked.flag("restartWithNewInstanceId", true)?;
    if api.tasks.is_stopping() {
        return Err(Problem::stopping());
    }
    let known = api.workflows.named(name).await?;
    let gone = || {
        Problem::new(
            Code::UnknownInstance,
            "there is no such instance to restart",
        )
    };
    let record = known.ok_or_else(gone)?.record;
    let input = record.input.ok_or_else(gone)?;
    uris::can_be_made(&api).await?;
    let record = if is_another {
        let submission = Submission {
            traceparent: traceparent(&request),
            ..Submission::new(api.tasks.new_id(), record.kind, input)
        };
        let submitted = api.tasks.submit(submission).await;
        submitted.map_err(|error| refused(&request, &api, error))?
    } else {
        let begun = api.tasks.begin_anew(record.id, &record.kind, input).await;
        match begun.map_err(|error| refused(&request, &api, error))? {
            Operated::Done(task) => task.record,
            Operated::Conflict(record) => {
                return Err(wrong_status(&record, "one that has ended can begin anew"));
            }
            Operated::OtherVersion | Operated::Unknown => return Err(gone()),
        }
    };
    uris::begun(&request, &api, &shown(&record)).await
}

/// The instance that something is to be done to, by somebody who may, and why.
async fn steered(
    request: &HttpRequest,
    api: &Api,
    name: &str,
) -> Result<(TaskRecord, Option<String>), Problem> {
    let asked = Asked::of(request)?;
    access::to_one(request, api, &asked, name).await?;
    let reason = asked.reason()?.map(str::to_owned);
    Ok((found(api, name).await?.record, reason))
}

/// Whether a request says of its body that it is JSON, in so many words.
fn says_json(request: &HttpRequest) -> bool {
    let said = request.headers().get(CONTENT_TYPE);
    let said = said
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = said.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

fn taken(controlled: Result<Controlled, RecordError>) -> Result<HttpResponse, Problem> {
    match controlled? {
        Controlled::Done(_) => Ok(HttpResponse::Accepted().finish()),
        Controlled::Ended(_) => Err(has_ended()),
        Controlled::Unknown => Err(unknown()),
    }
}

fn has_ended() -> Problem {
    Problem::new(Code::TaskEnded, "the instance has ended")
}

/// The status of an instance does not allow it.
pub(super) fn wrong_status(record: &TaskRecord, but: &str) -> Problem {
    let status = runtime_status(record);
    Problem::new(
        Code::WrongStatus,
        format!("the instance is {status}; only {but}"),
    )
}
