//! The law of [writes](crate::Step) for a store that can do one step at a time.

use crate::crash::{CrashPoint, crash_point};
use crate::{Step, StorageError, Text, Written};

/// A store that can do one step at a time.
pub trait OneStep: Sync {
    /// Does a single step, whose text is [fixed](Text::Fixed).
    fn step(&self, step: Step<'_>) -> impl Future<Output = Result<Written, StorageError>> + Send;
}

/// Does the steps one after another.
///
/// # Errors
///
/// When the first one failed.
pub async fn one_by_one(store: &impl OneStep, steps: &[Step<'_>]) -> Result<Written, StorageError> {
    let (mut etag, mut settled, mut held) = (None, true, None);
    for (done, step) in steps.iter().enumerate() {
        let text;
        let step = match *step {
            Step::Send {
                queue,
                text: Text::Of(tell),
                delay,
                held,
            } => {
                text = tell(etag.as_ref());
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
        match (steps.get(done.wrapping_sub(1)), step) {
            (Some(Step::Put { .. }), _) => crash_point(CrashPoint::AfterEntry),
            (Some(Step::Send { .. }), Step::Settle { .. }) => {
                crash_point(CrashPoint::AfterNextMessage);
            }
            (Some(_), Step::Settle { .. }) => crash_point(CrashPoint::AfterCommit),
            _ => {}
        }
        match store.step(step).await {
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
    }
    Ok(Written::Done {
        etag,
        settled,
        held,
    })
}
