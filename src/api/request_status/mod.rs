//! `GET /api/RequestStatus/{id}` and `POST /api/asyncprocessingworkacceptor`: the two endpoints of Microsoft's
//! own sample of the pattern, `async-request-reply` in `mspnp/cloud-design-patterns`.

pub(in crate::api) mod acceptor;
mod asked;
pub(in crate::api) mod describe;
pub(in crate::api) mod schemas;

use actix_web::http::header::LOCATION;
use actix_web::web::{Bytes, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use self::asked::{Asked, OnComplete, OnPending};
use crate::api::edge::base_url::base_url;
use crate::api::edge::headers::JSON;
use crate::api::edge::preferences::Preferences;
use crate::api::edge::problem::Problem;
use crate::api::edge::state::Api;
use crate::api::operations::{given, unknown};
use crate::api::tasks::watch;
use engine::limits::MAX_WAIT;
use engine::{TaskId, TaskState};
use ports::budget;

/// What the sample answers of a task that has not ended.
#[derive(Serialize)]
struct InProgress {
    status: &'static str,
    #[serde(rename = "Location")]
    location: String,
}

/// The result of a task, or where it is; of one that has not ended, that it has not, at once or after a while.
pub(in crate::api) async fn status(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::parse(request.query_string())?;
    let id: TaskId = path.parse().map_err(|_| unknown())?;
    let preferences = preferences(&request, asked.on_pending);
    // Before the task is looked at, so that its end is not missed.
    let waiter = watch(&api, preferences, id)?;
    let mut record = api.tasks.find(id).await?.ok_or_else(unknown)?.record;
    // It may be megabytes, for as long as the client waits.
    (record.input, record.instance) = (None, None);
    let ended = match (record.status().is_terminal(), preferences.wait, waiter) {
        (false, Some(wait), Some(waiter)) => {
            budget::extend(wait);
            api.tasks.wait(waiter, wait).await?
        }
        _ => None,
    };
    let has_waited = preferences.wait.is_some();
    let (state, at) = match ended {
        // Others may wait for it, too.
        Some(ended) => (ended.state.clone(), ended.updated_at),
        None => (record.state, record.updated_at),
    };
    match state {
        TaskState::Queued { .. } | TaskState::Running { .. } if !has_waited => {
            Ok(HttpResponse::Ok().json(InProgress {
                status: "In progress",
                location: status_url(&request, &api, id),
            }))
        }
        // It was not waited for as long as it was asked to.
        TaskState::Queued { .. } | TaskState::Running { .. } if api.tasks.is_stopping() => {
            Err(Problem::stopping())
        }
        TaskState::Succeeded { result } if asked.on_complete == OnComplete::Redirect => {
            // It may be megabytes, and is not copied.
            let result = Bytes::from(String::from(Box::<str>::from(result)));
            let _held = api.memory.hold(result.len())?;
            match api.tasks.result_link(id, at, result.clone()).await {
                Some(link) => Ok(HttpResponse::Found()
                    .insert_header((LOCATION, link))
                    .finish()),
                None => Ok(HttpResponse::Ok().content_type(JSON).body(result)),
            }
        }
        other => given(other),
    }
}

/// Who wants the answer with the result waits for it: as long as it prefers, or as anybody may.
fn preferences(request: &HttpRequest, on_pending: OnPending) -> Preferences {
    let wait = match on_pending {
        OnPending::Ok => None,
        OnPending::Synchronous => Some(Preferences::of(request).wait.unwrap_or(MAX_WAIT)),
    };
    Preferences {
        wait,
        ..Preferences::default()
    }
}

/// Where a task is asked after, in the sample's spelling.
fn status_url(request: &HttpRequest, api: &Api, id: TaskId) -> String {
    let base = base_url(request, api.public_base_url.as_deref());
    [&base, "/api/RequestStatus/", &id.text()].concat()
}
