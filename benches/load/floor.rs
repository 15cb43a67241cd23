//! The yardstick of a storage account: a bare client that makes the calls to storage that a task
//! costs, with so many under way, and does nothing else.

use std::cell::{Cell, RefCell};
use std::fmt::Write;
use std::rc::Rc;
use std::time::{Duration, Instant};

use azure_core::credentials::Secret;
use azure_core::hmac::hmac_sha256;
use azure_core::http::Url;
use azure_core::time::{OffsetDateTime, to_rfc7231};
use reqwest::{Method, StatusCode};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::http::HttpError;
use super::process;

/// What a record and a message of a small task look like.
const RECORD: &str = r#"{"schema":1,"id":"01a1fde5-dc8c-728c-86f8-01a2760d7385","kind":"fibonacci","status":"queued","created_at":"2026-01-01T00:00:00.000Z","updated_at":"2026-01-01T00:00:00.000Z","attempts":0,"input":{"number":24}}"#;
const MESSAGE: &str = "<QueueMessage><MessageText>{\"id\":\"01a1fde5-dc8c-728c-86f8-01a2760d7385\",\"number\":24,\"kind\":\"fibonacci\",\"etag\":\"0x1D2C3B4A5F60718\"}</MessageText></QueueMessage>";

/// Where the emulator is.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) blobs: String,
    pub(crate) queues: String,
    pub(crate) account: String,
    pub(crate) key: String,
}

/// What it took.
pub(crate) struct Floor {
    pub(crate) wall: Duration,
    /// Processor time of this process.
    pub(crate) cpu_seconds: f64,
}

/// Runs so many tasks with so many calls under way.
pub(crate) async fn run(place: Place, tasks: usize, in_flight: usize) -> Result<Floor, HttpError> {
    let client = Rc::new(Client::new(place)?);
    client.prepare().await?;
    let left = Rc::new(Cell::new(tasks));
    let mut running = JoinSet::new();
    let begun = Instant::now();
    let cpu = process::cpu_seconds(std::process::id());
    for _ in 0..in_flight {
        let (client, left) = (Rc::clone(&client), Rc::clone(&left));
        running.spawn_local(async move {
            while let Some(rest) = left.get().checked_sub(1) {
                left.set(rest);
                client.task().await.map_err(|error| format!("{error:?}"))?;
            }
            Ok::<_, String>(())
        });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(Floor {
        wall: begun.elapsed(),
        cpu_seconds: process::cpu_seconds(std::process::id()) - cpu,
    })
}

struct Client {
    http: reqwest::Client,
    place: Place,
    key: Secret,
    /// Of the container and of the queue.
    name: String,
    /// Messages received and not yet worked on: id and pop receipt.
    received: RefCell<Vec<(String, String)>>,
}

impl Client {
    fn new(place: Place) -> Result<Self, HttpError> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .build()?;
        Ok(Self {
            http,
            key: Secret::new(place.key.clone()),
            place,
            name: format!("floor-{}", Uuid::now_v7()),
            received: RefCell::default(),
        })
    }

    async fn prepare(&self) -> Result<(), HttpError> {
        let container = format!("{}/{}", self.place.blobs, self.name);
        self.call(Method::PUT, &container, &[("restype", "container")], "")
            .await?;
        let queue = format!("{}/{}", self.place.queues, self.name);
        self.call(Method::PUT, &queue, &[], "").await.map(drop)
    }

    /// The six calls of a task, and its share of a receive.
    async fn task(&self) -> Result<(), HttpError> {
        let blob = format!("{}/{}/{}", self.place.blobs, self.name, Uuid::now_v7());
        let messages = format!("{}/{}/messages", self.place.queues, self.name);
        self.call(Method::PUT, &blob, &[], RECORD).await?;
        self.call(Method::POST, &messages, &[], MESSAGE).await?;
        let (id, receipt) = self.receive(&messages).await?;
        self.call(Method::PUT, &blob, &[], RECORD).await?;
        let message = format!("{messages}/{id}");
        self.call(Method::DELETE, &message, &[("popreceipt", &receipt)], "")
            .await?;
        self.call(Method::GET, &blob, &[], "").await?;
        self.call(Method::DELETE, &blob, &[], "").await.map(drop)
    }

    async fn receive(&self, messages: &str) -> Result<(String, String), HttpError> {
        loop {
            if let Some(message) = self.received.borrow_mut().pop() {
                return Ok(message);
            }
            let xml = self
                .call(Method::GET, messages, &[("numofmessages", "32")], "")
                .await?;
            let values = |tag: &str| -> Vec<String> {
                let open = format!("<{tag}>");
                xml.split(&open)
                    .skip(1)
                    .filter_map(|rest| rest.split('<').next().map(str::to_owned))
                    .collect()
            };
            let page = values("MessageId").into_iter().zip(values("PopReceipt"));
            self.received.borrow_mut().extend(page);
        }
    }

    /// One signed call; the body of the answer.
    async fn call(
        &self,
        method: Method,
        url: &str,
        query: &[(&str, &str)],
        body: &'static str,
    ) -> Result<String, HttpError> {
        let date = to_rfc7231(&OffsetDateTime::now_utc());
        let is_blob = url.starts_with(&self.place.blobs) && !body.is_empty();
        let (length, content_type) = match body.len() {
            0 => (String::new(), ""),
            length if is_blob => (length.to_string(), "application/json"),
            length => (length.to_string(), "application/xml"),
        };
        let mut signed = format!("{method}\n\n\n{length}\n\n{content_type}\n\n\n\n\n\n\n");
        if is_blob {
            signed += "x-ms-blob-type:BlockBlob\n";
        }
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        write!(
            signed,
            "x-ms-date:{date}\nx-ms-version:2025-11-05\n/{}/{path}",
            self.place.account
        )?;
        for (name, value) in query {
            write!(signed, "\n{name}:{value}")?;
        }
        let signature = hmac_sha256(&signed, &self.key)?;
        let url = Url::parse_with_params(url, query)?;
        let mut request = self
            .http
            .request(method, url)
            .header("x-ms-date", date)
            .header("x-ms-version", "2025-11-05")
            .header(
                "authorization",
                format!("SharedKey {}:{signature}", self.place.account),
            );
        if is_blob {
            request = request.header("x-ms-blob-type", "BlockBlob");
        }
        if !body.is_empty() {
            request = request.header("content-type", content_type).body(body);
        }
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        if status.is_success() || status == StatusCode::CONFLICT {
            return Ok(text);
        }
        Err(format!("storage answered with {status}: {text}").into())
    }
}
