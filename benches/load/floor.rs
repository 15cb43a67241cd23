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

/// What a step, or a member of a fan-out, gives.
const ENTRY: &str =
    r#"{"k":3,"by":2,"n":"next","h":123456789,"at":"2026-01-01T00:00:00.000Z","took":3,"ok":123}"#;
const GAVE: &str = "[{\"m\":123,\"end\":{\"ok\":123}}]\n";

/// The blob that members of a fan-out add to.
const TALLY: &str = "tally";

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
    let begun = Instant::now();
    let cpu = process::cpu_seconds(std::process::id());
    side_by_side(&client, tasks, in_flight, async |client| {
        client.task().await
    })
    .await?;
    Ok(Floor {
        wall: begun.elapsed(),
        cpu_seconds: process::cpu_seconds(std::process::id()) - cpu,
    })
}

/// A fan-out of so many: a message for each, and then, for each, its share of a receive, an append to one blob and
/// a deletion, with so many calls under way.
pub(crate) async fn fan_out(
    place: Place,
    members: usize,
    in_flight: usize,
) -> Result<Duration, HttpError> {
    let client = Rc::new(Client::new(place)?);
    client.prepare().await?;
    let begun = Instant::now();
    client.open_tally().await?;
    side_by_side(&client, members, in_flight, async |client| {
        client.send().await
    })
    .await?;
    side_by_side(&client, members, in_flight, async |client| {
        client.member().await
    })
    .await?;
    Ok(begun.elapsed())
}

/// A chain of so many steps: a record that is replaced under its version, and grows with each.
pub(crate) async fn chain(place: Place, steps: usize) -> Result<Duration, HttpError> {
    let client = Client::new(place)?;
    client.prepare().await?;
    let begun = Instant::now();
    client.chain(steps).await?;
    Ok(begun.elapsed())
}

/// So many chains of so many steps side by side: a record and a message for each, its share of a receive, the record
/// once more for each step and for the end, and a deletion.
pub(crate) async fn chains(
    place: Place,
    (chains, steps): (usize, usize),
    in_flight: usize,
) -> Result<Duration, HttpError> {
    let client = Rc::new(Client::new(place)?);
    client.prepare().await?;
    let begun = Instant::now();
    side_by_side(&client, chains, in_flight, async move |client| {
        client.instance(steps).await
    })
    .await?;
    Ok(begun.elapsed())
}

