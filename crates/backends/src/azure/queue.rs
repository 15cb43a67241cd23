//! A storage queue. Texts travel as they are: neither side encodes them in base64.

use std::sync::Arc;
use std::time::Duration;

use azure_core::http::headers::HeaderName;
use azure_core::http::{RequestContent, Response, XmlFormat};
use azure_core::xml::to_xml;
use azure_storage_queue::QueueClient;
use azure_storage_queue::models::{
    ListOfSentMessage, QueueClientGetPropertiesResultHeaders, QueueClientSendMessageOptions,
    QueueMessage, ReceivedMessage,
};

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::error::{incomplete, unless};
use super::resource::{self, Resource};
use ports::{Delivery, Receipt, StorageError, Timestamp};

/// A task's message stays until it is deleted. The service's default of 7 days would lose a backlog.
const NEVER_EXPIRES: i32 = -1;

/// The longest visibility timeout the service takes: 7 days, in seconds. A message that is to wait for
/// longer comes back then, and tells by itself that it is early.
const LONGEST_HIDDEN: i32 = 7 * 24 * 60 * 60;

/// What a send is called when it fails.
const SEND: &str = "send message";

/// The answers that say a receipt is stale, or its message gone.
const STALE: [&str; 2] = ["PopReceiptMismatch", "MessageNotFound"];

/// The answers that say a message is too long ([Queue Storage error
/// codes](https://learn.microsoft.com/rest/api/storageservices/queue-service-error-codes)).
pub(super) const TOO_LONG: [&str; 2] = ["RequestBodyTooLarge", "MessageTooLarge"];

/// A queue of the account, as one thread reaches it.
pub(super) struct StorageQueue {
    pub(super) client: QueueClient,
    pub(super) name: Arc<str>,
    pub(super) turns: Arc<Semaphore>,
}

impl Resource for StorageQueue {
    const NOUN: &'static str = "queue";
    const MISSING: &'static str = "QueueNotFound";
    const EXISTS: &'static str = "QueueAlreadyExists";

    fn turns(&self) -> &Semaphore {
        &self.turns
    }

    async fn create(&self) -> azure_core::Result<()> {
        self.client.create(None).await.map(drop)
    }

    async fn look(&self) -> azure_core::Result<()> {
        self.client.get_properties(None).await.map(drop)
    }
}

impl StorageQueue {
    pub(super) async fn prepare(&self) -> Result<(), StorageError> {
        resource::prepare(self, "prepare the queue").await
    }

    pub(super) async fn send(&self, text: &str, delay: Duration) -> Result<(), StorageError> {
        self.put(text, NEVER_EXPIRES, delay, &[]).await.map(drop)
    }

    /// Sends a message that is hidden for so long, and gives the receipt by which its sender settles or
    /// renews it until somebody receives it.
    pub(super) async fn send_held(
        &self,
        text: &str,
        hide: Duration,
    ) -> Result<Receipt, StorageError> {
        let answer = self.put(text, NEVER_EXPIRES, hide, &[]).await?;
        let sent = answer.and_then(|answer| answer.into_model().ok()?.into_message().ok());
        let sent = sent.ok_or_else(|| incomplete(SEND, "a message"))?;
        receipt(SEND, &self.name, sent.message_id, sent.pop_receipt)
    }

    /// Sends a message that stays for so many seconds. One whose answer was lost is sent again: it may then
    /// be there twice. Gives `None` when the service refuses it with one of these codes.
    pub(super) async fn put(
        &self,
        text: &str,
        life: i32,
        delay: Duration,
        refusals: &[&str],
    ) -> Result<Option<Response<ListOfSentMessage, XmlFormat>>, StorageError> {
        let options = QueueClientSendMessageOptions {
            message_time_to_live: Some(life),
            visibility_timeout: Some(seconds(delay)).filter(|delay| *delay > 0),
            ..Default::default()
        };
        resource::run(self, SEND, || async {
            let send = self
                .client
                .send_message(envelope(text)?, Some(options.clone()));
            unless(send.await, refusals)
        })
        .await
    }

    pub(super) async fn receive(
        &self,
        max: u32,
        hide: Duration,
    ) -> Result<Vec<Delivery>, StorageError> {
        const OPERATION: &str = "receive messages";
        let messages = self.receive_page(max, hide).await?;
        messages
            .into_iter()
            .map(|message| delivery(OPERATION, message, &self.name))
            .collect()
    }

