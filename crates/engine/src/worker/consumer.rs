//! From a received message to a settled one, by the rules the Functions host follows: renew while
//! the attempt runs; success deletes; failure releases; at the maximum dequeue count it becomes a dead
//! letter.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::limits::{
    EARLY_START_LEASE, IN_HAND_WAIT, MAX_DEQUEUE_COUNT, RECEIVE_PAGE, SLOT_WAIT, VISIBILITY_TIMEOUT,
};
use crate::local::early::Early;
use crate::local::slots::Hand;
use crate::model::message::TaskMessage;
use crate::queue::TaskQueue;
use crate::records::RecordError;
use crate::worker::ending::log_dead_letter;
use crate::worker::hold::{Hold, log_delivered_again};
use crate::worker::outcome::Outcome;
use crate::worker::parts::Worker;
use crate::worker::turns::{Given, Turns};
use ports::crash::{CrashPoint, crash_point};
use ports::{Delivery, QueueName, Settle, StorageError};

/// Works on messages that this process received itself, without a host.
#[derive(Clone)]
pub struct Consumer {
    worker: Arc<Worker>,
    /// What works on the messages of instances.
    turns: Arc<dyn Turns>,
    /// Where the messages come from.
    queue: Arc<TaskQueue>,
}

impl Consumer {
    /// Takes messages from this queue.
    pub(crate) fn new(worker: Arc<Worker>, turns: Arc<dyn Turns>, queue: Arc<TaskQueue>) -> Self {
        Self {
            worker,
            turns,
            queue,
        }
    }

    /// The name of its queue, if kinds have that for themselves; `None`: it is the main one.
    pub fn further_queue(&self) -> Option<&str> {
        (!self.queue.is_main).then(|| self.queue.name.as_str())
    }

    pub(crate) fn queue_name(&self) -> &QueueName {
        &self.queue.name
    }

    /// Returns when this process has sent a message to its queue since this last returned, and when one of
    /// those in it is due, as far as is known here.
    pub async fn woken(&self) {
        self.queue.woken(&*self.worker.clock).await;
    }

    /// Receives up to `max` (1 to 32) messages.
    pub async fn receive(&self, max: u32) -> Result<Vec<Delivery>, StorageError> {
        let messages = &self.queue.messages;
        let page = messages.receive(max, VISIBILITY_TIMEOUT).await?;
        let is_behind = page.len() >= max as usize;
        self.queue.is_behind.store(is_behind, Relaxed);
        Ok(page)
    }

    /// Receives up to `max` (1 to 32) dead letters.
    pub async fn receive_dead_letters(&self, max: u32) -> Result<Vec<Delivery>, StorageError> {
        let dead_letters = &self.queue.dead_letters;
        dead_letters.receive(max, VISIBILITY_TIMEOUT).await
    }

    /// Fails the task of a dead letter and deletes the letter. One that names no task becomes an entry among
    /// those that are listed: `false`.
    pub async fn bury(&self, letter: &Delivery) -> Result<bool, RecordError> {
        let Delivery {
            text, inserted_at, ..
        } = letter;
        let of_instance = TaskMessage::parse(text).ok();
        let of_instance = of_instance.filter(|message| self.worker.is_of_instance(message));
        let unreadable = match of_instance {
            Some(message) => self.turns.bury(message).await.map(|()| None)?,
            None => self.worker.fail_dead_lettered(text, *inserted_at).await?,
        };
        if let Some(reason) = unreadable {
            let (records, queue) = (&self.worker.records, &self.queue.name);
            records.keep_message(letter, queue, &reason).await?;
            return Ok(false);
        }
        crash_point(CrashPoint::SweepAfterBurial);
        self.settle_dead_letter(letter, Settle::Done).await?;
        Ok(true)
    }

    /// Gives a dead letter back, for somebody to look at.
    pub async fn release_dead_letter(&self, letter: &Delivery) -> Result<(), StorageError> {
        let how = Settle::Release(Duration::ZERO);
        self.settle_dead_letter(letter, how).await
    }

    async fn settle_dead_letter(
        &self,
        letter: &Delivery,
        how: Settle<'_>,
    ) -> Result<(), StorageError> {
        if let Some(receipt) = &letter.receipt {
            self.queue.dead_letters.settle(receipt, how).await?;
        }
        Ok(())
    }

