//! The service in hosted mode over Azurite: under the double of the Functions host, and called
//! directly with the host's own requests.

mod attempts;
mod docs;
mod double;
mod drain;
mod dying;
mod early;
mod failures;
mod flow;
mod handler;
mod operations;
mod own_queue;
mod packaged;
mod stopping;
mod timer;
mod unknown;
mod vectors;

use std::path::Path;
use std::time::{Duration, Instant};

use functions_host::{
    Answer, Client, FunctionsHost, HostOptions, HostVersion, Payload, StorageQueue,
};
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method};
use serde_json::Value;
use uuid::Uuid;

use crate::helpers::azurite::azurite;
use crate::helpers::project::app;

/// How long a test waits for what must come.
const DEADLINE: Duration = Duration::from_secs(180);

/// A running host with the service behind it, on a queue and a container of its own.
pub(crate) struct Hosted {
    host: FunctionsHost,
    queue: StorageQueue,
    client: Client,
}

/// Names and settings of a queue and a container of their own.
fn options(connection_string: &str) -> (HostOptions, StorageQueue) {
    let name = format!("hosted-{}", Uuid::now_v7());
    let queue = StorageQueue::new(connection_string, &name).unwrap();
    let options = HostOptions::new(connection_string)
        .setting("queue_name", &name)
        .setting("BLOB_CONTAINER_NAME", &name)
        // What most of these tests are about comes through the queue trigger.
        .setting("EARLY_START", "off")
        // Retries at once, where the project waits ten seconds.
        .queue_option("visibilityTimeout", "00:00:00");
    (options, queue)
}

impl Hosted {
    async fn start() -> Self {
        let (options, queue) = options(&azurite().connection_string());
        Self::start_with(options, queue).await
    }

    /// With more settings of the app.
    pub(crate) async fn start_set(settings: &[(&str, &str)]) -> Self {
        let (options, queue) = options(&azurite().connection_string());
        let set =
            |options: HostOptions, (name, value): &(&str, &str)| options.setting(*name, *value);
        Self::start_with(settings.iter().fold(options, set), queue).await
    }

    /// Under a host of this version.
    async fn start_under(version: HostVersion) -> Self {
        let (options, queue) = options(&azurite().connection_string());
        Self::start_with(options.version(version), queue).await
    }

    async fn start_with(options: HostOptions, queue: StorageQueue) -> Self {
        Self::start_app(app(), options, queue).await
    }

    /// With the app of this folder, and the handler in it.
    async fn start_app(
        app: impl AsRef<Path> + Send + Sync + 'static,
        options: HostOptions,
        queue: StorageQueue,
    ) -> Self {
        let host = FunctionsHost::start(app, options).await.unwrap();
        let hosted = Self {
            host,
            queue,
            client: Client::default(),
        };
        hosted.healthy().await;
        // The timer's run at start-up would take messages that a test means for the queue trigger.
        hosted.host.finished("timer_worker", 1).await;
        hosted
    }

    /// Waits until the service can do its work: it answers before it has prepared storage.
    async fn healthy(&self) {
        let begun = Instant::now();
        while self.get("/api/health").await.status != 200 {
            assert!(begun.elapsed() < DEADLINE, "the service is not healthy");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    async fn send(&self, method: Method, path: &str, payload: Payload) -> Answer {
        self.send_with(method, path, &[], payload).await
    }

    async fn send_with(
        &self,
        method: Method,
        path: &str,
        more: &[(&'static str, &str)],
        payload: Payload,
    ) -> Answer {
        let mut headers = HeaderMap::new();
        for (name, value) in more {
            let value = HeaderValue::from_str(value).unwrap();
            headers.append(HeaderName::from_static(name), value);
        }
        headers.insert(HOST, HeaderValue::from_static("tasks.example:7071"));
        if !matches!(payload, Payload::Empty) && !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        self.client
            .send(method, &self.host.url(path), headers, payload)
            .await
            .unwrap()
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Payload::Empty).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.send(Method::POST, path, Payload::Sized(body.to_owned().into()))
            .await
    }

    async fn submit_with(&self, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let payload = Payload::Sized(body.to_owned().into());
        self.send_with(Method::POST, "/api/tasks", headers, payload)
            .await
    }

    /// Submits a number and gives the task's id.
    async fn submit(&self, number: &str) -> String {
        let accepted = self
            .post("/api/tasks", &format!(r#"{{"number":{number}}}"#))
            .await;
        assert_eq!(accepted.status, 202, "{accepted:?}");
        json(&accepted)["id"].as_str().unwrap().to_owned()
    }

    /// Waits until the task has ended, and gives its monitor.
    pub(crate) async fn ended(&self, id: &str) -> Value {
        self.once(id, |status| !matches!(status, "NotStarted" | "Running"))
            .await
    }

    /// Waits until the task has such a status, and gives its monitor.
    async fn once(&self, id: &str, is_such: impl Fn(&str) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let answer = self.get(&format!("/api/operations/{id}")).await;
            if answer.status == 200 {
                let monitor = json(&answer);
                if monitor["status"].as_str().is_some_and(&is_such) {
                    return monitor;
                }
            }
            assert!(begun.elapsed() < DEADLINE, "waits for {id}: {answer:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}
