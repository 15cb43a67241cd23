//! Beginning an instance: `POST …/orchestrators/{functionName}/{instanceId}`. Without an id of its own everybody may
//! on the route of R2's starter, as it has it; an id can be guessed, so who brings one needs its code or a key.

use std::time::Duration;

use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::value::RawValue;

use super::asked::Asked;
use super::ids::{self, shown};
use super::status::{FAILS, ended};
use super::{access, uris};
use crate::api::edge::body::{read_optional_json, refuse};
use crate::api::edge::memory::Held;
use crate::api::edge::preferences::Preferences;
use crate::api::edge::problem::Problem;
use crate::api::edge::state::Api;
use crate::api::operations::accepted::maybe_accepted;
use crate::api::tasks::submitting::traceparent;
use crate::api::tasks::{wait, watch};
use engine::limits::MAX_WAIT;
use engine::{Begun, Submission, SubmitError, TaskRecord};

/// R2's starter.
pub(in crate::api) async fn start(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::of(&request)?;
    begin(&request, &api, &asked, (&path, None), payload).await
}

/// The same with an id of the client's.
pub(in crate::api) async fn start_named(
    request: HttpRequest,
    api: Api,
    path: Path<(String, String)>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let ((function, name), asked) = (&*path, Asked::of(&request)?);
    access::to_one(&request, &api, &asked, name).await?;
    begin(&request, &api, &asked, (function, Some(name)), payload).await
}

async fn begin(
    request: &HttpRequest,
    api: &Api,
    asked: &Asked,
    (function, name): (&str, Option<&str>),
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    if api.tasks.is_stopping() {
        return Err(Problem::stopping());
    }
    let kind = ids::workflow(api, function)?;
    name.map(ids::check).transpose()?;
    let timeout = asked.seconds("timeout")?;
    // Nobody here polls, but a client that says something wrong wants to know.
    asked.seconds("pollingInterval")?;
    asked.flag(FAILS, false)?;
    uris::can_be_made(api).await?;
    let (input, held) = match read_optional_json(request, payload, api).await? {
        Some((text, held)) => (RawValue::from_string(text).map_err(refuse)?, held),
        None => (RawValue::NULL.to_owned(), Held::default()),
    };
    let mut submission = Submission {
        traceparent: traceparent(request),
        ..Submission::new(api.tasks.new_id(), kind, input)
    };
    if let Some(input) = in_text(&submission.input)
        && let Err(SubmitError::InvalidInput(_)) = api.tasks.check(&submission)
    {
        submission.input = input;
    }
    let (workflows, tasks) = (api.workflows.clone(), api.tasks.clone());
    let name = name.map(str::to_owned);
    let begun = held.during(async move {
        match name {
            None => tasks.submit(submission).await.map(Begun::New),
            Some(name) => workflows.begin_named(&name, submission).await,
        }
    });
    let (begun, _) = begun.await?;
    let record = match begun.map_err(|error| refused(request, api, error))? {
        // Others may need the memory of the input while this client waits.
        Begun::New(record) => TaskRecord {
            input: None,
            ..record
        },
        Begun::Runs(_) => {
            return Err(Problem::conflict(
                "there is an instance of this id that has not ended",
            ));
        }
    };
    match timeout {
        Some(timeout) => in_time(request, api, asked, &record, timeout).await,
        None => uris::begun(request, api, &shown(&record)).await,
    }
}

/// The JSON that a text holds. Durable Functions' SDK for Python sends an input as such a text, so a workflow that takes
/// no text has what is in it.
fn in_text(input: &RawValue) -> Option<Box<RawValue>> {
    let text: String = serde_json::from_str(input.get()).ok()?;
    RawValue::from_string(text).ok()
}

/// The reply of an instance that ends in time, or as at once.
async fn in_time(
    request: &HttpRequest,
    api: &Api,
    asked: &Asked,
    record: &TaskRecord,
    timeout: Duration,
) -> Result<HttpResponse, Problem> {
    let preferences = Preferences {
        wait: Some(timeout.min(MAX_WAIT)),
        ..Preferences::default()
    };
    // It has begun, so nothing is refused any more: who cannot wait, or cannot be sent the result now, is told where
    // it is.
    let waiter = watch(api, preferences, record.id).unwrap_or_default();
    let ended = match wait(api, preferences, waiter, record.id, false).await {
        Some(record) => api.memory.fit(ended(&record, asked)?),
        None => None,
    };
    match ended {
        Some(reply) => Ok(reply),
        None => uris::begun(request, api, &shown(record)).await,
    }
}

/// Why an instance has not begun.
pub(super) fn refused(request: &HttpRequest, api: &Api, error: SubmitError) -> Problem {
    match error {
        SubmitError::Unknown { id, cause } => maybe_accepted(request, api, id, &cause),
        error => Problem::submit(error, ""),
    }
}
