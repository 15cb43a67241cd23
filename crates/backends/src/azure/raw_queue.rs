//! A storage queue whose messages are clients' own.

use std::time::Duration;

use async_trait::async_trait;
use azure_core::http::headers::{HeaderName, Headers};
use azure_core::http::{Response, XmlFormat};
use azure_core::time::parse_rfc7231;
use azure_storage_queue::models::{
    ListOfSentMessage, PeekedMessage, QueueClientPeekMessagesOptions,
    QueueClientReceiveMessagesOptions, QueueClientUpdateMessageOptions, ReceivedMessage,
};

use super::error::{code, incomplete};
use super::queue::{StorageQueue, TOO_LONG, envelope, seconds};
use super::queues::AzureQueue;
use super::resource;
use super::witness::may_be_done;
use ports::{Changed, Lease, Leased, QueuedMessage, RawQueue, StorageError, Timestamp};

/// How the service calls a life that does not end.
const NEVER_EXPIRES: i32 = -1;

/// What calls are named when they fail.
const PUT: &str = "send message";
const RECEIVE: &str = "receive messages";
const PEEK: &str = "peek at the queue";
const UPDATE: &str = "update message";

#[async_trait]
impl RawQueue for AzureQueue {
    async fn prepare(&self) -> Result<(), StorageError> {
        self.here()?.prepare().await
    }

    async fn put(
        &self,
        text: &str,
        life: Option<Duration>,
        delay: Duration,
    ) -> Result<Option<Leased>, StorageError> {
        let life = life.map_or(NEVER_EXPIRES, |life| whole(life).max(1));
        let answer = self.here()?.put(text, life, delay, &TOO_LONG).await?;
        answer.map(|answer| put_message(text, answer)).transpose()
    }

    async fn receive(&self, max: u32, hide: Duration) -> Result<Vec<Leased>, StorageError> {
        let messages = self.here()?.receive_page(max, hide).await?;
        messages.into_iter().map(leased).collect()
    }

    async fn peek(&self, max: u32) -> Result<Vec<QueuedMessage>, StorageError> {
        self.here()?.peek(max).await
    }

    async fn update(
        &self,
        id: &str,
        pop_receipt: &str,
        text: Option<&str>,
        hide: Duration,
    ) -> Result<Changed, StorageError> {
        self.here()?.change(id, pop_receipt, text, hide).await
    }

    async fn delete(&self, id: &str, pop_receipt: &str) -> Result<bool, StorageError> {
        self.here()?.delete(id, pop_receipt).await
    }

    /// The service gives up on a long queue after a while, having deleted some, and is asked again.
    async fn clear(&self) -> Result<(), StorageError> {
        self.here()?.clear().await
    }

    async fn length(&self) -> Result<u64, StorageError> {
        self.here()?.length().await
    }
}

impl StorageQueue {
    /// Takes messages as the service tells them.
    pub(super) async fn receive_page(
        &self,
        max: u32,
        hide: Duration,
    ) -> Result<Vec<ReceivedMessage>, StorageError> {
        let options = QueueClientReceiveMessagesOptions {
            number_of_messages: Some(i32::try_from(max).unwrap_or(i32::MAX)),
            // The service hides a message for at least one second.
            visibility_timeout: Some(seconds(hide).max(1)),
            ..Default::default()
        };
        let answer = resource::run(self, RECEIVE, || async {
            let receive = self.client.receive_messages(Some(options.clone()));
            receive.await?.into_model()
        });
        Ok(answer.await?.items.unwrap_or_default())
    }

    /// Looks at messages.
    pub(super) async fn peek(&self, max: u32) -> Result<Vec<QueuedMessage>, StorageError> {
        let options = QueueClientPeekMessagesOptions {
            number_of_messages: Some(i32::try_from(max).unwrap_or(i32::MAX)),
            ..Default::default()
        };
        let answer = resource::run(self, PEEK, || async {
            let peek = self.client.peek_messages(Some(options.clone()));
            peek.await?.into_model()
        });
        let messages = answer.await?.items.unwrap_or_default();
        messages.into_iter().map(peeked).collect()
    }

    /// Hides a message for so long, and lets it say something else.
    ///
    /// A change whose answer was lost is sent again, with a receipt that its own success may have made stale:
    /// nobody knows then.
    async fn change(
        &self,
        id: &str,
        pop_receipt: &str,
        text: Option<&str>,
        hide: Duration,
    ) -> Result<Changed, StorageError> {
        let hidden = seconds(hide);
        let answer = resource::run(self, UPDATE, || async {
            let options = QueueClientUpdateMessageOptions {
                // Without a body the message keeps its text.
                queue_message: text.map(envelope).transpose()?,
                ..Default::default()
            };
            let update = self
                .client
                .update_message(id, pop_receipt, hidden, Some(options));
            match update.await {
                Ok(response) => Ok(Ok(lease_of(response.headers()))),
                Err(error) => match refusal(&error) {
                    Some(refused) if !may_be_done() => Ok(Err(refused)),
                    _ => Err(error),
                },
            }
        });
        match answer.await? {
            Ok(Some(lease)) => Ok(Changed::Done(lease)),
            Ok(None) => Err(incomplete(UPDATE, "a pop receipt and a time")),
            Err(refused) => Ok(refused),
        }
    }

