//! Instances by what they have in common: listing them, and deleting those that have ended; and deleting one.

use std::time::Instant;

use actix_web::http::header::HeaderName;
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::StreamExt;
use futures_util::stream;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::access;
use super::asked::{Asked, wrong};
use super::control::wrong_status;
use super::found::{found, unknown};
use super::ids::shown;
use super::view::StatusView;
use super::words::{began_at, runtime_status};
use crate::api::edge::continuation::{self, may_be_position};
use crate::api::edge::problem::{Code, Problem};
use crate::api::edge::state::Api;
use crate::api::operations::view::LARGEST_SHOWN;
use engine::limits::{DEFAULT_TOP, MAX_TOP, WALK_CONCURRENCY};
use engine::{
    Filter, InstancesUnlisted, ListError, Operated, TaskId, TaskRecord, TaskState, TaskStatus,
};
use ports::{Timestamp, timestamp};

/// Where a page goes on, in a request and in a reply.
const CONTINUATION: HeaderName = HeaderName::from_static("x-ms-continuation-token");

/// Pages of tasks that one listing reads at most: what it looks for may be between many others.
const MAX_PAGES: usize = 10;

const UNFINISHED: &str =
    "there was no time to look at all instances: createdTimeTo leaves newer ones out";

/// Durable Functions' statuses. Nothing here is ever in some of them.
const STATUSES: [&str; 8] = [
    "Pending",
    "Running",
    "Suspended",
    "ContinuedAsNew",
    "Completed",
    "Failed",
    "Canceled",
    "Terminated",
];

/// Which instances are meant.
#[derive(Default)]
struct Wanted {
    statuses: Vec<&'static str>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    prefix: String,
}

/// How many instances were deleted.
#[derive(Serialize, ToSchema)]
#[schema(as = PurgedInstances)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Purged {
    /// So many.
    instances_deleted: usize,
}

/// The instances, newest first. A page may be short, even empty, and still have a token that leads on.
pub(in crate::api) async fn list(request: HttpRequest, api: Api) -> Result<HttpResponse, Problem> {
    let asked = Asked::of(&request)?;
    let wanted = Wanted::of(&asked)?;
    let top = match asked.get("top").map_or(Ok(DEFAULT_TOP), str::parse) {
        Ok(top) if top <= MAX_TOP => top,
        _ => {
            return Err(wrong(
                "top",
                &format!("must be a number from 0 to {MAX_TOP}"),
            ));
        }
    };
    let with_input = asked.flag("showInput", true)?;
    let mut position = match request.headers().get(CONTINUATION) {
        Some(token) => {
            let position = continuation::open(token, &wanted.text());
            Some(
                position
                    .filter(|before: &String| may_be_position(before))
                    .ok_or_else(invalid_token)?,
            )
        }
        None => None,
    };
    let mut instances = Vec::new();
    let filter = wanted.filter();
    for _ in 0..MAX_PAGES {
        let room = top - instances.len();
        if room == 0 {
            break;
        }
        let listed = |record: TaskRecord| {
            let is_meant = wanted.takes(&record);
            is_meant.then(|| without_bulk(record, with_input))
        };
        let page = api
            .workflows
            .list(&filter, room, position.as_deref(), listed)
            .await;
        let page = page.map_err(unlisted)?;
        instances.extend(page.instances);
        position = page.next;
        if position.is_none() {
            break;
        }
    }
    let mut reply = HttpResponse::Ok();
    // A page of none leads nowhere.
    if let Some(before) = position.filter(|_| top > 0) {
        reply.insert_header((CONTINUATION, continuation::seal(before, &wanted.text())));
    }
    let views: Vec<_> = instances
        .iter()
        .map(|record| StatusView::new(record, with_input))
        .collect();
    Ok(reply.json(views))
}

/// Deletes an instance that has ended, with all that belongs to it.
pub(in crate::api) async fn purge(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let (name, asked) = (&**path, Asked::of(&request)?);
    access::to_one(&request, &api, &asked, name).await?;
    let id = found(&api, name).await?.record.id;
    match delete(&api, id).await? {
        Operated::Done(_) => Ok(purged(1)),
        Operated::Conflict(record) => {
            Err(wrong_status(&record, "one that has ended can be deleted"))
        }
        Operated::OtherVersion | Operated::Unknown => Err(unknown()),
    }
}

