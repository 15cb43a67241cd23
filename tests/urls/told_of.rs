//! Whose ends are told, whatever becomes of the task meanwhile, and what whoever is told may do to us.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::service::{HUGE, Service};
use super::told::{SECRET, deployment, header};
use crate::helpers::deployment::{Deployment, Setting};
use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;

/// The tasks whose ends were told, and how they ended, once so many calls have come.
async fn told(service: &Service, calls: usize) -> HashSet<(String, String)> {
    let mut told = HashSet::new();
    for number in 0..calls {
        let (_, body) = service.request(number).await;
        let event: Value = serde_json::from_str(&body).unwrap();
        let text = |field: &str| event["data"][field].as_str().unwrap().to_owned();
        told.insert((text("id"), text("status")));
    }
    told
}

fn succeeded(id: &str) -> (String, String) {
    (id.to_owned(), "Succeeded".to_owned())
}

/// The call has failed, and why.
async fn failed_call(deployment: &Deployment, service: &Service) -> Value {
    let (head, _) = service.request(0).await;
    let call = header(&head, "task-id").to_owned();
    eventually("the call has failed", async || {
        let monitor = deployment.client.monitor(&call).await.json();
        (monitor["status"] == "Failed").then_some(monitor)
    })
    .await
}

#[tokio::test]
async fn the_reference_library_verifies_what_is_told() {
    let service = Service::start().await;
    let deployment = deployment(Setting::Embedded, &service).await;
    let url = format!("http://{}/answers", service.address);
    let body = json!({ "number": 24, "callbackUrl": url }).to_string();
    let id = deployment.client.accepted(body).await;
    let (head, body) = service.request(0).await;
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<_, _> = names
        .iter()
        .map(|name| ((*name).to_owned(), header(&head, name).into()))
        .collect();
    let verify = |secret: &str, body: &str| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/urls/verify.mjs");
        let mut command = Command::new("node");
        command.arg(script).stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut node = command.spawn().expect("node");
        let input = json!({ "secret": secret, "headers": &headers, "body": body });
        let mut stdin = node.stdin.take().unwrap();
        stdin.write_all(input.to_string().as_bytes()).unwrap();
        drop(stdin);
        let ended = node.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        let stdout = String::from_utf8_lossy(&ended.stdout).trim().to_owned();
        ended.status.success().then_some(stdout).ok_or(stderr)
    };
    assert_eq!(verify(SECRET, &body), Ok(id));
    let refused = verify(SECRET, &body.replace("Succeeded", "Canceled")).unwrap_err();
    assert!(refused.contains("No matching signature found"), "{refused}");
}

#[tokio::test]
async fn each_of_an_array_is_told_by_itself() {
    let service = Service::start().await;
    let deployment = deployment(Setting::Embedded, &service).await;
    let url = format!("http://{}/answers", service.address);
    let bodies = json!([
        { "number": 1, "callbackUrl": url },
        { "number": 2 },
        { "kind": "fibonacci", "input": { "number": 3 }, "callbackUrl": url, "delay": 1 },
    ]);
    let reply = deployment.client.submit(bodies.to_string()).await;
    let tasks = reply.json()["tasks"].clone();
    let id = |place: usize| tasks[place]["id"].as_str().unwrap().to_owned();
    let expected = HashSet::from([succeeded(&id(0)), succeeded(&id(2))]);
    assert_eq!(told(&service, 2).await, expected);
    deployment.client.has_ended(5).await;
    assert_eq!(service.requests(), 2);
}

#[tokio::test]
async fn the_end_of_a_task_that_is_gone_is_told() {
    let service = Service::start().await;
    let deployment = deployment(Setting::Embedded, &service).await;
    let client = &deployment.client;
    // The first call is not taken.
    let url = format!("http://{}/told", service.address);
    let body = json!({ "number": 24, "callbackUrl": url }).to_string();
    let id = client.accepted(body).await;
    service.request(0).await;
    let delete = client.request("DELETE", &format!("/api/operations/{id}"));
    assert_eq!(client.send(delete).await.status, 204);
    assert_eq!(told(&service, 2).await, HashSet::from([succeeded(&id)]));
}

