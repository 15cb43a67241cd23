//! From a received message to a settled one, by the rules the Functions host follows: renew while
//! the attempt runs; success deletes; failure releases; at the maximum dequeue count, copy to the
//! poison queue, then delete.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::crash::{CrashPoint, crash_point};
use crate::limits::{
    IN_HAND_WAIT, MAX_DEQUEUE_COUNT, RENEWAL_RETRY, SLOT_WAIT, VISIBILITY_TIMEOUT,
};
use crate::records::RecordError;
use crate::worker::{Delivery, Outcome, Worker};
use ports::{Queue, Received, StorageError};

/// Works on messages that this process received itself, without a host.
#[derive(Clone)]
pub struct Consumer {
    queue: Arc<dyn Queue>,
    poison_queue: Arc<dyn Queue>,
    worker: Arc<Worker>,
}

impl Consumer {
    /// Takes messages from `queue`, and leaves those nobody can work on in `poison_queue`.
    pub(crate) fn new(
        queue: Arc<dyn Queue>,
        poison_queue: Arc<dyn Queue>,
        worker: Arc<Worker>,
    ) -> Self {
        Self {
            queue,
            poison_queue,
            worker,
        }
    }

    /// Receives up to `max` (1 to 32) messages.
    pub async fn receive(&self, max: u32) -> Result<Vec<Received>, StorageError> {
        self.queue.receive(max, VISIBILITY_TIMEOUT).await
    }

    /// Receives up to `max` (1 to 32) messages of the poison queue.
    pub async fn receive_poisoned(&self, max: u32) -> Result<Vec<Received>, StorageError> {
        self.poison_queue.receive(max, VISIBILITY_TIMEOUT).await
    }

    /// Fails the task of a poisoned message and deletes the message; `false` when it names no task.
    pub async fn bury(&self, received: &Received) -> Result<bool, RecordError> {
        let (text, sent_at) = (&received.text, received.inserted_at);
        let buried = self.worker.fail_poisoned(text, sent_at).await?;
        if buried {
            crash_point(CrashPoint::SweepAfterBurial);
            self.poison_queue
                .delete(&received.id, &received.pop_receipt)
                .await?;
        }
        Ok(buried)
    }

    /// Gives a poisoned message back, for somebody to look at.
    pub async fn release_poisoned(&self, received: &Received) -> Result<(), StorageError> {
        self.poison_queue
            .update(&received.id, &received.pop_receipt, Duration::ZERO)
            .await
            .map(drop)
    }

    /// Runs an attempt and settles the message. What cannot be settled now comes back by itself
    /// when its visibility timeout ends.
    pub fn process(&self, received: Received) -> impl Future<Output = Outcome> {
        self.settle_after(received, SLOT_WAIT, ())
    }

    /// The same for one of many that were received at once: what does not begin within [`IN_HAND_WAIT`]
    /// is given back, for another process may be able to begin it. Drops `held` once the work is
    /// computed, or waits: others may be received then, while this one is committed and deleted.
    pub fn process_in_hand(
        &self,
        received: Received,
        held: impl Send,
    ) -> impl Future<Output = Outcome> {
        self.settle_after(received, IN_HAND_WAIT, held)
    }

    async fn settle_after(
        &self,
        mut received: Received,
        patience: Duration,
        held: impl Send,
    ) -> Outcome {
        let outcome = if received.dequeue_count > MAX_DEQUEUE_COUNT {
            // Whoever had it last died with it. The host does not call the handler either.
            Outcome::Poison {
                reason: "delivered too often".to_owned(),
            }
        } else {
            self.run_renewing(&mut received, patience, held).await
        };
        if let Err(error) = self.settle(&received, &outcome).await {
            log::warn!("message.id" = received.id.as_str(); "message stays until its visibility timeout ends: {error}");
        }
        outcome
    }