    /// Runs an attempt and settles the message. What cannot be settled now comes back by itself
    /// when its visibility timeout ends.
    pub fn process(&self, received: Delivery) -> impl Future<Output = Outcome> {
        let hand = Hand::holding((), &self.queue.aside);
        self.settle_after(received, VISIBILITY_TIMEOUT, SLOT_WAIT, hand)
    }

    /// Runs an attempt on a message that this process holds since it has sent it, once it is due, and
    /// settles it as any other. One that finds no slot then, or the process stopping, is left to others.
    pub(crate) async fn begin(&self, early: Early) {
        let due = Instant::now() + early.after();
        // A timer that is over would last for a millisecond.
        while Instant::now() < due {
            tokio::select! {
                () = self.worker.stop.stopping.cancelled() => {
                    return self.leave_to_others(early.delivery, due - Instant::now()).await;
                }
                () = sleep_until(due) => {}
            }
        }
        let (delivery, taken, _place) = early.with_slots();
        match taken {
            Some(taken) => {
                let hand = Hand::with_slots(taken, &self.queue.aside);
                self.settle_after(delivery, EARLY_START_LEASE, SLOT_WAIT, hand)
                    .await;
            }
            None => self.leave_to_others(delivery, Duration::ZERO).await,
        }
    }

    async fn leave_to_others(&self, delivery: Delivery, after: Duration) {
        let Some(receipt) = &delivery.receipt else {
            return;
        };
        let messages = &self.queue.messages;
        let released = messages.settle(receipt, Settle::Release(after)).await;
        if let Err(error) = released {
            log::warn!("message.id" = receipt.id.as_str(); "message stays until its visibility timeout ends: {error}");
        }
    }

    /// The same for one of many that were received at once: what does not begin within [`IN_HAND_WAIT`]
    /// is given back, for another process may be able to begin it. Drops `held` once the work is
    /// computed, or waits: others may be received then, while this one is committed and deleted.
    pub fn process_in_hand(
        &self,
        received: Delivery,
        held: impl Send,
    ) -> impl Future<Output = Outcome> {
        let hand = Hand::holding(held, &self.queue.aside);
        self.settle_after(received, VISIBILITY_TIMEOUT, IN_HAND_WAIT, hand)
    }

    async fn settle_after(
        &self,
        mut received: Delivery,
        hidden: Duration,
        patience: Duration,
        hand: Hand<impl Send>,
    ) -> Outcome {
        let hold = Hold::new(&self.queue, received.receipt.take());
        let work = async {
            let outcome = if received.dequeue_count > MAX_DEQUEUE_COUNT {
                // Whoever had it last died with it. The host does not call the handler either.
                Outcome::Poison {
                    reason: "delivered too often".to_owned(),
                }
            } else {
                self.work_on(&received, &hold, patience, hand).await
            };
            self.settle(&received.text, &hold, &outcome).await;
            outcome
        };
        tokio::pin!(work);
        // Beside the work, not instead of it: who settles waits for a renewal under way.
        let mut next_renewal = hidden / 2;
        let renewals = async {
            loop {
                sleep(next_renewal).await;
                next_renewal = hold.renew().await;
            }
        };
        tokio::select! {
            outcome = &mut work => outcome,
            never = renewals => never,
        }
    }

    /// Messages of its queue under way that take no place in hand: their work waits for something else than
    /// this process, or they wait for others of their kind.
    pub fn aside(&self) -> usize {
        self.queue.aside.load(Relaxed)
    }

