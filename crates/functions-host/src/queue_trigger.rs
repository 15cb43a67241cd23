//! The queue trigger: polls, calls the handler, deletes, releases or poisons.
//!
//! Protocol: Queue trigger; Life of a message; Poison queue. Left out: dynamic concurrency, and the look
//! whether a queue is there before it is first received from.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Host;
use super::backoff::Backoff;
use super::envelope::{encode, queue_metadata};
use super::events::{Event, Invocation};
use super::function::QueueTrigger;
use super::invoke::invoke_with_payload;
use super::manifest::MessageEncoding;
use super::storage_queue::{Message, QueueError, StorageQueue, decode_base64};

/// One queue function, listening.
pub(crate) struct QueueListener {
    host: Arc<Host>,
    function: String,
    binding: String,
    queue: StorageQueue,
}

impl QueueListener {
    /// Expands the queue's name and looks up the connection; the error is the reason.
    pub(crate) fn new(
        host: &Arc<Host>,
        function: &str,
        trigger: &QueueTrigger,
    ) -> Result<Self, String> {
        let queue_name = host
            .settings
            .expand(&trigger.queue_name)
            .map_err(|name| format!("app setting {name} is missing"))?
            .to_lowercase();
        let connection = &trigger.connection;
        let connection_string = host
            .settings
            .get(connection)
            .ok_or_else(|| format!("app setting {connection} is missing"))?;
        Ok(Self {
            host: Arc::clone(host),
            function: function.to_owned(),
            binding: trigger.name.clone(),
            queue: StorageQueue::new(connection_string, &queue_name)?,
        })
    }

    /// Listens until the host stops.
    ///
    /// Messages in flight are dropped with it: their lease runs out, as after the death of a host.
    pub(crate) async fn run(self) {
        let listener = Arc::new(self);
        let options = &listener.host.manifest.extensions.queues;
        let mut in_flight = JoinSet::new();
        let mut backoff = Backoff::up_to(options.max_polling_interval);
        loop {
            while in_flight.len() > options.new_batch_threshold() {
                in_flight.join_next().await;
            }
            while in_flight.try_join_next().is_some() {}
            let lease = listener.host.receive_lease;
            match listener.queue.receive(options.batch_size, lease).await {
                Ok(messages) if !messages.is_empty() => {
                    backoff.reset();
                    for message in messages {
                        let listener = Arc::clone(&listener);
                        in_flight.spawn(listener.handle(message));
                    }
                    continue;
                }
                Ok(_) | Err(QueueError::NoSuchQueue) => {}
                Err(error) => listener.complain("receive", &error),
            }
            sleep(backoff.pause()).await;
        }
    }

    async fn handle(self: Arc<Self>, message: Message) {
        let options = &self.host.manifest.extensions.queues;
        let bytes = match options.message_encoding {
            MessageEncoding::None => Some(message.text.clone().into_bytes()),
            MessageEncoding::Base64 => decode_base64(&message.text),
        };
        let Some(bytes) = bytes else {
            return self.poison(&message, &message.pop_receipt).await;
        };
        // A host died on the last attempt.
        if message.dequeue_count > options.max_dequeue_count {
            return self.poison(&message, &message.pop_receipt).await;
        }
        let receipt = Arc::new(Mutex::new(message.pop_receipt.clone()));
        let renewal = tokio::spawn(Arc::clone(&self).renew(message.id.clone(), receipt.clone()));
        let acknowledged = match String::from_utf8(bytes) {
            // The binding fails before the handler is called.
            Err(_) => false,
            Ok(text) => self.invoke(&message, &text).await,
        };
        // A renewal under way is let finish: it makes the receipt known so far stale.
        let receipt = receipt.lock().await;
        renewal.abort();
        if acknowledged {
            if let Err(error) = self.queue.delete(&message.id, &receipt).await {
                self.complain("delete", &error);
            }
        } else if message.dequeue_count >= options.max_dequeue_count {
            self.poison(&message, &receipt).await;
        } else {
            let release = self
                .queue
                .update(&message.id, &receipt, options.visibility_timeout);
            if let Err(error) = release.await {
                self.complain("release", &error);
            }
        }
    }

    async fn invoke(&self, message: &Message, text: &str) -> bool {
        let invocation = Invocation::new(&self.function, Some(message.dequeue_count));
        let data = Map::from_iter([(self.binding.clone(), encode(text))]);
        let metadata = queue_metadata(&self.function, message, text);
        invoke_with_payload(&self.host, invocation, Value::Object(data), metadata).await
    }

    /// Renews the lease at half time, until aborted. The lock is held over each renewal.
    async fn renew(self: Arc<Self>, id: String, receipt: Arc<Mutex<String>>) {
        let lease = self.host.receive_lease;
        loop {
            sleep(lease / 2).await;
            let mut receipt = receipt.lock().await;
            match self.queue.update(&id, &receipt, lease).await {
                Ok(renewed) => *receipt = renewed,
                Err(error) => self.complain("renew", &error),
            }
        }
    }

    /// Copies the message as it is on the wire, then deletes it; in this order, so that a crash
    /// between the two leaves both.
    async fn poison(&self, message: &Message, receipt: &str) {
        // Without a poison queue the message returns when its lease ends.
        let Some(poison) = self.queue.poison() else {
            return;
        };
        let copy = async {
            match poison.send(&message.text).await {
                Err(QueueError::NoSuchQueue) => {
                    poison.create().await?;
                    poison.send(&message.text).await?;
                }
                sent => sent?,
            }
            self.queue.delete(&message.id, receipt).await
        };
        match copy.await {
            Err(error) => self.complain("poison", &error),
            Ok(()) => self.host.events.push(Event::Poisoned {
                queue: poison.name().to_owned(),
                text: message.text.clone(),
            }),
        }
    }

    fn complain(&self, operation: &str, error: &QueueError) {
        let queue = self.queue.name();
        self.host.error(format!("{operation} on {queue}: {error}"));
    }
}