/// Deletes the instances that have ended and that the filters take: as many as there is time for, so a client asks
/// until none is left.
pub(in crate::api) async fn purge_all(
    request: HttpRequest,
    api: Api,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::of(&request)?;
    let wanted = Wanted::of(&asked)?;
    if wanted.from.is_none() {
        return Err(wrong("createdTimeFrom", "must be there"));
    }
    let (begun, filter) = (Instant::now(), wanted.filter());
    let ended = |record: TaskRecord| {
        let is_meant = record.status().is_terminal() && wanted.takes(&record);
        is_meant.then_some(record.id)
    };
    let (mut deleted, mut position) = (0, None);
    while begun.elapsed() < api.request_budget / 2 {
        let page = api
            .workflows
            .list(&filter, MAX_TOP, position.as_deref(), ended)
            .await;
        let page = page.map_err(unlisted)?;
        let mut deletions = stream::iter(page.instances)
            .map(|id| delete(&api, id))
            .buffer_unordered(WALK_CONCURRENCY);
        while let Some(operated) = deletions.next().await {
            deleted += usize::from(matches!(operated?, Operated::Done(_)));
        }
        position = page.next;
        if position.is_none() {
            break;
        }
    }
    match deleted {
        // There may be some behind those that were looked at.
        0 if position.is_some() => Err(Problem::new(Code::Overloaded, UNFINISHED).retry_after(1)),
        0 => Err(Problem::not_found(
            "there is no such instance that has ended",
        )),
        deleted => Ok(purged(deleted)),
    }
}

fn purged(instances_deleted: usize) -> HttpResponse {
    HttpResponse::Ok().json(Purged { instances_deleted })
}

async fn delete(api: &Api, id: TaskId) -> Result<Operated, Problem> {
    let operated = api.tasks.delete(id).await?;
    if let Operated::Done(task) = &operated
        && let Some(instance) = &task.record.instance
        && let Some(name) = &instance.name
        && let Err(error) = api.workflows.forget_name(name).await
    {
        log::warn!("task.id" = id; "the name of an instance that was deleted stays for a while: {error}");
    }
    Ok(operated)
}

impl Wanted {
    fn of(asked: &Asked) -> Result<Self, Problem> {
        let statuses = asked.members("runtimeStatus").map(|text| {
            let known = STATUSES
                .iter()
                .find(|known| known.eq_ignore_ascii_case(text.trim()));
            let unknown = || {
                wrong(
                    "runtimeStatus",
                    &format!("must be of {}", STATUSES.join(", ")),
                )
            };
            known.copied().ok_or_else(unknown)
        });
        Ok(Self {
            statuses: statuses.collect::<Result<_, _>>()?,
            from: asked.time("createdTimeFrom")?,
            to: asked.time("createdTimeTo")?,
            prefix: asked.get("instanceIdPrefix").unwrap_or_default().to_owned(),
        })
    }

    /// What of it the store can look for: the rest is in the records.
    fn filter(&self) -> Filter {
        let status = match self.statuses[..] {
            ["Completed"] => Some(TaskStatus::Succeeded),
            ["Failed"] => Some(TaskStatus::Failed),
            ["Terminated"] => Some(TaskStatus::Canceled),
            _ => None,
        };
        Filter {
            status,
            // One that was begun anew is older to the store than to its client.
            created_before: self.to.map(just_after),
            ..Filter::default()
        }
    }

    fn takes(&self, record: &TaskRecord) -> bool {
        let began_at = began_at(record);
        (self.statuses.is_empty() || self.statuses.contains(&runtime_status(record)))
            && self.from.is_none_or(|from| began_at >= from)
            && self.to.is_none_or(|to| began_at <= to)
            && shown(record).starts_with(&self.prefix)
    }

    fn text(&self) -> String {
        let time = |time: Option<Timestamp>| time.map(timestamp::to_text).unwrap_or_default();
        [
            self.statuses.join(","),
            time(self.from),
            time(self.to),
            self.prefix.clone(),
        ]
        .join("\n")
    }
}

/// The first time that is after this one, to the millisecond. The last of all, which clients send for "no end", has
/// none.
fn just_after(time: Timestamp) -> Timestamp {
    time.saturating_add(time::Duration::milliseconds(1))
}

/// An instance as a page has it, where what is large is null and nothing is known of its steps: a thousand of them
/// must not fill the memory.
fn without_bulk(mut record: TaskRecord, with_input: bool) -> TaskRecord {
    let is_large = |value: &RawValue| value.get().len() > LARGEST_SHOWN;
    record.input = record.input.filter(|input| with_input && !is_large(input));
    if let TaskState::Succeeded { result } = &mut record.state
        && is_large(result)
    {
        *result = RawValue::NULL.to_owned();
    }
    if let Some(instance) = record.instance.as_deref_mut() {
        let status = instance.custom_status.take();
        instance.custom_status = status.filter(|status| !is_large(status));
        instance.journal = Vec::new();
    }
    record
}

fn invalid_token() -> Problem {
    continuation::invalid(CONTINUATION.as_str())
}

fn unlisted(error: InstancesUnlisted) -> Problem {
    match error {
        InstancesUnlisted::List(ListError::UnknownPosition) => invalid_token(),
        InstancesUnlisted::List(ListError::Storage(error)) => Problem::storage(&error),
        InstancesUnlisted::Record(error) => error.into(),
    }
}
