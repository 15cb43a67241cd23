//! Many submissions in one body: an array of them, answered with one entry for each, in their order.

use std::fmt;

use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse};
use serde::de::{self, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::body::{Body, Work};
use super::submitting::{Repetition, traceparent};
use crate::api::edge::body::refuse;
use crate::api::edge::memory::Held;
use crate::api::edge::problem::{Code, ItemOutcome, Problem};
use crate::api::edge::state::Api;
use crate::api::operations::accepted::{maybe_accepted, monitor_url};
use engine::limits::MAX_SUBMISSIONS;
use engine::{EachSubmitted, KeyedSubmitError, NoneAccepted, Submission, SubmitError, TaskId};

/// How often what they hold is in memory while they are accepted: as text, and of all of them at once as input, in
/// records and in messages.
const COPIES: usize = 4;

/// What each is in memory beside what it holds, in bytes: its names and times, as a body, a submission, a record, a
/// message and a write.
const EACH: usize = 3 * 1024;

/// What there is of each in the reply beside its number or its kind and the address of its monitor, in bytes: more
/// than its id and the names of its fields take.
const FIELDS: usize = 128;

/// Whether a body is an array, whatever that holds.
pub(super) fn is_array(text: &str) -> bool {
    text.trim_ascii_start().starts_with('[')
}

/// The reply: for each what the reply to one has, and in place of its headers the address of its monitor.
#[derive(Serialize)]
struct AcceptedMany<'a> {
    tasks: Vec<AcceptedItem<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AcceptedItem<'a> {
    id: TaskId,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    operation_location: String,
}

/// Accepts many, once all of them have been looked at.
pub(super) async fn accept(
    request: &HttpRequest,
    api: &Api,
    (text, mut held): (&str, Held),
    repetition: &Repetition,
) -> Result<HttpResponse, Problem> {
    let texts = taken_apart(text)?;
    let bytes = text.len() * COPIES + texts.len() * EACH;
    api.memory.grow(&mut held, bytes)?;
    let bodies = parse(&texts)?;
    // Once they are accepted nobody is told that they are not, for want of memory.
    let for_reply = api.memory.hold(reply_length(request, api, &bodies))?;
    let traceparent = traceparent(request);
    let submission = |body: &Body<'_>| {
        let (kind, input, _) = body.work.parts();
        Submission {
            traceparent: traceparent.clone(),
            wishes: body.wishes.clone(),
            ..Submission::new(api.tasks.new_id(), kind, input)
        }
    };
    let submissions: Vec<_> = bodies.iter().map(submission).collect();
    let (tasks, key) = (api.tasks.clone(), repetition.key().map(str::to_owned));
    let submitted =
        held.during(async move { tasks.submit_many(key.as_deref(), submissions).await });
    let (submitted, _held) = submitted.await?;
    let each = match submitted {
        Ok(each) => each,
        Err(NoneAccepted::At { place, error }) => {
            let (_, _, prefix) = bodies[place].work.parts();
            return Err(Problem::submit(error, prefix).at_item(place));
        }
        Err(NoneAccepted::All(error)) => {
            return Err(repetition.refused(error, |error| match error {
                SubmitError::Unknown { id, cause } => maybe_accepted(request, api, id, &cause),
                error => Problem::submit(error, ""),
            }));
        }
    };
    let is_all = each.iter().all(Result::is_ok);
    if !is_all {
        return Err(told(request, api, repetition, each));
    }
    let retry_after = |body: &Body<'_>| {
        let (kind, ..) = body.work.parts();
        api.tasks
            .retry_after(kind, api.tasks.due_at(body.wishes.start()))
    };
    let soonest = bodies.iter().map(retry_after).min().unwrap_or(1);
    let accepted = each.into_iter().flatten().zip(&bodies);
    let tasks = accepted.map(|(id, body)| {
        let (number, kind) = match &body.work {
            Work::R0 { number } => (Some(*number), None),
            Work::Kind { kind, .. } => (None, Some(&**kind)),
        };
        AcceptedItem {
            id,
            number,
            kind,
            operation_location: monitor_url(request, api, id),
        }
    });
    let tasks = tasks.collect();
    let mut reply = HttpResponse::Accepted();
    reply.insert_header((RETRY_AFTER, soonest));
    reply.extensions_mut().insert(for_reply);
    Ok(reply.json(AcceptedMany { tasks }))
}

