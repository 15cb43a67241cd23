//! The binary in hosted mode without a host: tests send the host's requests themselves.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use functions_host::{Answer, Client, Payload, StorageQueue};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Method};
use tokio::process::{Child, Command};
use uuid::Uuid;

use super::{DEADLINE, json};
use crate::helpers::azurite::azurite;
use crate::helpers::eventually::eventually;

/// Takes several seconds to compute.
pub(super) const LONG: &str = "100000000";

/// A running handler; killed when dropped.
pub(super) struct Handler {
    process: Child,
    base: String,
    client: Client,
    pub(super) queue: StorageQueue,
}

impl Handler {
    pub(super) async fn start() -> Self {
        Self::start_on(&format!("handler-{}", Uuid::now_v7())).await
    }

    /// On a queue and a container of this name.
    pub(super) async fn start_on(name: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let connection_string = azurite().connection_string();
        let process = Command::new(env!("CARGO_BIN_EXE_handler"))
            .env_clear()
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", free.to_string())
            .env("AzureWebJobsStorage", &connection_string)
            .env("queue_name", name)
            .env("BLOB_CONTAINER_NAME", name)
            .env("EARLY_START", "off")
            .env("MAX_NUMBER", LONG)
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let handler = Self {
            process,
            base: format!("http://127.0.0.1:{free}"),
            client: Client::default(),
            queue: StorageQueue::new(&connection_string, name).unwrap(),
        };
        let begun = Instant::now();
        while handler
            .try_get("/api/health")
            .await
            .is_none_or(|answer| answer.status != 200)
        {
            assert!(begun.elapsed() < DEADLINE, "the handler is not ready");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        handler
    }

    async fn try_get(&self, path: &str) -> Option<Answer> {
        let url = format!("{}{path}", self.base);
        self.client
            .send(Method::GET, &url, HeaderMap::new(), Payload::Empty)
            .await
            .ok()
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.try_get(path).await.unwrap()
    }

    /// Waits until a task runs.
    pub(super) async fn runs(&self, id: Uuid) {
        eventually("the task runs", async || {
            let monitor = self.get(&format!("/api/operations/{id}")).await;
            let is_running = monitor.status == 200 && json(&monitor)["status"] == "Running";
            is_running.then_some(())
        })
        .await;
    }

    /// Asks the process to end.
    pub(super) async fn terminate(&self) {
        let id = self.process.id().unwrap().to_string();
        let kill = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(kill.unwrap().success());
    }

    /// Waits until the process has ended; `true` when it says that all is well.
    pub(super) async fn ended_well(mut self) -> bool {
        tokio::time::timeout(DEADLINE, self.process.wait())
            .await
            .unwrap()
            .unwrap()
            .success()
    }

    /// Submits work, and waits for it for a minute.
    pub(super) async fn submit_waiting(&self, body: &'static str) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert("prefer", HeaderValue::from_static("wait=60"));
        self.post_with(headers, "/api/tasks", Payload::Sized(body.into()))
            .await
    }

    /// Posts JSON as the host does.
    pub(super) async fn post(&self, path: &str, payload: Payload) -> Answer {
        self.post_with(HeaderMap::new(), path, payload).await
    }

    async fn post_with(&self, mut headers: HeaderMap, path: &str, payload: Payload) -> Answer {
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        headers.insert(CONTENT_TYPE, json);
        headers.insert(
            "x-azure-functions-invocationid",
            HeaderValue::from_static("3f0a5c1e"),
        );
        self.client
            .send(
                Method::POST,
                &format!("{}{path}", self.base),
                headers,
                payload,
            )
            .await
            .unwrap()
    }
}
