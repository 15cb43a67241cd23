//! What we hold of a message while it is worked on: its receipt, which is renewed on one side, and used up
//! on the other by whoever settles the message.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

use crate::limits::{RENEWAL_RETRY, VISIBILITY_TIMEOUT};
use crate::queue::TaskQueue;
use crate::records::Followed;
use ports::Receipt;

/// A receipt, until it is used up. Whoever settles waits for a renewal under way: it needs the receipt
/// that the renewal gives.
pub(crate) struct Hold {
    /// Where the message is.
    pub(crate) queue: Arc<TaskQueue>,
    receipt: Mutex<Option<Receipt>>,
}

impl Hold {
    /// Of a message that we received from this queue, or that somebody else holds.
    pub(crate) fn new(queue: &Arc<TaskQueue>, receipt: Option<Receipt>) -> Self {
        Self {
            queue: Arc::clone(queue),
            receipt: Mutex::new(receipt),
        }
    }

    /// The receipt, for settling; `None` when it is used up, or never was ours.
    pub(crate) async fn receipt(&self) -> MutexGuard<'_, Option<Receipt>> {
        self.receipt.lock().await
    }

    /// Renews the visibility timeout, and says when to do it again.
    pub(crate) async fn renew(&self) -> Duration {
        let mut receipt = self.receipt().await;
        let Some(receipt) = receipt.as_mut() else {
            return Duration::MAX;
        };
        let messages = &self.queue.messages;
        match messages.renew(receipt, VISIBILITY_TIMEOUT).await {
            Ok(true) => VISIBILITY_TIMEOUT / 2,
            Ok(false) => {
                // Somebody else has it now. The attempt may go on: only one can end the task.
                log::warn!("message.id" = receipt.id.as_str(); "message was lost to another worker");
                Duration::MAX
            }
            Err(error) => {
                log::warn!("message.id" = receipt.id.as_str(); "message not renewed: {error}");
                RENEWAL_RETRY
            }
        }
    }
}

/// Uses up a receipt that was settled with a record, and says whether the message has left the queue.
pub(crate) fn settled(receipt: &mut Option<Receipt>, followed: &Followed) -> bool {
    let Some(Receipt { id, .. }) = receipt.take() else {
        return false;
    };
    let id = id.as_str();
    match followed {
        Followed::All { settled: true, .. } => return true,
        Followed::All { settled: false, .. } => log_delivered_again(id),
        Followed::Unsent(error) | Followed::Unsettled(error) => {
            log::warn!("message.id" = id; "message stays until its visibility timeout ends: {error}");
        }
    }
    false
}

/// Tells of a receipt that was stale.
pub(crate) fn log_delivered_again(id: &str) {
    log::info!("message.id" = id; "message was delivered again before it was settled");
}