/// How long the reply is at the most, in bytes, if all are accepted: then their kinds are names, in which nothing is
/// escaped.
fn reply_length(request: &HttpRequest, api: &Api, bodies: &[Body<'_>]) -> usize {
    // The address of each has the same length.
    let address = monitor_url(request, api, api.tasks.new_id()).len();
    let length = |body: &Body<'_>| match &body.work {
        Work::R0 { number } => number.get().len(),
        Work::Kind { kind, .. } => kind.len(),
    };
    let lengths = bodies.iter().map(length);
    FIELDS
        + lengths
            .map(|length| length + address + FIELDS)
            .sum::<usize>()
}

/// Not all were accepted: the problem of the first that was not, if none was, and otherwise one that tells what
/// became of each.
fn told(request: &HttpRequest, api: &Api, repetition: &Repetition, each: EachSubmitted) -> Problem {
    let outcome = |submitted: &Result<TaskId, KeyedSubmitError>| {
        let (outcome, id) = match submitted {
            Ok(id) => ("Accepted", Some(*id)),
            Err(KeyedSubmitError::Submit(SubmitError::Unknown { id, .. })) => {
                ("Unknown", Some(*id))
            }
            Err(KeyedSubmitError::InProgress) => ("Unknown", None),
            Err(_) => ("NotAccepted", None),
        };
        ItemOutcome {
            outcome,
            id: id.map(|id| id.to_string()),
            operation_location: id.map(|id| monitor_url(request, api, id)),
        }
    };
    let outcomes: Vec<_> = each.iter().map(outcome).collect();
    let is_none = outcomes.iter().all(|item| item.outcome == "NotAccepted");
    let first = each.into_iter().find_map(Result::err);
    match first {
        Some(error) if is_none => repetition.refused(error, |error| Problem::submit(error, "")),
        _ => Problem::partly_accepted(outcomes),
    }
}

/// Takes the array apart.
fn taken_apart(text: &str) -> Result<Vec<&RawValue>, Problem> {
    let items = serde_json::from_str::<Items<'_>>(text).map_err(refuse)?;
    if items.are_more {
        let detail = format!("the body has more than {MAX_SUBMISSIONS} tasks");
        return Err(Problem::new(Code::BodyTooLarge, detail).target("body"));
    }
    if items.texts.is_empty() {
        let detail = "the body is an array without a task";
        return Err(Problem::new(Code::InvalidBody, detail).target("body"));
    }
    Ok(items.texts)
}

/// Takes apart what is in the array.
fn parse<'a>(texts: &[&'a RawValue]) -> Result<Vec<Body<'a>>, Problem> {
    let bodies = texts
        .iter()
        .enumerate()
        .map(|(place, text)| Body::parse(text.get()).map_err(|problem| problem.at_item(place)));
    bodies.collect()
}

/// The texts of an array, up to [`MAX_SUBMISSIONS`].
struct Items<'a> {
    texts: Vec<&'a RawValue>,
    are_more: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Items<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: de::SeqAccess<'de>>(
                self,
                mut array: A,
            ) -> Result<Self::Value, A::Error> {
                let mut texts = Vec::new();
                while texts.len() < MAX_SUBMISSIONS {
                    match array.next_element()? {
                        Some(text) => texts.push(text),
                        None => {
                            let are_more = false;
                            return Ok(Items { texts, are_more });
                        }
                    }
                }
                let are_more = array.next_element::<IgnoredAny>()?.is_some();
                while array.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Items { texts, are_more })
            }
        }

        deserializer.deserialize_seq(Visitor)
    }
}