    async fn run_renewing(
        &self,
        received: &mut Received,
        patience: Duration,
        held: impl Send,
    ) -> Outcome {
        let delivery = Delivery {
            text: std::mem::take(&mut received.text),
            dequeue_count: received.dequeue_count,
            inserted_at: Some(received.inserted_at),
        };
        let outcome = {
            let run = self.worker.run(&delivery, patience, held);
            tokio::pin!(run);
            let mut next_renewal = VISIBILITY_TIMEOUT / 2;
            loop {
                tokio::select! {
                    outcome = &mut run => break outcome,
                    // A renewal is not broken off when the attempt ends meanwhile: settling needs
                    // the pop receipt that it gives.
                    () = sleep(next_renewal) => next_renewal = self.renew(received).await,
                }
            }
        };
        received.text = delivery.text;
        outcome
    }

    /// Renews the visibility timeout, and says when to do it again.
    async fn renew(&self, received: &mut Received) -> Duration {
        let id = received.id.as_str();
        match self
            .queue
            .update(id, &received.pop_receipt, VISIBILITY_TIMEOUT)
            .await
        {
            Ok(Some(pop_receipt)) => {
                received.pop_receipt = pop_receipt;
                VISIBILITY_TIMEOUT / 2
            }
            Ok(None) => {
                // Somebody else has it now. The attempt may go on: only one can end the task.
                log::warn!("message.id" = id; "message was lost to another worker");
                Duration::MAX
            }
            Err(error) => {
                log::warn!("message.id" = id; "message not renewed: {error}");
                RENEWAL_RETRY
            }
        }
    }

    /// Messages under way that take no place in hand: their work waits for something else than this process,
    /// or they wait for others of their kind.
    pub fn aside(&self) -> usize {
        self.worker.aside()
    }

    /// Whether the process was told to stop, so that no new work should begin.
    pub fn is_stopping(&self) -> bool {
        self.worker.is_stopping()
    }

    async fn settle(&self, received: &Received, outcome: &Outcome) -> Result<(), StorageError> {
        let Received {
            id, pop_receipt, ..
        } = received;
        match outcome {
            Outcome::Done => {}
            Outcome::Again { message, after, .. } => self.send_next(message, *after).await?,
            Outcome::Spent { reason } | Outcome::Poison { reason } => {
                self.poison(&received.text, reason).await?;
            }
        }
        if !self.queue.delete(id, pop_receipt).await? {
            log::info!("message.id" = id.as_str(); "message was delivered again before it was settled");
        } else if !matches!(outcome, Outcome::Again { .. }) {
            self.worker.message_left();
        }
        Ok(())
    }

    /// Runs an attempt on a message that the host holds.
    pub async fn run(&self, delivery: &Delivery) -> Outcome {
        self.worker.run(delivery, SLOT_WAIT, ()).await
    }

    /// What is left to do when the host holds the message: everything but the deletion, which
    /// follows from the host's success. `Err` when the host must release the message.
    pub async fn settle_for_host(
        &self,
        delivery: &Delivery,
        outcome: Outcome,
    ) -> Result<(), Unsettled> {
        let (settled, reason) = match outcome {
            Outcome::Done => {
                self.worker.message_left();
                return Ok(());
            }
            Outcome::Again {
                message,
                after,
                reason,
            } => (self.send_next(&message, after).await, reason),
            Outcome::Spent { reason } if delivery.dequeue_count < MAX_DEQUEUE_COUNT => {
                let poisoned = self.poison(&delivery.text, &reason).await;
                if poisoned.is_ok() {
                    self.worker.message_left();
                }
                (poisoned, reason)
            }
            // The host counts on, and poisons it in the end.
            Outcome::Spent { reason } | Outcome::Poison { reason } => {
                return Err(Unsettled(reason));
            }
        };
        settled.map_err(|error| Unsettled(format!("{reason}; {error}")))
    }

    async fn send_next(&self, text: &str, after: Duration) -> Result<(), StorageError> {
        self.queue.send(text, after).await?;
        crash_point(CrashPoint::AfterNextMessage);
        Ok(())
    }

    async fn poison(&self, text: &str, reason: &str) -> Result<(), StorageError> {
        log::warn!("message moves to the poison queue: {reason}");
        self.poison_queue.send(text, Duration::ZERO).await?;
        crash_point(CrashPoint::AfterPoisoning);
        Ok(())
    }
}

/// Why the host must release a message, or poison it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unsettled(String);