    /// Settles a message that the worker has not settled with its record. What cannot be settled now
    /// comes back by itself when its visibility timeout ends.
    async fn settle(&self, text: &str, hold: &Hold, outcome: &Outcome) {
        let mut held = hold.receipt().await;
        let Some(receipt) = held.take() else {
            return;
        };
        let messages = &self.queue.messages;
        let settled = match outcome {
            Outcome::Done | Outcome::Again { message: None, .. } => {
                messages.settle(&receipt, Settle::Done).await
            }
            Outcome::Again {
                message: Some(message),
                queue,
                after,
                ..
            } => {
                let next = (message.as_str(), *after);
                let (records, queue) = (&self.worker.records, self.next(queue.as_ref()));
                records.send_and_settle(&queue.name, next, &receipt).await
            }
            Outcome::Spent { reason } | Outcome::Poison { reason } => {
                log_dead_letter(reason);
                let how = Settle::DeadLetter { text, reason };
                messages.settle(&receipt, how).await
            }
            Outcome::Released { .. } => return,
        };
        let id = receipt.id.as_str();
        match settled {
            // A message in another queue is counted here until the next look.
            Ok(true) if matches!(outcome, Outcome::Again { .. }) => {}
            Ok(true) => self.queue.backlog.left(),
            Ok(false) => log_delivered_again(id),
            Err(error) => {
                log::warn!("message.id" = id; "message stays until its visibility timeout ends: {error}");
            }
        }
    }

    /// Where the message goes that follows one of this queue.
    fn next(&self, queue: Option<&QueueName>) -> &TaskQueue {
        let named = queue.and_then(|name| self.worker.queues.named(name));
        named.unwrap_or(&self.queue)
    }

    /// How many messages a sweep may take of its queue: as many as there are slots to begin their work at
    /// once, up to [`RECEIVE_PAGE`]; none while a host brings them, or when no slot is free within
    /// [`IN_HAND_WAIT`].
    pub(crate) async fn room_for_sweep(&self) -> u32 {
        let slots = &self.worker.attempts.slots;
        if self.queue.hosted.is_bringing(self.worker.clock.now()) {
            return 0;
        }
        let free = slots.free(IN_HAND_WAIT).await;
        u32::try_from(free).map_or(RECEIVE_PAGE, |free| free.min(RECEIVE_PAGE))
    }

    /// Runs an attempt on a message that the host holds.
    pub async fn run(&self, delivery: &Delivery) -> Outcome {
        let _brought = self.queue.hosted.brings(self.worker.clock.now());
        let hold = Hold::new(&self.queue, None);
        let hand = Hand::holding((), &self.queue.aside);
        self.work_on(delivery, &hold, SLOT_WAIT, hand).await
    }

    /// Lets whoever works on such a message have it.
    async fn work_on(
        &self,
        delivery: &Delivery,
        hold: &Hold,
        patience: Duration,
        hand: Hand<impl Send>,
    ) -> Outcome {
        let message = match TaskMessage::parse(&delivery.text) {
            Ok(message) => message,
            // What is seldom does not make every delivery larger.
            Err(unreadable) => return Box::pin(self.worker.refuse(unreadable, delivery)).await,
        };
        if self.worker.is_of_instance(&message) {
            let given = Given {
                message,
                delivery,
                hold,
                patience,
                hand: hand.boxed(),
            };
            return self.turns.turn(given).await;
        }
        self.worker
            .run(message, delivery, hold, patience, hand)
            .await
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
                self.queue.backlog.left();
                return Ok(());
            }
            Outcome::Again { message: None, .. } => return Ok(()),
            Outcome::Again {
                message: Some(message),
                queue,
                after,
                reason,
            } => {
                let queue = self.next(queue.as_ref());
                (send_next(queue, &message, after).await, reason)
            }
            Outcome::Spent { reason } if delivery.dequeue_count < MAX_DEQUEUE_COUNT => {
                let given_up = self.give_up(&delivery.text, &reason).await;
                if given_up.is_ok() {
                    self.queue.backlog.left();
                }
                (given_up, reason)
            }
            // The host counts on, and poisons it in the end.
            Outcome::Spent { reason }
            | Outcome::Poison { reason }
            | Outcome::Released { reason } => {
                return Err(Unsettled(reason));
            }
        };
        settled.map_err(|error| Unsettled(format!("{reason}; {error}")))
    }

    async fn give_up(&self, text: &str, reason: &str) -> Result<(), StorageError> {
        log_dead_letter(reason);
        self.queue.dead_letters.send(text, Duration::ZERO).await?;
        crash_point(CrashPoint::AfterPoisoning);
        Ok(())
    }
}

async fn send_next(queue: &TaskQueue, text: &str, after: Duration) -> Result<(), StorageError> {
    queue.messages.send(text, after).await?;
    crash_point(CrashPoint::AfterNextMessage);
    Ok(())
}

/// Why the host must release a message, or poison it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unsettled(String);
