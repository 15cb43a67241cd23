//! One invocation: wait for the handler, call it, judge its answer.
//!
//! Protocol: The request; The response to a payload invocation; functionTimeout.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::{HeaderMap, Method};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Host;
use super::client::{Answer, Payload};
use super::events::{Event, Finished, Invocation, Level, LogLine, Outcome, Source};
use super::forwarding::HostVersion;

/// The headers on every request to the handler, whatever the caller has sent.
pub(crate) fn add_host_headers(
    headers: &mut HeaderMap,
    invocation: &Invocation,
    version: HostVersion,
) {
    let text = |text: &str| HeaderValue::from_str(text).expect("visible ASCII");
    headers.insert("x-azure-functions-hostversion", text(version.number()));
    headers.insert("x-azure-functions-invocationid", text(&invocation.id));
    if version == HostVersion::Proxying {
        headers.insert("x-ms-invocation-id", text(&invocation.id));
    }
}

/// What the host calls itself.
pub(crate) fn user_agent(version: HostVersion) -> String {
    format!("Azure-Functions-Host/{}", version.number())
}

/// An invocation that came to nothing.
pub(crate) struct Failure {
    /// The handler's status, if that is why.
    pub(crate) status: Option<u16>,
    pub(crate) reason: String,
}

impl<E: ToString> From<E> for Failure {
    fn from(reason: E) -> Self {
        Self {
            status: None,
            reason: reason.to_string(),
        }
    }
}

/// Runs `call` as an invocation: once the handler is ready, within `functionTimeout`, and with
/// the events tests wait for. `None` if it failed.
pub(crate) async fn invoke<T>(
    host: &Arc<Host>,
    invocation: Invocation,
    call: impl Future<Output = Result<(u16, T), Failure>>,
) -> Option<T> {
    host.events
        .push(Event::InvocationStarted(invocation.clone()));
    let result = match host.worker_ready().await {
        Err(reason) => Err(Failure::from(reason)),
        Ok(()) => {
            let limit = host.manifest.function_timeout;
            tokio::select! {
                // An answer that arrived with the end of the process still counts.
                biased;
                called = timeout(limit, call) => called.unwrap_or_else(|_| {
                    host.worker.restart();
                    Err(Failure::from(format!("timed out after {limit:?}")))
                }),
                () = host.worker.lost() => Err(Failure::from("the worker process is gone")),
            }
        }
    };
    let (status, outcome, value) = match result {
        Ok((status, value)) => (Some(status), Outcome::Succeeded, Some(value)),
        Err(Failure { status, reason }) => {
            host.error(format!(
                "{} {}: {reason}",
                invocation.function, invocation.id
            ));
            (status, Outcome::Failed(reason), None)
        }
    };
    host.events.push(Event::InvocationFinished(Finished {
        invocation,
        status,
        outcome,
    }));
    value
}

/// Calls a queue or timer function: `POST /{function}` with `Data` and `Metadata`.
///
/// True if the handler acknowledged.
pub(crate) async fn invoke_with_payload(
    host: &Arc<Host>,
    invocation: Invocation,
    data: Value,
    metadata: Value,
) -> bool {
    let body = Bytes::from(json!({"Data": data, "Metadata": metadata}).to_string());
    // A length in development and chunks in production; here in turns, because the handler must take
    // both.
    let payload = match host.framing.fetch_add(1, Ordering::Relaxed) % 2 {
        0 => Payload::Chunked(body),
        _ => Payload::Sized(body),
    };
    let function = &invocation.function;
    let url = format!("http://127.0.0.1:{}/{function}", host.worker.port);
    let mut headers = HeaderMap::new();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    let agent = HeaderValue::from_str(&user_agent(host.version)).expect("visible ASCII");
    headers.insert(USER_AGENT, agent);
    add_host_headers(&mut headers, &invocation, host.version);
    let call = async {
        let answer = host
            .client
            .send(Method::POST, &url, headers, payload)
            .await?;
        let status = answer.status.as_u16();
        match judge(&answer) {
            Verdict::NeverCompletes => std::future::pending().await,
            Verdict::Failed(reason) => Err(Failure {
                status: Some(status),
                reason,
            }),
            Verdict::Succeeded { logs } => Ok((status, logs)),
        }
    };
    let logs = invoke(host, invocation, call).await;
    for text in logs.iter().flatten() {
        host.logs.push(LogLine {
            level: Level::Information,
            source: Source::Invocation,
            text: text.clone(),
        });
    }
    logs.is_some()
}

enum Verdict {
    Succeeded {
        logs: Vec<String>,
    },
    Failed(String),
    /// A 2xx without content is no result: the host waits on, until `functionTimeout`.
    NeverCompletes,
}

/// The object a handler answers. Unknown keys are ignored, and so are `Outputs` and
/// `ReturnValue`: no function here has an output to feed.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Reply {
    logs: Option<Vec<String>>,
}

fn judge(answer: &Answer) -> Verdict {
    let invalid = || {
        let body = String::from_utf8_lossy(&answer.body);
        Verdict::Failed(format!("Invalid HttpResponseMessage: {body:?}"))
    };
    if !answer.status.is_success() {
        return Verdict::Failed(format!("status {}", answer.status.as_u16()));
    }
    if answer.body.is_empty() {
        return Verdict::NeverCompletes;
    }
    let media_type = answer
        .header("content-type")
        .split(';')
        .next()
        .unwrap_or("");
    let media_type = media_type.trim().to_ascii_lowercase();
    if media_type != "application/json" && media_type != "text/json" {
        return invalid();
    }
    match serde_json::from_slice(&answer.body) {
        Ok(Value::Null) => Verdict::NeverCompletes,
        Ok(Value::Object(reply)) => {
            // Top-level names match ignoring case.
            let lower = reply
                .into_iter()
                .map(|(key, value)| (key.to_ascii_lowercase(), value));
            match serde_json::from_value::<Reply>(lower.collect()) {
                Ok(reply) => Verdict::Succeeded {
                    logs: reply.logs.unwrap_or_default(),
                },
                Err(_) => invalid(),
            }
        }
        _ => invalid(),
    }
}
