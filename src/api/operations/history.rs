//! `GET /api/operations/{id}/history`: the steps of an instance of a workflow, for people and for pages that draw
//! them. As open as the monitor is: whoever has the id may look.

use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::accepted::monitor_url;
use super::view::Status;
use crate::api::edge::conditions::precondition;
use crate::api::edge::problem::{Code, ErrorObject, Problem};
use crate::api::edge::state::Api;
use engine::{History, HistoryStep, StepKind, StepState, TaskId};
use ports::{ETag, Timestamp};

/// What has happened to an instance.
#[derive(Serialize, ToSchema)]
#[schema(as = History)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct HistoryView<'a> {
    /// The id of the task.
    #[schema(value_type = String, format = Uuid)]
    id: TaskId,
    /// The name of the workflow.
    kind: &'a str,
    #[schema(value_type = Status)]
    status: &'static str,
    /// How often it has begun anew: the steps are those since.
    generation: u32,
    /// Whether it stands still, because somebody wants it to.
    is_suspended: bool,
    /// The steps, in the order in which the workflow asked for them.
    steps: Vec<StepView<'a>>,
    /// Why the rest cannot be told: the workflow does not do what it did before, or is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ErrorObject<'static>, required = false)]
    error: Option<ErrorObject<'a>>,
}

/// A step of an instance.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoryStep)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct StepView<'a> {
    /// Its number, from 0. An event that nobody has asked for yet has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    step: Option<u32>,
    /// `Call`, `Workflow`, `FanOut`, `Timer` or `Event`.
    r#type: &'static str,
    /// What is called or waited for. A timer has no name.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    name: &'a str,
    /// `Running`, `Succeeded`, `Failed`, or `Dropped` of what is waited for no more.
    state: &'static str,
    /// When it was asked for.
    #[serde(with = "ports::timestamp")]
    #[schema(value_type = String, format = DateTime)]
    started_date_time: Timestamp,
    /// When it ended.
    #[serde(
        with = "ports::timestamp::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = String, format = DateTime, required = false)]
    ended_date_time: Option<Timestamp>,
    /// How long that took.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    duration_milliseconds: Option<u64>,
    /// When a timer is over.
    #[serde(
        with = "ports::timestamp::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = String, format = DateTime, required = false)]
    due_date_time: Option<Timestamp>,
    /// The members of a fan-out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    members: Option<MembersView>,
    /// The task of a workflow that was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = Uuid, required = false)]
    operation_id: Option<TaskId>,
    /// The monitor of that task.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uri", required = false)]
    operation_location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ErrorObject<'static>, required = false)]
    error: Option<ErrorObject<'a>>,
    /// What it gave, with `results=true`; left out of what is large.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value, required = false)]
    result: Option<&'a RawValue>,
}

/// How many members of a fan-out have ended.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoryMembers)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct MembersView {
    /// So many have ended.
    done: u64,
    /// Of so many.
    total: u64,
    /// So many of them have failed, once that is known of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    failed: Option<u64>,
}

/// There is no instance of this id.
fn no_instance() -> Problem {
    Problem::not_found("there is no such instance of a workflow, or not any more")
}

/// The steps of an instance: 304 when the client has them already, 404 for a task that is no instance.
pub(in crate::api) async fn history(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let with_results = with_results(request.query_string())?;
    let id: TaskId = path.parse().map_err(|_| no_instance())?;
    let history = api.workflows.history(id).await?;
    let history = history.ok_or_else(no_instance)?;
    let version = version(&history, with_results);
    let wanted = precondition(&request);
    if !wanted.allows(Some(&version)) {
        return Err(Problem::precondition_failed());
    }
    let is_known = wanted.excludes(Some(&version));
    let mut reply = match is_known {
        true => HttpResponse::NotModified(),
        false => HttpResponse::Ok(),
    };
    reply
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((ETAG, format!("\"{}\"", version.as_str())));
    if is_known {
        return Ok(reply.finish());
    }
    let record = &history.task.record;
    let instance = record.instance.as_deref();
    let steps = history.steps.iter();
    Ok(reply.json(HistoryView {
        id,
        kind: &record.kind,
        status: record.status().shown(),
        generation: instance.map_or(0, |instance| instance.generation),
        is_suspended: instance.is_some_and(|instance| instance.suspended),
        steps: steps
            .map(|step| StepView::new(step, with_results, &request, &api))
            .collect(),
        error: history.stuck.as_ref().map(Into::into),
    }))
}

fn with_results(query: &str) -> Result<bool, Problem> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)
        .map_err(|_| Problem::new(Code::InvalidQuery, "the query cannot be read"))?;
    match pairs.iter().find(|(name, _)| name == "results") {
        None => Ok(false),
        Some((_, value)) if value == "true" => Ok(true),
        Some((_, value)) if value == "false" => Ok(false),
        Some(_) => Err(Problem::invalid("results", "results must be true or false")),
    }
}

/// Of which version a history is: that of the record, and how far open fan-outs are, which is not in it.
fn version(history: &History, with_results: bool) -> ETag {
    let mut text = history
        .task
        .etag
        .as_ref()
        .map_or("", ETag::as_str)
        .to_owned();
    for step in &history.steps {
        if let StepState::Open {
            members: Some((done, _)),
            ..
        } = step.state
        {
            text.push_str(&format!("-{done}"));
        }
    }
    if with_results {
        text.push_str("-r");
    }
    ETag::new(text)
}

impl<'a> StepView<'a> {
    fn new(step: &'a HistoryStep, with_results: bool, request: &HttpRequest, api: &Api) -> Self {
        let (mut members, mut child, mut error, mut result, mut due_at) =
            (None, None, None, None, None);
        let state = match &step.state {
            StepState::Open {
                members: open,
                child: of,
                due_at: due,
            } => {
                members = open.map(|(done, total)| MembersView {
                    done,
                    total,
                    failed: None,
                });
                (child, due_at) = (*of, *due);
                "Running"
            }
            StepState::Done {
                result: gave,
                child: of,
                members: all,
            } => {
                members = all.map(|(total, failed)| MembersView {
                    done: total,
                    total,
                    failed: Some(failed),
                });
                (child, result) = (*of, gave.as_deref());
                if step.kind == StepKind::Event {
                    result = step.input.as_deref();
                }
                "Succeeded"
            }
            StepState::Failed {
                error: why,
                child: of,
            } => {
                (child, error) = (*of, Some(why.into()));
                "Failed"
            }
            StepState::Dropped => "Dropped",
        };
        let duration = step.ended_at.map(|ended| ended - step.started_at);
        Self {
            step: step.step,
            r#type: match step.kind {
                StepKind::Call => "Call",
                StepKind::Workflow => "Workflow",
                StepKind::All => "FanOut",
                StepKind::Timer => "Timer",
                StepKind::Event => "Event",
            },
            name: &step.name,
            state,
            started_date_time: step.started_at,
            ended_date_time: step.ended_at,
            duration_milliseconds: duration
                .map(|duration| duration.whole_milliseconds().try_into().unwrap_or_default()),
            due_date_time: due_at,
            members,
            operation_id: child,
            operation_location: child.map(|child| monitor_url(request, api, child)),
            error,
            result: result.filter(|_| with_results),
        }
    }
}