    async fn clear(&self) -> Result<(), StorageError> {
        let answer = resource::run(self, "clear the queue", || async {
            self.client.clear(None).await
        });
        answer.await.map(drop)
    }
}

/// The answers that are none of storage's failures. A receipt that the service cannot read is none that it
/// gave last.
fn refusal(error: &azure_core::Error) -> Option<Changed> {
    match code(error) {
        "MessageNotFound" => Some(Changed::Unknown),
        "PopReceiptMismatch" | "InvalidQueryParameterValue" => Some(Changed::Stale),
        code if TOO_LONG.contains(&code) => Some(Changed::TooLong),
        // A time from 0 to 7 days is out of range only where it ends after the message does.
        "OutOfRangeQueryParameterValue" => Some(Changed::PastItsEnd),
        _ => None,
    }
}

/// The hold that an update gives, in its headers.
fn lease_of(headers: &Headers) -> Option<Lease> {
    let text = |name: &'static str| headers.get_optional_string(&HeaderName::from_static(name));
    let next_visible = text("x-ms-time-next-visible")?;
    Some(Lease {
        pop_receipt: text("x-ms-popreceipt")?,
        next_visible_at: parse_rfc7231(&next_visible).ok()?,
    })
}

fn put_message(
    text: &str,
    answer: Response<ListOfSentMessage, XmlFormat>,
) -> Result<Leased, StorageError> {
    let sent = answer
        .into_model()
        .and_then(ListOfSentMessage::into_message);
    let sent = sent.map_err(|_| incomplete(PUT, "a message"))?;
    let missing = |field| move || incomplete(PUT, field);
    Ok(Leased {
        message: QueuedMessage {
            id: sent.message_id.ok_or_else(missing("a message id"))?,
            text: text.to_owned(),
            inserted_at: sent.insertion_time.ok_or_else(missing("a time"))?,
            expires_at: sent.expiration_time.ok_or_else(missing("a time"))?,
            dequeue_count: 0,
        },
        lease: lease(PUT, sent.pop_receipt, sent.time_next_visible)?,
    })
}

fn leased(message: ReceivedMessage) -> Result<Leased, StorageError> {
    let lease = lease(RECEIVE, message.pop_receipt, message.time_next_visible)?;
    let times = (message.insertion_time, message.expiration_time);
    let said = (message.message_id, message.message_text);
    Ok(Leased {
        message: seen(RECEIVE, said, times, message.dequeue_count)?,
        lease,
    })
}

fn peeked(message: PeekedMessage) -> Result<QueuedMessage, StorageError> {
    let times = (message.insertion_time, message.expiration_time);
    let said = (message.message_id, message.message_text);
    seen(PEEK, said, times, message.dequeue_count)
}

fn lease(
    operation: &'static str,
    pop_receipt: Option<String>,
    next_visible_at: Option<Timestamp>,
) -> Result<Lease, StorageError> {
    Ok(Lease {
        pop_receipt: pop_receipt.ok_or_else(|| incomplete(operation, "a pop receipt"))?,
        next_visible_at: next_visible_at.ok_or_else(|| incomplete(operation, "a time"))?,
    })
}

/// A message of this id and text, from when and until when.
fn seen(
    operation: &'static str,
    (id, text): (Option<String>, Option<String>),
    (inserted_at, expires_at): (Option<Timestamp>, Option<Timestamp>),
    dequeue_count: Option<i64>,
) -> Result<QueuedMessage, StorageError> {
    let missing = |field| move || incomplete(operation, field);
    Ok(QueuedMessage {
        id: id.ok_or_else(missing("a message id"))?,
        // A stranger's empty message must not hide those that came with it.
        text: text.unwrap_or_default(),
        inserted_at: inserted_at.ok_or_else(missing("a time"))?,
        expires_at: expires_at.ok_or_else(missing("a time"))?,
        dequeue_count: dequeue_count
            .and_then(|count| u32::try_from(count).ok())
            .ok_or_else(missing("a dequeue count"))?,
    })
}

/// Whole seconds of a life, which has no longest.
fn whole(life: Duration) -> i32 {
    i32::try_from(life.as_secs()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_hold_is_read_from_the_headers_of_an_update() {
        let mut headers = Headers::new();
        assert_eq!(lease_of(&headers), None);
        headers.insert("x-ms-popreceipt", "YWJj");
        assert_eq!(lease_of(&headers), None);
        headers.insert("x-ms-time-next-visible", "Thu, 26 Nov 2026 08:30:05 GMT");
        let expected = Lease {
            pop_receipt: "YWJj".to_owned(),
            next_visible_at: datetime!(2026-11-26 08:30:05 UTC),
        };
        assert_eq!(lease_of(&headers), Some(expected));
    }
}
