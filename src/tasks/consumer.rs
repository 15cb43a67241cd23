//! From a received message to a settled one, by the rules the Functions host follows: renew while
//! the attempt runs; success deletes; failure releases; at the maximum dequeue count, copy to the
//! poison queue, then delete.

use std::sync::Arc;
use std::time::Duration;

use super::limits::{MAX_DEQUEUE_COUNT, VISIBILITY_TIMEOUT};
use super::records::RecordError;
use super::worker::{Delivery, Outcome, Worker};
use crate::ports::{Queue, Received, StorageError};

/// Works on messages that this process received itself, without a host.
#[derive(Clone)]
pub struct Consumer {
    queue: Arc<dyn Queue>,
    poison_queue: Arc<dyn Queue>,
    worker: Worker,
}

impl Consumer {
    /// Takes messages from `queue`, and leaves those nobody can work on in `poison_queue`.
    pub fn new(queue: Arc<dyn Queue>, poison_queue: Arc<dyn Queue>, worker: Worker) -> Self {
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

    /// Fails the task of a poisoned message and deletes the message. A message that names no task
    /// goes back, for somebody to look at.
    pub async fn bury(&self, received: &Received) -> Result<bool, RecordError> {
        let buried = self.worker.fail_poisoned(&received.text).await?;
        if buried {
            self.poison_queue
                .delete(&received.id, &received.pop_receipt)
                .await?;
        } else {
            self.poison_queue
                .update(&received.id, &received.pop_receipt, Duration::ZERO)
                .await?;
        }
        Ok(buried)
    }

    /// Runs an attempt and settles the message. What cannot be settled now comes back by itself
    /// when its visibility timeout ends.
    pub async fn process(&self, mut received: Received) -> Outcome {
        let outcome = if received.dequeue_count > MAX_DEQUEUE_COUNT {
            // Whoever had it last died with it. The host does not call the handler either.
            Outcome::Poison {
                reason: "delivered too often".to_owned(),
            }
        } else {
            self.run_renewing(&mut received).await
        };
        if let Err(error) = self.settle(&received, &outcome).await {
            log::warn!("message stays until its visibility timeout ends: {error}");
        }
        outcome
    }

    async fn run_renewing(&self, received: &mut Received) -> Outcome {
        let delivery = Delivery {
            text: std::mem::take(&mut received.text),
            dequeue_count: received.dequeue_count,
            inserted_at: Some(received.inserted_at),
        };
        let outcome = tokio::select! {
            outcome = self.worker.run(&delivery) => outcome,
            () = self.keep(received) => unreachable!("keeping a message never ends"),
        };
        received.text = delivery.text;
        outcome
    }

    /// Renews the visibility timeout at half of it, for as long as it is polled.
    async fn keep(&self, received: &mut Received) {
        loop {
            tokio::time::sleep(VISIBILITY_TIMEOUT / 2).await;
            match self
                .queue
                .update(&received.id, &received.pop_receipt, VISIBILITY_TIMEOUT)
                .await
            {
                Ok(Some(pop_receipt)) => received.pop_receipt = pop_receipt,
                Ok(None) => {
                    // Somebody else has it now. The attempt may go on: only one can end the task.
                    log::warn!("message was lost to another worker");
                    std::future::pending::<()>().await;
                }
                Err(error) => log::warn!("message not renewed: {error}"),
            }
        }
    }

    async fn settle(&self, received: &Received, outcome: &Outcome) -> Result<(), StorageError> {
        let Received {
            id, pop_receipt, ..
        } = received;
        match outcome {
            Outcome::Done => self.queue.delete(id, pop_receipt).await.map(drop),
            Outcome::Retry { after, .. } => {
                self.queue.update(id, pop_receipt, *after).await.map(drop)
            }
            Outcome::Poison { reason } => {
                log::warn!(attempt = received.dequeue_count; "message moves to the poison queue: {reason}");
                self.poison_queue
                    .send(&received.text, Duration::ZERO)
                    .await?;
                self.queue.delete(id, pop_receipt).await.map(drop)
            }
        }
    }
}
