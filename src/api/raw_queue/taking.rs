//! Messages that are taken: popped, or leased for a while. What storage has handed out reaches its client, whatever
//! happens afterwards, because nobody else would see it meanwhile.

use std::time::Duration;

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};

use super::content::LONGEST;
use super::parameters::{HIDDEN, LEASED, LONGEST_HIDDEN, MOST, MOST_LEASED, PAGE, seconds};
use super::view::{MessageView, Messages, PoppedMessage};
use super::{FIELDS, done, failed, own};
use crate::api::edge::memory::{Held, Memory};
use crate::api::edge::problem::Problem;
use crate::api::edge::query::Query;
use crate::api::edge::state::Api;
use ports::{Leased, RawQueue};

/// How long a message is hidden between its delivery and its deletion, when it is popped.
const POPPING: Duration = Duration::from_secs(60);

/// Takes the next message out of the queue. To `HEAD` it tells what it would, and takes nothing.
pub(in crate::api) async fn pop(request: HttpRequest, api: Api) -> Result<HttpResponse, Problem> {
    let queue = &*own(&api)?.messages;
    Query::of(request.query_string(), &[])?;
    if request.method() == Method::HEAD {
        look(queue).await?;
        return Ok(HttpResponse::Ok().json(PoppedMessage::new(None)));
    }
    let held = api.memory.hold(memory_of(LONGEST))?;
    let popped = queue.receive(1, POPPING).await.map_err(failed)?.pop();
    if let Some(leased) = &popped {
        delete(queue, leased).await?;
    }
    let popped = PoppedMessage::new(popped.map(MessageView::leased));
    Ok(done(&popped, held))
}

/// Deletes what was received. Where nobody knows whether it is deleted, its client has it all the same: rather
/// twice than never.
async fn delete(queue: &dyn RawQueue, leased: &Leased) -> Result<(), Problem> {
    let (id, receipt) = (&leased.message.id, &leased.lease.pop_receipt);
    match queue.delete(id, receipt).await {
        // `false` when another client has cleared the queue, and after an answer that was lost.
        Ok(_) => Ok(()),
        Err(error) if error.is_unanswered() => {
            log::warn!("{error}");
            Ok(())
        }
        Err(error) => {
            // If that fails as well, others see it after a minute.
            if let Err(error) = queue.update(id, receipt, None, Duration::ZERO).await {
                log::warn!("{error}");
            }
            Err(failed(error))
        }
    }
}

/// Hides messages for their client, who changes them or lets them come back. To `HEAD` it hides none.
pub(in crate::api) async fn lease(request: HttpRequest, api: Api) -> Result<HttpResponse, Problem> {
    let queue = &*own(&api)?.messages;
    let known = ["messages_per_page", "visibility_timeout", "max_messages"];
    let query = Query::of(request.query_string(), &known)?;
    let page = query.number("messages_per_page", PAGE, 1..=MOST)?;
    let hide = seconds(&query, "visibility_timeout", HIDDEN, 1..=LONGEST_HIDDEN)?;
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
    let (leased, held) = receive(queue, &api.memory, page, max as usize, hide).await?;
    let messages = leased.into_iter().map(MessageView::leased).collect();
    Ok(done(&Messages { messages }, held))
}

/// Page by page, until there are enough or no more. What is hidden already is given, even if the next page
/// cannot be had. With the memory that it takes.
async fn receive(
    queue: &dyn RawQueue,
    memory: &Memory,
    page: u32,
    max: usize,
    hide: Duration,
) -> Result<(Vec<Leased>, Held), Problem> {
    let (mut leased, mut held, mut bytes) = (Vec::new(), Held::default(), 0);
    while leased.len() < max {
        let wanted = page.min(u32::try_from(max - leased.len()).unwrap_or(page));
        let more = match memory.grow(&mut held, bytes + wanted as usize * memory_of(LONGEST)) {
            Ok(()) => queue.receive(wanted, hide).await.map_err(failed),
            Err(refused) => Err(refused),
        };
        let more = match more {
            Err(problem) if leased.is_empty() => return Err(problem),
            Err(_) => break,
            Ok(more) => more,
        };
        let is_last = more.len() < wanted as usize;
        let texts = more.iter().map(|leased| leased.message.text.len());
        bytes += texts.map(memory_of).sum::<usize>();
        leased.extend(more);
        if is_last {
            break;
        }
    }
    Ok((leased, held))
}

/// What a message whose text is so long takes of memory, in bytes: by itself, and in the reply.
fn memory_of(text: usize) -> usize {
    2 * text + FIELDS
}

/// What `HEAD` learns: whether the queue can be read.
async fn look(queue: &dyn RawQueue) -> Result<(), Problem> {
    queue.peek(1).await.map(drop).map_err(failed)
}
