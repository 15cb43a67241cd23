//! `/api/queue` (key): a queue of clients' own messages, as R1 has it, over the queue that `RAW_QUEUE_NAME` names.
//! The queues of tasks and of dead letters can be looked at and counted, and nothing else.

mod change;
mod content;
pub(in crate::api) mod describe;
mod parameters;
pub(in crate::api) mod view;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use self::parameters::{
    HIDDEN, LEASED, LONGEST_HIDDEN, MOST, MOST_LEASED, PAGE, PEEKED, Parameters,
};
use self::view::{ClearedQueue, MessageView, Messages, PoppedMessage, QueueLength, UpdatedMessage};
use super::edge::body::read_json;
use super::edge::problem::{Code, Problem};
use super::edge::state::{Api, OwnQueue};
use engine::{Glimpse, RecordError};
use ports::{Changed, Leased, RawQueue, StorageError};

/// How long a message is hidden between its delivery and its deletion, when it is popped.
const POPPING: Duration = Duration::from_secs(60);

/// Puts a message into the queue.
pub(in crate::api) async fn create(
    request: HttpRequest,
    api: Api,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let queue = own(&api)?;
    let query = Parameters::of(
        request.query_string(),
        &["time_to_live", "visibility_timeout"],
    )?;
    let life = query.life("time_to_live")?;
    let delay = query.seconds("visibility_timeout", 0, 0..=LONGEST_HIDDEN)?;
    if life.is_some_and(|life| delay >= life) {
        return Err(past_its_end());
    }
    let (body, _held) = read_json(&request, payload, &api).await?;
    let text = content::text_of(&body, "body")?;
    let put = queue.messages.put(&text, life, delay).await;
    let put = put.map_err(failed)?.ok_or_else(|| too_long("body"))?;
    Ok(HttpResponse::Ok().json(MessageView::leased(put)))
}

/// Takes the next message out of the queue. To `HEAD` it tells what it would, and takes nothing.
pub(in crate::api) async fn pop(request: HttpRequest, api: Api) -> Result<HttpResponse, Problem> {
    let queue = &own(&api)?.messages;
    Parameters::of(request.query_string(), &[])?;
    if request.method() == Method::HEAD {
        look(queue).await?;
        return Ok(HttpResponse::Ok().json(PoppedMessage::new(None)));
    }
    let received = queue.receive(1, POPPING).await.map_err(failed)?;
    let popped = match received.into_iter().next() {
        None => None,
        Some(leased) => {
            // `false` only after an answer that was lost: it is deleted all the same.
            queue
                .delete(&leased.message.id, &leased.lease.pop_receipt)
                .await
                .map_err(failed)?;
            Some(MessageView::leased(leased))
        }
    };
    Ok(HttpResponse::Ok().json(PoppedMessage::new(popped)))
}

/// Hides messages for their client, who changes them or lets them come back. To `HEAD` it hides none.
pub(in crate::api) async fn lease(request: HttpRequest, api: Api) -> Result<HttpResponse, Problem> {
    let queue = &own(&api)?.messages;
    let known = ["messages_per_page", "visibility_timeout", "max_messages"];
    let query = Parameters::of(request.query_string(), &known)?;
    let page = query.number("messages_per_page", PAGE, 1..=MOST)?;
    let hide = query.seconds("visibility_timeout", HIDDEN, 1..=LONGEST_HIDDEN)?;
    let max = query.number("max_messages", LEASED, 1..=MOST_LEASED)?;
    if max < page {
        let detail = "max_messages must be greater than or equal to messages_per_page";
        return Err(Problem::invalid("max_messages", detail));
    }
    if request.method() == Method::HEAD {
        look(queue).await?;
        let messages = Vec::new();
        return Ok(HttpResponse::Ok().json(Messages { messages }));
    }
    let leased = receive(&**queue, page, max as usize, hide).await;
    let messages = leased.map_err(failed)?;
    let messages = messages.into_iter().map(MessageView::leased).collect();
    Ok(HttpResponse::Ok().json(Messages { messages }))
}

/// Page by page, until there are enough or no more. What is hidden already is given, even if the next page
/// cannot be had: nobody else would see it meanwhile.
async fn receive(
    queue: &dyn RawQueue,
    page: u32,
    max: usize,
    hide: Duration,
) -> Result<Vec<Leased>, StorageError> {
    let mut leased = Vec::new();
    while leased.len() < max {
        let wanted = page.min(u32::try_from(max - leased.len()).unwrap_or(page));
        let more = match queue.receive(wanted, hide).await {
            Err(error) if leased.is_empty() => return Err(error),
            Err(error) => {
                log::warn!("{error}");
                break;
            }
            Ok(more) => more,
        };
        let is_last = more.len() < wanted as usize;
        leased.extend(more);
        if is_last {
            break;
        }
    }
    Ok(leased)
}

/// Shows the messages that come next, and changes nothing.
pub(in crate::api) async fn peek(request: HttpRequest, api: Api) -> Result<HttpResponse, Problem> {
    let query = Parameters::of(request.query_string(), &["max_messages", "queue"])?;
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
    let query = Parameters::of(request.query_string(), &["queue"])?;
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
    Parameters::of(request.query_string(), &[])?;
    let (body, _held) = read_json(&request, payload, &api).await?;
    let change = change::read(&body)?;
    let id = path.into_inner();
    if !may_be_id(&id) {
        return Err(unknown_message());
    }
    let (receipt, text) = (&change.pop_receipt, change.text.as_deref());
    let changed = queue.messages.update(&id, receipt, text, change.hide).await;
    match changed.map_err(failed)? {
        Changed::Done(lease) => Ok(HttpResponse::Ok().json(UpdatedMessage::new(id, text, lease))),
        Changed::Unknown => Err(unknown_message()),
        Changed::PastItsEnd => Err(past_its_end()),
        Changed::TooLong => Err(too_long("content")),
        Changed::Stale => Err(Problem::new(
            Code::StaleReceipt,
            "the message was handed out or changed since; nothing was changed",
        )
        .target("pop_receipt")),
    }
}

/// Deletes all messages of the queue.
pub(in crate::api) async fn clear(request: HttpRequest, api: Api) -> Result<HttpResponse, Problem> {
    let queue = own(&api)?;
    Parameters::of(request.query_string(), &[])?;
    queue.messages.clear().await.map_err(failed)?;
    let message = "All messages cleared from the queue.";
    Ok(HttpResponse::Ok().json(ClearedQueue { message }))
}

/// The queue that a request is about.
enum Asked<'a> {
    Own(&'a OwnQueue),
    OfTasks(&'a str, Glimpse<'a>),
}

fn asked_for<'a>(api: &'a Api, query: &'a Parameters) -> Result<Asked<'a>, Problem> {
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

/// What `HEAD` learns: whether the queue can be read.
async fn look(queue: &Arc<dyn RawQueue>) -> Result<(), Problem> {
    queue.peek(1).await.map(drop).map_err(failed)
}

/// Whether a text is made as ids are, so that storage is asked for it.
fn may_be_id(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
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