/// Does the same so often, so many of them side by side.
async fn side_by_side(
    client: &Rc<Client>,
    times: usize,
    in_flight: usize,
    work: impl AsyncFn(&Client) -> Result<(), HttpError> + Copy + 'static,
) -> Result<(), HttpError> {
    let left = Rc::new(Cell::new(times));
    let mut running = JoinSet::new();
    for _ in 0..in_flight {
        let (client, left) = (Rc::clone(client), Rc::clone(&left));
        running.spawn_local(async move {
            while let Some(rest) = left.get().checked_sub(1) {
                left.set(rest);
                work(&client).await.map_err(|error| format!("{error:?}"))?;
            }
            Ok::<_, String>(())
        });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(())
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
            // The emulator closes them after five seconds.
            .pool_idle_timeout(Duration::from_secs(3))
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
        let blob = self.blob(&Uuid::now_v7().to_string());
        let messages = self.messages();
        self.call(Method::PUT, &blob, &[], RECORD).await?;
        self.send().await?;
        let (id, receipt) = self.receive(&messages).await?;
        self.call(Method::PUT, &blob, &[], RECORD).await?;
        self.settle(&messages, &id, &receipt).await?;
        self.call(Method::GET, &blob, &[], "").await?;
        self.call(Method::DELETE, &blob, &[], "").await.map(drop)
    }

    async fn open_tally(&self) -> Result<(), HttpError> {
        let tally = self.blob(TALLY);
        let call = Call {
            blob_type: Some("AppendBlob"),
            ..Call::of(Method::PUT, &tally, &[], "")
        };
        self.make(call).await.map(drop)
    }

    async fn send(&self) -> Result<(), HttpError> {
        let messages = self.messages();
        let sent = self.call(Method::POST, &messages, &[], MESSAGE).await;
        sent.map(drop)
    }

    async fn member(&self) -> Result<(), HttpError> {
        let messages = self.messages();
        let (id, receipt) = self.receive(&messages).await?;
        let tally = self.blob(TALLY);
        let call = Call {
            content_type: "application/octet-stream",
            ..Call::of(Method::PUT, &tally, &[("comp", "appendblock")], GAVE)
        };
        self.make(call).await?;
        self.settle(&messages, &id, &receipt).await
    }

    async fn settle(&self, messages: &str, id: &str, receipt: &str) -> Result<(), HttpError> {
        let message = format!("{messages}/{id}");
        let query = [("popreceipt", receipt)];
        self.call(Method::DELETE, &message, &query, "")
            .await
            .map(drop)
    }

    async fn instance(&self, steps: usize) -> Result<(), HttpError> {
        let messages = self.messages();
        self.send().await?;
        let (id, receipt) = self.receive(&messages).await?;
        // The last step is written with the end.
        self.chain(1 + steps).await?;
        self.settle(&messages, &id, &receipt).await
    }

    async fn chain(&self, steps: usize) -> Result<(), HttpError> {
        let blob = self.blob(&Uuid::now_v7().to_string());
        let mut record = RECORD.to_owned();
        let mut etag = None;
        for _ in 0..steps {
            let call = Call {
                if_match: etag.as_deref(),
                ..Call::of(Method::PUT, &blob, &[], &record)
            };
            etag = self.make(call.of_a_blob()).await?.1;
            record += ENTRY;
        }
        Ok(())
    }

    fn blob(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.place.blobs, self.name)
    }

    fn messages(&self) -> String {
        format!("{}/{}/messages", self.place.queues, self.name)
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
        body: &str,
    ) -> Result<String, HttpError> {
        let mut call = Call::of(method, url, query, body);
        if url.starts_with(&self.place.blobs) && !body.is_empty() {
            call = call.of_a_blob();
        }
        Ok(self.make(call).await?.0)
    }

    /// One signed call; the body of the answer, and its version.
    async fn make(&self, call: Call<'_>) -> Result<(String, Option<String>), HttpError> {
        let Call {
            method,
            url,
            query,
            body,
            content_type,
            blob_type,
            if_match,
        } = call;
        let date = to_rfc7231(&OffsetDateTime::now_utc());
        let length = match body.len() {
            0 => String::new(),
            length => length.to_string(),
        };
        let if_match = if_match.unwrap_or_default();
        let mut signed =
            format!("{method}\n\n\n{length}\n\n{content_type}\n\n\n{if_match}\n\n\n\n");
        if let Some(blob_type) = blob_type {
            writeln!(signed, "x-ms-blob-type:{blob_type}")?;
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
        if let Some(blob_type) = blob_type {
            request = request.header("x-ms-blob-type", blob_type);
        }
        if !if_match.is_empty() {
            request = request.header("if-match", if_match);
        }
        if body.is_empty() {
            request = request.header("content-length", "0");
        } else {
            let body = body.to_owned();
            request = request.header("content-type", content_type).body(body);
        }
        let response = request.send().await?;
        let status = response.status();
        let etag = response.headers().get("etag");
        let etag = etag.and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        let text = response.text().await?;
        if status.is_success() || status == StatusCode::CONFLICT {
            return Ok((text, etag));
        }
        Err(format!("storage answered with {status}: {text}").into())
    }
}

/// A call to storage.
struct Call<'a> {
    method: Method,
    url: &'a str,
    query: &'a [(&'a str, &'a str)],
    body: &'a str,
    content_type: &'a str,
    blob_type: Option<&'a str>,
    if_match: Option<&'a str>,
}

impl<'a> Call<'a> {
    fn of(method: Method, url: &'a str, query: &'a [(&'a str, &'a str)], body: &'a str) -> Self {
        let content_type = match body {
            "" => "",
            _ => "application/xml",
        };
        Self {
            method,
            url,
            query,
            body,
            content_type,
            blob_type: None,
            if_match: None,
        }
    }

    /// That a record is written with.
    fn of_a_blob(self) -> Self {
        Self {
            content_type: "application/json",
            blob_type: Some("BlockBlob"),
            ..self
        }
    }
}
