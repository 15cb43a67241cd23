//! `/api/queue` (key): a queue of clients' own messages, as R1 has it, over the queue that `RAW_QUEUE_NAME` names.
//! The queues of tasks and of dead letters can be looked at and counted, and nothing else.

mod change;
mod content;
pub(in crate::api) mod describe;
mod parameters;
pub(in crate::api) mod taking;
pub(in crate::api) mod view;

use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use serde::Serialize;

use self::parameters::{LONGEST_HIDDEN, MOST, PEEKED, life, seconds};
use self::view::{ClearedQueue, MessageView, Messages, QueueLength, UpdatedMessage};
use super::edge::body::read_json;
use super::edge::memory::Held;
use super::edge::problem::{Code, Problem};
use super::edge::query::Query;
use super::edge::state::{Api, OwnQueue};
use engine::{Glimpse, RecordError};
use ports::{Changed, StorageError};

/// What there is of a message in a reply beside its text: more than its fields take, in bytes.
const FIELDS: usize = 1_024;

/// Puts a message into the queue.
pub(in crate::api) async fn create(
    request: HttpRequest,
    api: Api,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let queue = own(&api)?;
    let query = Query::of(
        request.query_string(),
        &["time_to_live", "visibility_timeout"],
    )?;
    let life = life(&query, "time_to_live")?;
    let delay = seconds(&query, "visibility_timeout", 0, 0..=LONGEST_HIDDEN)?;
    if life.is_some_and(|life| delay >= life) {
        return Err(past_its_end());
    }
    let (body, mut held) = read_json(&request, payload, &api).await?;
    let text = content::text_of(&body, "body")?;
    api.memory.grow(&mut held, text.len() + FIELDS)?;
    let put = queue.messages.put(&text, life, delay).await;
    let put = put.map_err(failed)?.ok_or_else(|| too_long("body"))?;
    Ok(done(&MessageView::leased(put), held))
}

/// Shows the messages that come next, and changes nothing.
pub(in crate::api) async fn peek(request: HttpRequest, api: Api) -> Result<HttpResponse, Problem> {
    let query = Query::of(request.query_string(), &["max_messages", "queue"])?;
    let max = query.number("max_messages", PEEKED, 1..=MOST)?;
    let messages = match asked_for(&api, &query)? {
        Asked::Own(queue) => queue.messages.peek(max).await,
        Asked::OfTasks(_, glimpse) => glimpse.peek(max).await,
    };
    let messages = messages.map_err(failed)?.into_iter();
    let messages = messages.map(MessageView::peeked).collect();
    Ok(HttpResponse::Ok().json(Messages { messages }))
}

/// Says how many messages there are.
pub(in crate::api) async fn length(
    request: HttpRequest,
    api: Api,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(request.query_string(), &["queue"])?;
    let (queue, length) = match asked_for(&api, &query)? {
        Asked::Own(queue) => (queue.name.as_str(), queue.messages.length().await.map(Some)),
        Asked::OfTasks(name, glimpse) => (name, glimpse.length().await),
    };
    let length = length.map_err(failed)?;
    Ok(HttpResponse::Ok().json(QueueLength { queue, length }))
}

/// Changes what a held message says, or for how long it is hidden.
pub(in crate::api) async fn update(
    request: HttpRequest,
    api: Api,
    path: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let queue = own(&api)?;
    Query::of(request.query_string(), &[])?;
    let (body, mut held) = read_json(&request, payload, &api).await?;
    let change = change::read(&body)?;
    let id = path.into_inner();
    if !may_be_id(&id) {
        return Err(unknown_message());
    }
    if !may_be_receipt(&change.pop_receipt) {
        return Err(stale());
    }
    let (receipt, text) = (&change.pop_receipt, change.text.as_deref());
    let length = text.map_or(0, str::len);
    api.memory.grow(&mut held, length + FIELDS)?;
    let changed = queue.messages.update(&id, receipt, text, change.hide).await;
    match changed.map_err(failed)? {
        Changed::Done(lease) => Ok(done(&UpdatedMessage::new(id, text, lease), held)),
        Changed::Unknown => Err(unknown_message()),
        Changed::PastItsEnd => Err(past_its_end()),
        Changed::TooLong => Err(too_long("content")),
        Changed::Stale => Err(stale()),
    }
}

/// Deletes all messages of the queue.
pub(in crate::api) async fn clear(request: HttpRequest, api: Api) -> Result<HttpResponse, Problem> {
    let queue = own(&api)?;
    Query::of(request.query_string(), &[])?;
    queue.messages.clear().await.map_err(failed)?;
    let message = "All messages cleared from the queue.";
    Ok(HttpResponse::Ok().json(ClearedQueue { message }))
}

/// The queue that a request is about.
enum Asked<'a> {
    Own(&'a OwnQueue),
    OfTasks(&'a str, Glimpse<'a>),
}

fn asked_for<'a>(api: &'a Api, query: &'a Query) -> Result<Asked<'a>, Problem> {
    let Some(name) = query.text("queue") else {
        return own(api).map(Asked::Own);
    };
    if let Some(own) = api
        .raw_queue
        .as_ref()
        .filter(|own| own.name.as_str() == name)
    {
        return Ok(Asked::Own(own));
    }
    api.tasks
        .glimpse(name)
        .map(|glimpse| Asked::OfTasks(name, glimpse))
        .ok_or_else(|| {
            let own = api.raw_queue.iter().map(|own| own.name.to_string());
            let known: Vec<_> = own.chain(api.tasks.queue_names()).collect();
            let detail = format!("queue must be one of this service: {}", known.join(", "));
            Problem::invalid("queue", detail)
        })
}

fn own(api: &Api) -> Result<&OwnQueue, Problem> {
    api.raw_queue.as_ref().ok_or_else(|| {
        Problem::new(
            Code::NoRawQueue,
            "there is no queue of clients' own messages here: its operator can name one with \
             RAW_QUEUE_NAME",
        )
    })
}

/// A reply that tells of what is done, and so must not be refused its memory, which is held already.
fn done(view: &impl Serialize, held: Held) -> HttpResponse {
    let mut reply = HttpResponse::Ok().json(view);
    reply.extensions_mut().insert(held);
    reply
}

/// Whether a text is made as ids are, so that storage is asked for it.
fn may_be_id(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Whether a text is made as pop receipts are: those of either store have less than 100 characters, which need
/// no more in a URL than three times as many.
fn may_be_receipt(text: &str) -> bool {
    text.len() <= 1_000 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn stale() -> Problem {
    Problem::new(
        Code::StaleReceipt,
        "the message was handed out or changed since; nothing was changed",
    )
    .target("pop_receipt")
}

fn too_long(target: &str) -> Problem {
    let detail = format!("storage takes no message that is as long as {target}");
    Problem::new(Code::BodyTooLarge, detail).target(target)
}

fn unknown_message() -> Problem {
    Problem::not_found("there is no such message, or not any more")
}

fn past_its_end() -> Problem {
    Problem::invalid(
        "visibility_timeout",
        "visibility_timeout must end before the message does",
    )
}

fn failed(error: StorageError) -> Problem {
    RecordError::Storage(error).into()
}
