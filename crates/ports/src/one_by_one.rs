//! The law of [writes](crate::Step) for a store that can do one step at a time.
//!
//! Messages in a row go side by side: nothing says which of them comes first, and each costs a round trip.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::crash::{CrashPoint, crash_point};
use crate::{ETag, Step, StorageError, Text, Written};

/// How many messages are under way at once: 256 of them take 16 round trips.
const SIDE_BY_SIDE: usize = 16;

/// A store that can do one step at a time.
pub trait OneStep: Sync {
    /// Does a single step, whose text is [fixed](Text::Fixed).
    fn step(&self, step: Step<'_>) -> impl Future<Output = Result<Written, StorageError>> + Send;
}

/// Does the steps one after another, but messages in a row that nobody holds side by side: what is before them
/// is done before, and what is behind them when all of them are sent.
///
/// # Errors
///
/// When the first one failed. Where that is one of several messages in a row, some of those behind it may be sent.
pub async fn one_by_one(store: &impl OneStep, steps: &[Step<'_>]) -> Result<Written, StorageError> {
    let (mut etag, mut settled, mut held) = (None, true, None);
    let mut done = 0;
    while let Some(step) = steps.get(done) {
        match (steps.get(done.wrapping_sub(1)), step) {
            (Some(Step::Put { .. }), _) => crash_point(CrashPoint::AfterEntry),
            (Some(Step::Send { .. }), Step::Settle { .. }) => {
                crash_point(CrashPoint::AfterNextMessage);
            }
            (Some(_), Step::Settle { .. }) => crash_point(CrashPoint::AfterCommit),
            _ => {}
        }
        let messages = steps[done..].iter().take_while(|step| is_free(step));
        let outcome = match messages.count() {
            0 | 1 => one(store, step, etag.as_ref()).await,
            count => {
                let messages = &steps[done..done + count];
                // Seldom, and larger than all the rest.
                match Box::pin(side_by_side(store, messages, etag.as_ref())).await {
                    None => {
                        done += count;
                        continue;
                    }
                    Some((unsent, outcome)) => {
                        done += unsent;
                        outcome
                    }
                }
            }
        };
        match outcome {
            Ok(Written::Done {
                etag: written,
                settled: is_settled,
                held: receipt,
            }) => {
                etag = written.or(etag);
                settled &= is_settled;
                held = receipt.or(held);
            }
            Ok(Written::Not { .. }) => return Ok(Written::Not { step: done }),
            Ok(Written::Partly { cause, .. }) | Err(cause) if done > 0 => {
                let steps = done;
                return Ok(Written::Partly { steps, etag, cause });
            }
            Ok(Written::Partly { cause, .. }) | Err(cause) => return Err(cause),
        }
        done += 1;
    }
    Ok(Written::Done {
        etag,
        settled,
        held,
    })
}

/// Whether it is a message that nobody holds: its outcome says nothing but that it is sent.
fn is_free(step: &Step<'_>) -> bool {
    matches!(step, Step::Send { held: false, .. })
}

/// Does a step, with the text of the version that was written before it.
async fn one(
    store: &impl OneStep,
    step: &Step<'_>,
    etag: Option<&ETag>,
) -> Result<Written, StorageError> {
    let text;
    let step = match *step {
        Step::Send {
            queue,
            text: Text::Of(tell),
            delay,
            held,
        } => {
            text = tell(etag);
            let text = Text::Fixed(&text);
            Step::Send {
                queue,
                text,
                delay,
                held,
            }
        }
        step => step,
    };
    store.step(step).await
}

/// Sends messages. After a failure none is begun; gives the first one (from 0) that is not known to be sent, and
/// why, when all that were begun have ended.
async fn side_by_side(
    store: &impl OneStep,
    messages: &[Step<'_>],
    etag: Option<&ETag>,
) -> Option<(usize, Result<Written, StorageError>)> {
    let mut rest = messages
        .iter()
        .enumerate()
        .map(|(index, step)| async move { (index, one(store, step, etag).await) });
    let mut under_way: FuturesUnordered<_> = rest.by_ref().take(SIDE_BY_SIDE).collect();
    let mut unsent: Option<(usize, _)> = None;
    while let Some((index, outcome)) = under_way.next().await {
        let is_sent = matches!(outcome, Ok(Written::Done { .. }));
        if !is_sent && unsent.as_ref().is_none_or(|(first, _)| index < *first) {
            unsent = Some((index, outcome));
        }
        if unsent.is_none() {
            under_way.extend(rest.next());
        }
    }
    unsent
}

#[cfg(test)]
mod tests;
