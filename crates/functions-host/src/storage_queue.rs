//! A queue of Azure Storage or Azurite, spoken to in bare REST.
//!
//! It shares no code with the product's backend, so that neither can hide the other's mistakes.
//! Requests carry an account SAS.

use std::time::Duration;

use azure_core::base64;
use bytes::Bytes;
use hyper::{HeaderMap, Method};
use serde::Deserialize;
use time::format_description::well_known::Rfc2822;
use time::{OffsetDateTime, UtcOffset};
use tokio::time::{Instant, sleep};

use super::account::{StorageAccount, VERSION, quote};
use super::client::{Answer, Client, Payload, SendError};
use super::journal::PATIENCE;

/// Between the tries of a deletion: those of the client that the host has.
const DELETE_PAUSES: [Duration; 3] = [
    Duration::from_millis(800),
    Duration::from_millis(1_600),
    Duration::from_millis(3_200),
];

/// Why a call to the queue service failed.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// It was not created, or was deleted.
    #[error("the queue does not exist")]
    NoSuchQueue,
    /// It was deleted, or somebody else has it by now.
    #[error("the message is gone or its pop receipt is stale")]
    NoSuchMessage,
    /// Any other refusal, by its status.
    #[error("queue service answered {0}")]
    Status(u16),
    /// There was no answer.
    #[error("queue service: {0}")]
    Unreachable(#[from] SendError),
    /// The answer cannot be read.
    #[error("queue service answered nonsense: {0}")]
    Nonsense(String),
}

/// A received message.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Message {
    /// Its id, which it keeps.
    #[serde(rename = "MessageId")]
    pub id: String,
    /// When it was sent.
    #[serde(deserialize_with = "date")]
    pub insertion_time: OffsetDateTime,
    /// When it goes if nobody deletes it.
    #[serde(deserialize_with = "date")]
    pub expiration_time: OffsetDateTime,
    /// What updates and deletes it, until it is received again.
    pub pop_receipt: String,
    /// When the lease ends.
    #[serde(rename = "TimeNextVisible", deserialize_with = "date")]
    pub next_visible_time: OffsetDateTime,
    /// How often it was received, this time included.
    pub dequeue_count: u32,
    /// Its text, as on the wire.
    #[serde(rename = "MessageText", default)]
    pub text: String,
}

#[derive(Deserialize)]
struct MessagesList {
    #[serde(rename = "QueueMessage", default)]
    messages: Vec<Message>,
}

/// One queue.
#[derive(Clone)]
pub struct StorageQueue {
    client: Client,
    /// `…/{account}/{queue}`.
    url: String,
    sas: String,
    name: String,
}

