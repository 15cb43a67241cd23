//! `POST /api/callbacks/{id}`: the report of who goes on with an attempt that was handed over. Its token, which
//! the service made for this one attempt, is in place of a key.

pub(in crate::api) mod describe;
mod report;
pub(in crate::api) mod schemas;

use actix_web::http::header::{HeaderValue, WWW_AUTHENTICATE};
use actix_web::web::{Path, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::edge::body::read_json;
use super::edge::problem::{Code, Problem};
use super::edge::state::Api;
use engine::{Attempted, CalledBack};

/// Seconds after which an attempt has been handed over, whose answer is on its way.
const HANDED_OVER_IN: u64 = 1;

/// What a client shows, for `WWW-Authenticate`.
const TOKEN: HeaderValue = HeaderValue::from_static("CallbackToken");

#[derive(Deserialize)]
struct TokenQuery {
    token: String,
}

/// Takes a report: 200 when it counts, 409 and 410 when the attempt or the task is over.
pub(in crate::api) async fn report(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    // Before the body: a stranger's is not read.
    let attempted = attempted(&request, &api, &path).ok_or_else(unauthorized)?;
    let (text, held) = read_json(&request, payload, &api).await?;
    let report = report::read(&text)?;
    let tasks = api.tasks.clone();
    let taken = held.during(async move { tasks.called_back(attempted, report).await });
    let (taken, _) = taken.await?;
    match taken? {
        CalledBack::Taken => Ok(HttpResponse::Ok().finish()),
        CalledBack::OlderAttempt => Err(Problem::new(
            Code::OlderAttempt,
            "the attempt is over, and the task goes on without it",
        )),
        CalledBack::TooSoon => Err(Problem::new(
            Code::NotHandedOver,
            "the attempt is not handed over yet; nothing was changed",
        )
        .retry_after(HANDED_OVER_IN)),
        CalledBack::Ended => Err(Problem::new(Code::TaskEnded, "the task has ended")),
        CalledBack::Unknown => Err(Problem::not_found("there is no such task")),
    }
}

/// The attempt that the request's token is about.
fn attempted(request: &HttpRequest, api: &Api, id: &str) -> Option<Attempted> {
    let query = Query::<TokenQuery>::from_query(request.query_string()).ok()?;
    api.tasks.callbacks()?.read(id.parse().ok()?, &query.token)
}

fn unauthorized() -> Problem {
    Problem::new(
        Code::InvalidToken,
        "the query parameter token is not the one that the service gave for this task",
    )
    .header(WWW_AUTHENTICATE, TOKEN)
}