#[tokio::test]
async fn a_cancel_before_its_time_is_told_at_once() {
    let service = Service::start().await;
    let deployment = deployment(Setting::Embedded, &service).await;
    let client = &deployment.client;
    let url = format!("http://{}/answers", service.address);
    let body = json!({ "number": 24, "callbackUrl": url, "delay": "P300D" });
    let id = client.accepted(body.to_string()).await;
    let cancel = client.request("POST", &format!("/api/operations/{id}:cancel"));
    client.send(cancel).await;
    let expected = (id, "Canceled".to_owned());
    assert_eq!(told(&service, 1).await, HashSet::from([expected]));
}

#[tokio::test]
async fn the_end_of_an_instance_is_told_and_not_those_of_its_steps() {
    let service = Service::start().await;
    let host = service.address.to_string();
    let settings = [
        ("CALLBACK_URL_HOSTS", &*host),
        ("CALLBACK_URL_SECRET", SECRET),
    ];
    let program = env!("CARGO_BIN_EXE_workflows");
    let deployment = Deployment::start_as(program, Setting::Embedded, &settings).await;
    let url = format!("http://{}/answers", service.address);
    let body = json!({ "kind": "chain", "input": 3, "callbackUrl": url });
    let id = deployment.client.accepted(body.to_string()).await;
    assert_eq!(told(&service, 1).await, HashSet::from([succeeded(&id)]));
    assert_eq!(service.requests(), 1);
}

#[tokio::test]
async fn a_call_that_is_led_elsewhere_ends_there() {
    let service = Service::start().await;
    let deployment = deployment(Setting::Embedded, &service).await;
    let url = format!("http://{}/redirects", service.address);
    let body = json!({ "number": 24, "callbackUrl": url }).to_string();
    deployment.client.accepted(body).await;
    let failed = failed_call(&deployment, &service).await;
    assert_eq!(
        (&failed["attempts"], &failed["error"]["code"]),
        (&json!(1), &json!("Redirected"))
    );
    assert!(!service.was_asked_for("/answers-elsewhere"));
}

#[tokio::test]
async fn what_a_call_is_answered_beside_its_status_is_not_read() {
    let service = Service::start().await;
    let deployment = deployment(Setting::Embedded, &service).await;
    let url = format!("http://{}/huge", service.address);
    let body = json!({ "number": 24, "callbackUrl": url }).to_string();
    deployment.client.accepted(body).await;
    deployment.client.has_ended(2).await;
    assert!(
        service.sent() < HUGE / 2,
        "{} bytes went out",
        service.sent()
    );
    assert_eq!(service.requests(), 1);
}

#[tokio::test]
async fn a_url_is_in_no_monitor_and_in_no_line_of_the_log() {
    let service = Service::start().await;
    let host = service.address.to_string();
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("CALLBACK_URL_HOSTS", &*host),
        ("CALLBACK_URL_SECRET", SECRET),
        ("RUST_LOG", "debug"),
    ];
    let serving = Serving::start_with(folder.path(), &settings);
    let client = &serving.client;
    let mut shown = String::new();
    for path in ["gone", "told"] {
        let url = format!("http://{host}/{path}?token=open-sesame");
        let body = json!({ "number": 24, "callbackUrl": url }).to_string();
        let id = client.accepted(body).await;
        client.result(&id).await;
        shown += client.monitor(&id).await.text();
    }
    client.has_ended(4).await;
    shown += client.get_keyed("/api/operations").await.text();
    for number in 0..2 {
        let (head, _) = service.request(number).await;
        shown += client.monitor(header(&head, "task-id")).await.text();
    }
    serving.handler.signal("TERM");
    while let Some(line) = serving.handler.line() {
        shown += &line;
    }
    assert!(
        shown.contains("CallbackGone") && shown.contains("task accepted"),
        "{shown}"
    );
    for secret in ["sesame", "whsec", &SECRET[6..]] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}
