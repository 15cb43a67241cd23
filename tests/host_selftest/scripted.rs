//! A handler whose answers a test writes down, inside the test's own process.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt};
use functions_host::Journal;
use serde_json::Value;
use tokio::sync::Semaphore;

/// A request as the handler saw it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Call {
    /// A header's values, joined; empty if there is none. `name` is lower case.
    pub(super) fn header(&self, name: &str) -> String {
        let own = self.headers.iter().filter(|(known, _)| known == name);
        own.map(|(_, value)| value.as_str())
            .collect::<Vec<_>>()
            .join("; ")
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

/// What the handler answers, and how late.
pub(super) struct Reply {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: &'static str,
    delay: Duration,
    permits: Option<Arc<Semaphore>>,
}

impl Reply {
    pub(super) fn new(status: u16, content_type: &'static str, body: &'static str) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type)],
            body,
            delay: Duration::ZERO,
            permits: None,
        }
    }

    /// What acknowledges an invocation.
    pub(super) fn acknowledge() -> Self {
        Self::new(200, "application/json", "{}")
    }

    pub(super) fn empty(status: u16) -> Self {
        Self {
            headers: Vec::new(),
            ..Self::new(status, "", "")
        }
    }

    pub(super) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Takes a permit for each answer, and waits until there is one.
    pub(super) fn permitted(mut self, permits: &Arc<Semaphore>) -> Self {
        self.permits = Some(Arc::clone(permits));
        self
    }

    pub(super) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

type Script = dyn Fn(&Call) -> Reply + Send + Sync;

/// What the handler's threads share.
struct State {
    script: Box<Script>,
    calls: Journal<Call>,
    busy: AtomicUsize,
    most_busy: AtomicUsize,
}

/// The handler, listening until it is dropped.
pub(super) struct ScriptedHandler {
    pub(super) port: u16,
    state: Arc<State>,
    server: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl ScriptedHandler {
    /// Answers every call with what `script` says, but `GET /` with 404 and the timer with `{}`.
    pub(super) fn start(script: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(State {
            script: Box::new(script),
            calls: Journal::default(),
            busy: AtomicUsize::new(0),
            most_busy: AtomicUsize::new(0),
        });
        let data = Data::from(Arc::clone(&state));
        let (sender, server) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            rt::System::new().block_on(async move {
                let app = move || {
                    App::new()
                        .app_data(data.clone())
                        .default_service(web::to(answer))
                };
                let server = HttpServer::new(app).workers(1).disable_signals();
                let server = server.listen(listener).expect("a bound socket").run();
                sender.send(server.handle()).expect("the test waits");
                server.await.expect("a server that runs");
            });
        });
        Self {
            port,
            state,
            server: server.recv().expect("a server that starts"),
            thread: Some(thread),
        }
    }

    /// Calls of `path` so far.
    pub(super) fn calls(&self, path: &str) -> Vec<Call> {
        let all = self.state.calls.entries();
        all.into_iter().filter(|call| call.path == path).collect()
    }

    /// The most calls that the script's answers were waited for at once.
    pub(super) fn most_busy(&self) -> usize {
        self.state.most_busy.load(Ordering::SeqCst)
    }

    /// Waits for at least `count` calls of `path`.
    pub(super) async fn called(&self, path: &str, count: usize) -> Vec<Call> {
        let own = |calls: &[Call]| {
            let own = calls.iter().filter(|call| call.path == path).cloned();
            let own: Vec<_> = own.collect();
            (own.len() >= count).then_some(own)
        };
        self.state
            .calls
            .wait_for(&format!("{count} calls of {path}"), own)
            .await
    }
}

impl Drop for ScriptedHandler {
    fn drop(&mut self) {
        drop(self.server.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn answer(request: HttpRequest, body: Bytes, state: Data<State>) -> HttpResponse {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers = request.headers().iter();
    let call = Call {
        method: request.method().to_string(),
        path: request.path().to_owned(),
        query: request.query_string().to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
            .collect(),
        body,
    };
    state.calls.push(call.clone());
    let reply = match call.path.as_str() {
        "/" => Reply::empty(404),
        "/timer_worker" => Reply::acknowledge(),
        _ => scripted(&state, &call).await,
    };
    let status = StatusCode::from_u16(reply.status).expect("a status");
    let mut response = HttpResponse::build(status);
    for header in reply.headers {
        response.append_header(header);
    }
    response.body(reply.body)
}

/// What the script answers, when it is time.
async fn scripted(state: &State, call: &Call) -> Reply {
    let busy = state.busy.fetch_add(1, Ordering::SeqCst) + 1;
    state.most_busy.fetch_max(busy, Ordering::SeqCst);
    let reply = (state.script)(call);
    if let Some(permits) = &reply.permits {
        permits.acquire().await.expect("never closed").forget();
    }
    rt::time::sleep(reply.delay).await;
    state.busy.fetch_sub(1, Ordering::SeqCst);
    reply
}
