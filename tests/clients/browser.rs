//! The JavaScript client of `docs/clients` in a browser, on a page of another origin: only a browser
//! knows what it lets a page send and read.

use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use async_request_reply::config::Origins;
use ports::Secret;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::task::spawn_blocking;

use super::front::message;
use crate::helpers::app::{App, spawn_app_with};
use crate::helpers::eventually::DEADLINE;

const CLIENT: &str = include_str!("client.mjs");
const SETUP: &str = "run: apt-get install chromium";
const KEY: &str = "s3cret";

/// What the page does beside the client's own conversation, and what it reports of it.
const CONVERSATION: &str = r#"
const report = (told) => fetch("/report", { method: "POST", body: JSON.stringify(told) });
try {
  const headers = { Prefer: "respond-async", traceparent: `00-${"a1".repeat(16)}-${"b2".repeat(8)}-01` };
  const accepted = await submit(base, '{"number": 24}', headers);
  const found = await (await result(accepted)).json();
  const monitor = await fetch(accepted.headers.get("operation-location"));
  const etag = monitor.headers.get("etag");
  const known = await fetch(monitor.url, { headers: { "If-None-Match": etag } });
  const list = await fetch(`${base}/api/operations?top=1`, { headers: { "x-functions-key": KEY } });
  const closed = await fetch(`${base}/api/operations`, { headers: { "x-functions-key": "x" } });
  const deleted = await fetch(monitor.url, { method: "DELETE", headers: { "If-Match": etag } });
  const refused = await submit(base, '{"number": "x"}').catch((problem) => problem.code);
  await report({
    result: found.calculation_result,
    applied: accepted.headers.get("preference-applied"),
    statuses: [known, list, closed, deleted].map((reply) => reply.status),
    challenge: closed.headers.get("www-authenticate"),
    refused,
  });
} catch (error) {
  await report({ error: error.name });
}
"#;

/// A page with the client in it, but for the parts that Node alone has.
fn page(app: &App) -> String {
    let from = CLIENT.find("/** The service's error document").unwrap();
    let to = CLIENT.find("const [base, work] = process.argv").unwrap();
    let client = &CLIENT[from..to];
    let base = app.client.base();
    format!(
        r#"<!DOCTYPE html>
<title>A page of another origin</title>
<script type="module">
const base = "{base}";
const KEY = "{KEY}";
const randomUUID = () => crypto.randomUUID();
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
{client}{CONVERSATION}</script>
"#
    )
}

/// Serves the page, and gives what it reports.
fn serve(listener: TcpListener, page: String) -> Receiver<Value> {
    let (reports, reported) = channel();
    // Ends with the process: a browser keeps connections that it does not use.
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (page, reports) = (page.clone(), reports.clone());
            thread::spawn(move || {
                let mut requests = BufReader::new(&client);
                while let Some(request) = message(&mut requests) {
                    let (_, body) = request.split_once("\r\n\r\n")?;
                    let reply = if request.starts_with("POST /report ") {
                        reports.send(serde_json::from_str(body).unwrap()).ok()?;
                        ""
                    } else {
                        &page
                    };
                    write!(
                        &client,
                        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{reply}",
                        reply.len()
                    )
                    .ok()?;
                }
                Some(())
            });
        }
    });
    reported
}

/// A browser without a window, which ends when it is dropped.
fn browse(address: &str, profile: &Path) -> Child {
    Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
        ])
        .args(["--disable-sync", "--disable-quic", "--no-proxy-server"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(address)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("chromium: {error}; {SETUP}"))
}

/// What a page reports of its conversation with a service that lets in the origins that `allowed` makes
/// of the page's own.
async fn told_by_a_page(allowed: impl FnOnce(String) -> Origins) -> Value {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let app = spawn_app_with(|config| {
        config.allowed_origins = allowed(origin.clone());
        config.api_keys = vec![Secret::new(KEY)];
    });
    let reported = serve(listener, page(&app));
    let profile = tempfile::tempdir().unwrap();
    let mut browser = browse(&origin, profile.path());
    let told = spawn_blocking(move || reported.recv_timeout(DEADLINE));
    let told = told.await.unwrap().expect("the page should report");
    browser.kill().await.unwrap();
    told
}

#[tokio::test]
async fn the_javascript_client_works_on_a_page_of_an_allowed_origin() {
    for any in [false, true] {
        let allowed = |origin| match any {
            true => Origins::Any,
            false => Origins::These(vec![origin]),
        };
        assert_eq!(
            told_by_a_page(allowed).await,
            json!({
                "result": "46368",
                "applied": "respond-async",
                "statuses": [304, 200, 401, 204],
                "challenge": "FunctionsKey, Bearer",
                "refused": "InvalidNumber",
            })
        );
    }
}

#[tokio::test]
async fn a_browser_keeps_a_page_of_another_origin_out() {
    let told = told_by_a_page(|_| Origins::These(vec!["http://127.0.0.1".to_owned()])).await;
    assert_eq!(told, json!({ "error": "TypeError" }));
}