impl StorageQueue {
    /// The queue `name` of the account in a connection string; the error says what that lacks.
    pub fn new(connection_string: &str, name: &str) -> Result<Self, String> {
        let account = StorageAccount::parse(connection_string)?;
        Ok(Self {
            client: Client::default(),
            url: format!("{}/{name}", account.queue_endpoint),
            sas: account.sas()?,
            name: name.to_owned(),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The queue `{name}-poison`, or `None` where there is none (protocol: Poison queue).
    pub fn poison(&self) -> Option<Self> {
        let name = format!("{}-poison", self.name);
        let has_one = name.len() <= 63 && !self.name.ends_with("-poison");
        has_one.then(|| Self {
            url: format!("{}-poison", self.url),
            name,
            ..self.clone()
        })
    }

    /// Creates the queue unless it is there.
    pub async fn create(&self) -> Result<(), QueueError> {
        self.call(Method::PUT, "", "", None).await.map(drop)
    }

    /// Deletes the queue, with all that is in it.
    pub async fn delete_queue(&self) -> Result<(), QueueError> {
        self.call(Method::DELETE, "", "", None).await.map(drop)
    }

    /// Adds a message: `text` goes on the wire as it is.
    pub async fn send(&self, text: &str) -> Result<(), QueueError> {
        self.call(Method::POST, "/messages", "", Some(text))
            .await
            .map(drop)
    }

    /// Takes up to `count` messages, at most 32, and hides them for `visibility_timeout`, in whole
    /// seconds.
    pub async fn receive(
        &self,
        count: usize,
        visibility_timeout: Duration,
    ) -> Result<Vec<Message>, QueueError> {
        let seconds = visibility_timeout.as_secs();
        let query = format!("numofmessages={count}&visibilitytimeout={seconds}");
        let answer = self.call(Method::GET, "/messages", &query, None).await?;
        let list: MessagesList = azure_core::xml::from_xml(&answer.body)
            .map_err(|error| QueueError::Nonsense(error.to_string()))?;
        Ok(list.messages)
    }

    /// Hides a received message for `visibility_timeout` from now, in whole seconds; its new pop
    /// receipt.
    pub async fn update(
        &self,
        id: &str,
        pop_receipt: &str,
        visibility_timeout: Duration,
    ) -> Result<String, QueueError> {
        let seconds = visibility_timeout.as_secs();
        let query = format!(
            "popreceipt={}&visibilitytimeout={seconds}",
            quote(pop_receipt)
        );
        let path = format!("/messages/{id}");
        let answer = self.call(Method::PUT, &path, &query, None).await?;
        Ok(answer.header("x-ms-popreceipt").to_owned())
    }

    /// Deletes a received message; again, when storage does not answer, as the host's client does.
    pub async fn delete(&self, id: &str, pop_receipt: &str) -> Result<(), QueueError> {
        let query = format!("popreceipt={}", quote(pop_receipt));
        let path = format!("/messages/{id}");
        let mut pauses = DELETE_PAUSES.into_iter();
        loop {
            let deleted = self.call(Method::DELETE, &path, &query, None).await;
            match (deleted, pauses.next()) {
                (Ok(_), _) => return Ok(()),
                (Err(error @ (QueueError::NoSuchQueue | QueueError::NoSuchMessage)), _)
                | (Err(error), None) => return Err(error),
                (Err(_), Some(pause)) => sleep(pause).await,
            }
        }
    }

    /// How many messages the queue holds, hidden ones included.
    pub async fn length(&self) -> Result<usize, QueueError> {
        let answer = self.call(Method::GET, "", "comp=metadata", None).await?;
        let count = answer.header("x-ms-approximate-messages-count");
        count
            .parse()
            .map_err(|_| QueueError::Nonsense(format!("a message count of {count:?}")))
    }

    /// Waits until the queue holds `expected` messages: a deletion follows the event it is due to.
    pub async fn settles_at(&self, expected: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.length().await.ok() != Some(expected) {
            let length = self.length().await;
            assert!(Instant::now() < deadline, "{}: {length:?}", self.name);
            sleep(Duration::from_millis(25)).await;
        }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        query: &str,
        text: Option<&str>,
    ) -> Result<Answer, QueueError> {
        let url = format!("{}{path}?{query}&{}", self.url, self.sas);
        let mut headers = HeaderMap::new();
        headers.insert("x-ms-version", VERSION.parse().expect("ASCII"));
        let payload = text.map_or(Payload::Sized(Bytes::new()), |text| {
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
            let xml = format!("<QueueMessage><MessageText>{escaped}</MessageText></QueueMessage>");
            Payload::Sized(xml.into())
        });
        let answer = self.client.send(method, &url, headers, payload).await?;
        match (answer.status.as_u16(), answer.header("x-ms-error-code")) {
            (200..300, _) => Ok(answer),
            (_, "QueueNotFound") => Err(QueueError::NoSuchQueue),
            (_, "MessageNotFound" | "PopReceiptMismatch") => Err(QueueError::NoSuchMessage),
            (status, _) => Err(QueueError::Status(status)),
        }
    }
}

fn date<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<OffsetDateTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    // "GMT" is an obsolete zone of RFC 2822, which this parser reads as UTC.
    OffsetDateTime::parse(&text, &Rfc2822)
        .map(|date| date.to_offset(UtcOffset::UTC))
        .map_err(serde::de::Error::custom)
}

/// The text of a message under `messageEncoding: base64`.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    base64::decode(text).ok()
}