    /// Hides a message for so long, and gives its new pop receipt; `None` when the one given is stale.
    ///
    /// A renewal whose answer was lost is sent again with a receipt that its own success made
    /// stale: it then gives `None`.
    pub(super) async fn update(
        &self,
        id: &str,
        pop_receipt: &str,
        visibility_timeout: Duration,
    ) -> Result<Option<String>, StorageError> {
        const OPERATION: &str = "update message";
        let hidden = seconds(visibility_timeout);
        let answer = resource::run(self, OPERATION, || async {
            // Without a body the message keeps its text.
            unless(
                self.client
                    .update_message(id, pop_receipt, hidden, None)
                    .await,
                &STALE,
            )
        });
        let Some(response) = answer.await? else {
            return Ok(None);
        };
        let header = HeaderName::from_static("x-ms-popreceipt");
        match response.headers().get_optional_string(&header) {
            Some(renewed) => Ok(Some(renewed)),
            None => Err(incomplete(OPERATION, "a pop receipt")),
        }
    }

    /// Deletes a message; `false` when the receipt is stale.
    ///
    /// A deletion whose answer was lost is sent again, and gives `false` for its own success.
    pub(super) async fn delete(&self, id: &str, pop_receipt: &str) -> Result<bool, StorageError> {
        let answer = resource::run(self, "delete message", || async {
            unless(
                self.client.delete_message(id, pop_receipt, None).await,
                &STALE,
            )
        });
        Ok(answer.await?.is_some())
    }

    pub(super) async fn length(&self) -> Result<u64, StorageError> {
        const OPERATION: &str = "count messages";
        let answer = resource::run(self, OPERATION, || async {
            let properties = self.client.get_properties(None).await?;
            properties.approximate_messages_count()
        });
        answer
            .await?
            .and_then(|count| u64::try_from(count).ok())
            .ok_or_else(|| incomplete(OPERATION, "a count"))
    }

    pub(super) async fn front(&self) -> Result<Option<Timestamp>, StorageError> {
        let first = self.peek(1).await?.into_iter().next();
        Ok(first.map(|message| message.inserted_at))
    }
}

/// A text as XML. The crate leaves a carriage return as it is, which a parser reads as a line feed.
pub(super) fn envelope(text: &str) -> azure_core::Result<RequestContent<QueueMessage, XmlFormat>> {
    let xml = to_xml(&QueueMessage {
        message_text: Some(text.to_owned()),
    })?;
    if !text.contains('\r') {
        return Ok(xml.into());
    }
    let escaped = String::from_utf8_lossy(&xml).replace('\r', "&#13;");
    Ok(Bytes::from(escaped).into())
}

fn delivery(
    operation: &'static str,
    message: ReceivedMessage,
    queue: &Arc<str>,
) -> Result<Delivery, StorageError> {
    let missing = |field| move || incomplete(operation, field);
    let inserted_at = message.insertion_time.ok_or_else(missing("a time"))?;
    Ok(Delivery {
        receipt: Some(receipt(
            operation,
            queue,
            message.message_id,
            message.pop_receipt,
        )?),
        dequeue_count: message
            .dequeue_count
            .and_then(|count| u32::try_from(count).ok())
            .ok_or_else(missing("a dequeue count"))?,
        inserted_at: Some(inserted_at),
        // A stranger's empty message must not block those that came with it.
        text: message.message_text.unwrap_or_default(),
    })
}

fn receipt(
    operation: &'static str,
    queue: &Arc<str>,
    id: Option<String>,
    token: Option<String>,
) -> Result<Receipt, StorageError> {
    let missing = |field| move || incomplete(operation, field);
    Ok(Receipt {
        queue: Arc::clone(queue),
        id: id.ok_or_else(missing("a message id"))?,
        token: token.ok_or_else(missing("a pop receipt"))?,
    })
}

/// Whole seconds, which the service counts in: never less than asked for.
pub(super) fn seconds(duration: Duration) -> i32 {
    let whole = duration.as_nanos().div_ceil(1_000_000_000);
    i32::try_from(whole).map_or(LONGEST_HIDDEN, |whole| whole.min(LONGEST_HIDDEN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_of_a_second_hides_for_all_of_it() {
        assert_eq!(seconds(Duration::ZERO), 0);
        assert_eq!(seconds(Duration::from_millis(1)), 1);
        assert_eq!(seconds(Duration::from_millis(2500)), 3);
        assert_eq!(seconds(Duration::MAX), LONGEST_HIDDEN);
    }
}
