//! Has work done, and writes down how it goes.

use std::error::Error;
use std::fmt::{self, Display};
use std::io::Write;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// The service's error document (RFC 9457).
#[derive(Debug, Deserialize)]
struct Problem {
    error: ProblemError,
}

#[derive(Debug, Deserialize)]
struct ProblemError {
    code: String,
    message: String,
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error.code, self.error.message)
    }
}

impl Error for Problem {}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Such as `converse(&Client::new(), "http://127.0.0.1:7071", r#"{"number": 24}"#, &mut stdout())`.
pub async fn converse(http: &Client, base: &str, work: &str, out: &mut impl Write) -> Result<()> {
    let submission = http
        .post(format!("{base}/api/tasks"))
        .header(CONTENT_TYPE, "application/json")
        .body(work.to_owned());

    let accepted = submit(submission.try_clone().ok_or("streamed")?).await?;
    let reply = result(http, accepted.headers(), out).await?;
    writeln!(out, "{}", reply.text().await?)?;

    // The same in one round trip, when the task is done within ten seconds.
    let mut reply = submit(submission.header("Prefer", "wait=10")).await?;
    if reply.status() == StatusCode::ACCEPTED {
        reply = result(http, reply.headers(), out).await?;
    }
    writeln!(out, "{}", reply.text().await?)?;
    Ok(())
}

/// The key makes it safe to send the submission again: it is accepted once.
async fn submit(submission: RequestBuilder) -> Result<Response> {
    let key = format!("\"{}\"", Uuid::now_v7());
    call(submission.header("Idempotency-Key", key)).await
}

/// Looks at the monitor until the task has ended, and gets the result.
async fn result(http: &Client, accepted: &HeaderMap, out: &mut impl Write) -> Result<Response> {
    loop {
        let monitor = call(http.get(header(accepted, "operation-location")?)).await?;
        let pause = retry_after(&monitor);
        let monitor: Value = monitor.json().await?;
        if monitor["status"] != "NotStarted" && monitor["status"] != "Running" {
            return call(http.get(header(accepted, LOCATION.as_str())?)).await;
        }
        writeln!(out, "not yet, again in {} s", pause.as_secs())?;
        tokio::time::sleep(pause).await;
    }
}

/// Sends a request; a refusal for now is sent again after its `Retry-After`.
async fn call(request: RequestBuilder) -> Result<Response> {
    let request = request.timeout(Duration::from_secs(120));
    for _ in 0..5 {
        let reply = request.try_clone().ok_or("streamed")?.send().await?;
        if !matches!(reply.status().as_u16(), 409 | 429 | 503 | 504) {
            return checked(reply).await;
        }
        tokio::time::sleep(retry_after(&reply)).await;
    }
    checked(request.send().await?).await
}

async fn checked(reply: Response) -> Result<Response> {
    if header(reply.headers(), CONTENT_TYPE.as_str()).ok() == Some("application/problem+json") {
        return Err(reply.json::<Problem>().await?.into());
    }
    Ok(reply.error_for_status()?)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str> {
    let value = headers.get(name).ok_or_else(|| format!("no {name}"))?;
    Ok(value.to_str()?)
}

fn retry_after(reply: &Response) -> Duration {
    let seconds = header(reply.headers(), RETRY_AFTER.as_str())
        .ok()
        .and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}
