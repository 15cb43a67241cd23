//! `GET …/instances/{instanceId}`: how an instance is.

use actix_web::http::header::{LOCATION, RETRY_AFTER};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};

use super::asked::Asked;
use super::found::found;
use super::ids::shown;
use super::view::StatusView;
use super::{access, events, uris};
use crate::api::edge::headers::JSON;
use crate::api::edge::problem::Problem;
use crate::api::edge::state::Api;
use engine::{TaskRecord, TaskState};

/// Seconds after which a client should ask again, as Durable Functions says.
const NEXT_LOOK: u64 = 5;

/// Asks for a 500 of an instance that has failed.
pub(super) const FAILS: &str = "returnInternalServerErrorOnFailure";

/// 202 while the instance has not ended, then 200; 500 for one that has failed, if that was asked for.
pub(in crate::api) async fn status(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let (name, asked) = (&**path, Asked::of(&request)?);
    access::to_one(&request, &api, &asked, name).await?;
    let with_input = asked.flag("showInput", true)?;
    let with_history = asked.flag("showHistory", false)?;
    let with_output = asked.flag("showHistoryOutput", false)?;
    let fails = asked.flag(FAILS, false)?;
    let task = found(&api, name).await?;
    let history = match with_history {
        true => api.workflows.history(task.record.id).await?,
        false => None,
    };
    let record = history
        .as_ref()
        .map_or(&task.record, |history| &history.task.record);
    let mut view = StatusView::new(record, with_input);
    if let Some(history) = &history {
        view = view.with_history(events::of(history, with_output));
    }
    let mut reply = match &record.state {
        TaskState::Failed { .. } if fails => HttpResponse::InternalServerError(),
        _ if record.status().is_terminal() => HttpResponse::Ok(),
        _ => HttpResponse::Accepted(),
    };
    if !record.status().is_terminal() {
        let location = uris::status_uri(&request, &api, &shown(record)).await?;
        reply
            .insert_header((LOCATION, location))
            .insert_header((RETRY_AFTER, NEXT_LOOK));
    }
    Ok(reply.json(view))
}

/// The reply of an instance that has ended to who has waited for that: the bare result, or how it is.
pub(super) fn ended(record: &TaskRecord, asked: &Asked) -> Result<HttpResponse, Problem> {
    let fails = asked.flag(FAILS, false)?;
    Ok(match &record.state {
        TaskState::Succeeded { result } => HttpResponse::Ok()
            .content_type(JSON)
            .body(result.get().to_owned()),
        TaskState::Failed { .. } if fails => {
            HttpResponse::InternalServerError().json(StatusView::new(record, true))
        }
        _ => HttpResponse::Ok().json(StatusView::new(record, true)),
    })
}
