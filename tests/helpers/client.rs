//! A client of the service: a method for each request, and a check of every reply.

use std::net::SocketAddr;

use functions_host::FunctionsHost;
use reqwest::{Body, Method, RequestBuilder, redirect};

use super::eventually::eventually;
use super::reply::Reply;

/// The key of the services that tests start.
pub(crate) const KEY: &str = "the key of all tests";

/// The header line with it, for requests by hand.
pub(crate) const KEY_LINE: &[u8] = b"x-functions-key: the key of all tests";

/// Speaks HTTP with one service.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        // Nothing here is https, but reqwest is built with TLS and wants a provider. An error means
        // that there is one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .redirect(redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            http,
            base: format!("http://{address}"),
        }
    }

    /// Of the service under a host.
    pub(crate) fn of_host(host: &FunctionsHost) -> Self {
        let url = host.url("");
        let address = url.strip_prefix("http://").expect(&url);
        Self::new(address.parse().unwrap())
    }

    /// The base of links, when the client's own is used.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// A request, to be completed and [sent](Self::send).
    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// The same to a route that needs the key.
    pub(crate) fn keyed(&self, method: &str, path: &str) -> RequestBuilder {
        self.request(method, path).header("x-functions-key", KEY)
    }

    /// A submission, without a body yet.
    pub(crate) fn post_task(&self) -> RequestBuilder {
        self.request("POST", "/api/tasks")
            .header("content-type", "application/json")
    }

    /// Sends a request, and checks what every reply must be.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Reply {
        self.try_send(request).await.unwrap()
    }

    /// The same where the service may be away: an error when no whole reply came. A bare 500 is such
    /// an error, too: the Functions host answers so for a handler that died.
    pub(crate) async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Reply> {
        let request = request.build().unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let mut response = self.http.execute(request).await?;
        if response.status() == 500 && response.content_length() == Some(0) {
            response = response.error_for_status()?;
        }
        let reply = Reply::read(response, &self.base).await?;
        reply.check(&method, &path);
        Ok(reply)
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(self.request("GET", path)).await
    }

    pub(crate) async fn get_keyed(&self, path: &str) -> Reply {
        self.send(self.keyed("GET", path)).await
    }

    pub(crate) async fn submit(&self, body: impl Into<Body>) -> Reply {
        self.send(self.post_task().body(body)).await
    }

    /// Submits what must be accepted, and gives the id.
    pub(crate) async fn accepted(&self, body: impl Into<Body>) -> String {
        let reply = self.submit(body).await;
        assert_eq!(reply.status, 202, "{}", reply.text());
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    /// Fetches a result, which consumes it.
    pub(crate) async fn fetch(&self, id: &str) -> Reply {
        self.get(&format!("/api/tasks/{id}")).await
    }

    /// Asks for a result without taking it.
    pub(crate) async fn head(&self, id: &str) -> Reply {
        let path = format!("/api/tasks/{id}");
        self.send(self.request("HEAD", &path)).await
    }

    pub(crate) async fn monitor(&self, id: &str) -> Reply {
        self.get(&format!("/api/operations/{id}")).await
    }

    pub(crate) async fn cancel(&self, id: &str) -> Reply {
        self.send(self.request("POST", &format!("/api/operations/{id}:cancel")))
            .await
    }

    pub(crate) async fn result(&self, id: &str) -> Reply {
        self.get(&format!("/api/operations/{id}/result")).await
    }

    /// The reply of the result route once the task has ended.
    pub(crate) async fn ended(&self, id: &str) -> Reply {
        eventually("the task ends", async || {
            Some(self.result(id).await).filter(|reply| reply.status != 202)
        })
        .await
    }

    /// Submits, waits for the end, and gives the id.
    pub(crate) async fn run(&self, body: &str) -> String {
        let id = self.accepted(body.to_owned()).await;
        self.ended(&id).await;
        id
    }

    /// How many tasks ever got in: those that ended, and those whose message is still there.
    /// For a moment a task is both; a quiet service is not.
    pub(crate) async fn tasks_ever(&self) -> u64 {
        self.sum_of(&["queue_messages ", "tasks_ended_total{"])
            .await
    }

    /// How many tasks the process has ended.
    pub(crate) async fn tasks_ended(&self) -> u64 {
        self.sum_of(&["tasks_ended_total{"]).await
    }

    /// Waits until so many tasks have ended, those of internal kinds among them.
    pub(crate) async fn has_ended(&self, tasks: u64) {
        eventually(&format!("{tasks} tasks that ended"), async || {
            (self.tasks_ended().await == tasks).then_some(())
        })
        .await;
    }

    /// The sum of the metrics that begin so.
    async fn sum_of(&self, names: &[&str]) -> u64 {
        let metrics = self.get_keyed("/api/metrics").await;
        assert_eq!(metrics.status, 200);
        metrics
            .text()
            .lines()
            .filter(|line| names.iter().any(|name| line.starts_with(name)))
            .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
            .sum()
    }

    /// Checks how many tasks ever got in. One too many would stay one too many.
    pub(crate) async fn has_taken(&self, tasks: u64) {
        eventually(&format!("{tasks} tasks that got in"), async || {
            (self.tasks_ever().await == tasks).then_some(())
        })
        .await;
    }
}
