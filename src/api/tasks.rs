//! `POST /api/tasks` and `GET /api/tasks/{task_id}`: submit, and the fetch that consumes.

use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, LINK, LOCATION, RETRY_AFTER};
use actix_web::web::{Bytes, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::value::RawValue;

use super::base_url::base_url;
use super::body::{Submission, read_json};
use super::consuming::ConsumingBody;
use super::problem::Problem;
use super::state::{Api, POLL_SECONDS};
use super::view::TaskView;
use crate::tasks::{TaskId, TaskRecord, TaskState};

/// The reply to a submission: what R0 answers, or the kind in place of the number.
#[derive(Serialize)]
struct Accepted<'a> {
    id: TaskId,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
}

/// Accepts work: 202, and where to look for it.
pub(super) async fn submit(
    request: HttpRequest,
    api: Api,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let body = read_json(&request, payload, api.max_body_bytes).await?;
    let submission = Submission::parse(&body)?;
    let (kind, input, prefix) = submission.work();
    let record = api
        .tasks
        .submit(kind, input)
        .await
        .map_err(|error| Problem::submit(error, prefix))?;

    let base = base_url(&request, api.public_base_url.as_deref());
    let monitor = format!("{base}/api/operations/{}", record.id);
    let mut reply = HttpResponse::Accepted();
    reply
        .insert_header((LOCATION, format!("{monitor}/result")))
        .insert_header(("Operation-Location", monitor))
        .insert_header(("Operation-Id", record.id.to_string()))
        .insert_header((RETRY_AFTER, POLL_SECONDS))
        .insert_header((CACHE_CONTROL, "no-store"));
    if has_api_version(request.query_string()) {
        return Ok(reply.json(TaskView::from(&record)));
    }
    let (number, kind) = match &submission {
        Submission::R0 { number } => (Some(&**number), None),
        Submission::Kind { kind, .. } => (None, Some(kind.as_str())),
    };
    Ok(reply.json(Accepted {
        id: record.id,
        number,
        kind,
    }))
}

/// Azure's SDKs send a version, and expect a monitor in the reply.
fn has_api_version(query: &str) -> bool {
    query
        .split('&')
        .any(|pair| pair.split('=').next() == Some("api-version"))
}

/// What R0 answers for every task that has no result to give.
#[derive(Serialize)]
struct NoResult<'a> {
    task_id: &'a str,
}

/// Gives the result of a succeeded task, once: the record is deleted after the reply. `HEAD` leaves it.
pub(super) async fn fetch(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut absent = HttpResponse::NotFound();
    absent.insert_header((CACHE_CONTROL, "no-store"));
    let record = match path.parse() {
        Ok(id) => api.tasks.find(id).await?,
        Err(_) => None,
    };
    let Some(record) = record else {
        return Ok(absent.json(NoResult { task_id: &path }));
    };

    if let TaskState::Succeeded { result } = &record.state {
        let mut reply = HttpResponse::Ok();
        reply
            .content_type("application/json")
            .insert_header((CACHE_CONTROL, "no-store"));
        let body = result_body(&record, result);
        return Ok(if request.method() == Method::HEAD {
            reply.body(body)
        } else {
            reply.body(ConsumingBody::new(body, api.tasks.clone(), record.id))
        });
    }
    let base = base_url(&request, api.public_base_url.as_deref());
    absent.insert_header((
        LINK,
        format!("<{base}/api/operations/{}>; rel=\"monitor\"", record.id),
    ));
    if !record.status().is_terminal() {
        absent.insert_header((RETRY_AFTER, POLL_SECONDS));
    }
    Ok(absent.json(NoResult { task_id: &path }))
}

/// `{"task_id": …, <fields of the result>}`, or `"result"` as the one field when it is no object.
/// The result is copied as text: it may be megabytes.
fn result_body(record: &TaskRecord, result: &RawValue) -> Bytes {
    let id = record.id;
    let text = result.get().trim();
    let fields = text.strip_prefix('{').map(str::trim_start);
    let body = match fields {
        Some("}") => format!(r#"{{"task_id":"{id}"}}"#),
        Some(fields) => format!(r#"{{"task_id":"{id}",{fields}"#),
        None => format!(r#"{{"task_id":"{id}","result":{text}}}"#),
    };
    body.into()
}
