//! Kinds of work that are not in the process: what a task adds to a command's own process, and to the call of a
//! URL.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use hyper::StatusCode;
use hyper::header::HeaderName;

use super::super::constant::Server;
use super::super::http::{Connection, HttpError, Origin};
use super::super::latencies::{Latencies, milliseconds};
use super::super::service::Service;
use super::super::stage::Stage;
use super::super::storage::Storage;
use super::Budget;

/// Tasks, one after the other.
const TASKS: usize = 300;

/// What each is given, and what a command that copies its input gives back.
const INPUT: &str = r#"{"text":"Straße"}"#;

const PATIENT: [(HeaderName, &str); 1] = [(HeaderName::from_static("prefer"), "wait=60")];

pub(super) async fn measure() -> Result<Vec<Budget>, HttpError> {
    let stage = Stage::set(Storage::Embedded)?;
    let server = Server::start()?;
    let file = stage.folder().join("kinds.toml");
    let text = format!(
        "[[kind]]\nname = \"copy\"\ncommand = [\"cat\"]\n[[kind]]\nname = \"call\"\nurl = \"http://{}/\"\n",
        server.address
    );
    fs::write(&file, text)?;
    let file = file.to_str().ok_or("a path in UTF-8")?;
    let settings = [("KINDS_FILE", file)];
    let service = Service::standalone(Storage::Embedded, stage.folder(), &settings).await?;
    let process = median_of_processes()?;
    let copied = median_of_tasks(&service, "copy").await?;
    let call = median_of_calls(server.address.into()).await?;
    let called = median_of_tasks(&service, "call").await?;
    println!("bare process: {process:.3} ms, task of a command: {copied:.3} ms");
    println!("bare call: {call:.3} ms, task of a URL: {called:.3} ms");
    Ok(vec![
        Budget::at_most(
            "a task of a command, over its bare process, ms",
            copied - process,
            2.0,
        ),
        Budget::at_most(
            "a task of a URL, over the bare call, ms",
            called - call,
            1.0,
        ),
    ])
}

/// The median of a process that copies its input, in milliseconds.
fn median_of_processes() -> Result<f64, HttpError> {
    let mut latencies = Latencies::default();
    for _ in 0..TASKS {
        let begun = Instant::now();
        let mut process = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut input = process.stdin.take().ok_or("no input")?;
        input.write_all(INPUT.as_bytes())?;
        drop(input);
        let output = process.wait_with_output()?;
        latencies.add(begun.elapsed());
        if output.stdout != INPUT.as_bytes() {
            return Err("a copy that is none".into());
        }
    }
    Ok(milliseconds(latencies.quantile(0.5)))
}

/// The median of a bare call of the constant, in milliseconds.
async fn median_of_calls(origin: Origin) -> Result<f64, HttpError> {
    let mut connection = Connection::to(origin);
    median(async || {
        let answer = connection.post("/", &[], INPUT).await?;
        Ok(answer.status == StatusCode::OK)
    })
    .await
}

/// The median of a task of a kind that is waited for, in milliseconds.
async fn median_of_tasks(service: &Service, kind: &str) -> Result<f64, HttpError> {
    let mut connection = Connection::to(service.origin.clone());
    let body = format!(r#"{{"kind":"{kind}","input":{INPUT}}}"#);
    median(async || {
        let answer = connection
            .post("/api/tasks", &PATIENT, body.clone())
            .await?;
        Ok(answer.status == StatusCode::OK)
    })
    .await
}

/// The median of so many requests, one after the other, in milliseconds.
async fn median(
    mut request: impl AsyncFnMut() -> Result<bool, HttpError>,
) -> Result<f64, HttpError> {
    let mut latencies = Latencies::default();
    for _ in 0..TASKS {
        let begun = Instant::now();
        let is_ok = request().await?;
        latencies.add(begun.elapsed());
        if !is_ok {
            return Err("a request that did not succeed".into());
        }
    }
    Ok(milliseconds(latencies.quantile(0.5)))
}
