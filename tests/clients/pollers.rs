//! The pollers that come with the Azure SDKs, as they are: azure-core of Python and core-lro of
//! JavaScript, each by `Operation-Location` and by `Location`.

use super::front::Front;
use super::programs::{self, Ended};
use crate::helpers::app::{App, spawn_app};
use crate::helpers::client::KEY;
use crate::helpers::eventually::eventually;

const AZURE_CORE: &str = "lro.py";
const CORE_LRO: &str = "lro.mjs";

/// Checks that a poller ended with this result, and with a status that each library spells in its own
/// way.
fn says(ended: &Ended, result: &str) {
    assert!(ended.succeeded, "{}", ended.stderr);
    let (body, status) = ended.stdout.trim_end().split_once('\n').unwrap();
    assert_eq!(body, result);
    assert_eq!(status.to_lowercase(), "succeeded");
}

/// Lets a poller follow a task that ends once it has been polled, and gives the resources of the task
/// that it asked for: empty for the monitor.
async fn polled(script: &str, way: &str) -> Vec<String> {
    let app = spawn_app();
    let front = Front::before(app.address);
    let work = r#"{"kind": "waits", "input": 0}"#;
    let arguments = [&front.base, work, way];
    let (ended, ()) = tokio::join!(programs::run(script, &arguments, |_| ()), async {
        eventually("the task is polled", async || {
            (front.requests().len() > 1).then_some(())
        })
        .await;
        app.kinds.open_gate();
    });
    says(&ended, r#"{"waited":true}"#);
    let requests = front.requests();
    assert_eq!(requests[0], "POST /api/tasks");
    requests[1..].iter().map(|line| resource(line)).collect()
}

/// What follows the id in `GET /api/operations/{id}…`.
fn resource(line: &str) -> String {
    let path = line.strip_prefix("GET /api/operations/").expect(line);
    path[36..].to_owned()
}

/// Operation-Location: the monitor until it is terminal, then the result from `Location`, once.
async fn polls_the_monitor(script: &str) {
    let requests = polled(script, "operation-location").await;
    let (last, polls) = requests.split_last().unwrap();
    assert_eq!(last, "/result");
    assert!(polls.len() > 1 && polls.iter().all(String::is_empty));
}

/// Location alone: the result until it is no longer 202.
async fn polls_the_result(script: &str) {
    let requests = polled(script, "location").await;
    assert!(requests.len() > 1 && requests.iter().all(|path| path == "/result"));
}

async fn failed(app: &App, script: &str, way: &str, work: &str) -> String {
    let ended = programs::run(script, &[app.client.base(), work, way], |_| ()).await;
    assert!(!ended.succeeded, "{}", ended.stdout);
    ended.stderr
}

async fn tells_failures(script: &str) {
    let app = spawn_app();
    for way in ["operation-location", "location"] {
        let work = r#"{"kind": "hopeless", "input": 0}"#;
        let error = failed(&app, script, way, work).await;
        assert!(error.contains("NoHope"), "{way}: {error}");
        assert!(error.contains("there never was any"), "{way}: {error}");
        let error = failed(&app, script, way, r#"{"number": "x"}"#).await;
        assert!(error.starts_with("InvalidNumber: number must"), "{error}");
    }
}

/// A task that is retried is polled as a new one is: the first poll is not its end.
async fn follows_a_retried_task(script: &str) {
    for way in ["operation-location", "location"] {
        let app = spawn_app();
        let id = app.client.run(r#"{"kind": "relents", "input": 0}"#).await;
        let front = Front::before(app.address);
        let retry = format!("/api/operations/{id}:retry");
        let keyed = format!("{retry}?code={}", KEY.replace(' ', "%20"));
        let arguments = [&front.base, "{}", way, &keyed];
        let (ended, ()) = tokio::join!(programs::run(script, &arguments, |_| ()), async {
            eventually("the task is polled", async || {
                (front.requests().len() > 1).then_some(())
            })
            .await;
            app.kinds.open_gate();
        });
        says(&ended, r#"{"relented":true}"#);
        assert!(front.requests()[0].starts_with(&format!("POST {retry}")));
    }
}

/// What a poller says of a task that is canceled while it looks.
async fn canceled(script: &str, way: &str) -> String {
    let app = spawn_app();
    let front = Front::before(app.address);
    let work = r#"{"kind": "waits", "input": 0}"#;
    let arguments = [&front.base, work, way];
    let (ended, ()) = tokio::join!(programs::run(script, &arguments, |_| ()), async {
        let polled = eventually("the task is polled", async || {
            front.requests().get(1).cloned()
        })
        .await;
        let path = polled
            .strip_prefix("GET ")
            .unwrap()
            .trim_end_matches("/result");
        let cancel = app.client.request("POST", &format!("{path}:cancel"));
        assert_eq!(app.client.send(cancel).await.status, 200);
    });
    assert!(!ended.succeeded, "{}", ended.stdout);
    ended.stderr
}

#[tokio::test]
async fn azure_core_polls_the_monitor_and_gets_the_result() {
    polls_the_monitor(AZURE_CORE).await;
}

#[tokio::test]
async fn azure_core_polls_a_location() {
    polls_the_result(AZURE_CORE).await;
}

#[tokio::test]
async fn azure_core_tells_failures_in_the_services_words() {
    tells_failures(AZURE_CORE).await;
}

#[tokio::test]
async fn azure_core_follows_a_task_that_is_retried() {
    follows_a_retried_task(AZURE_CORE).await;
}

#[tokio::test]
async fn azure_core_says_that_a_task_was_canceled() {
    for way in ["operation-location", "location"] {
        let error = canceled(AZURE_CORE, way).await;
        assert_eq!(error, "TaskCanceled: the task was canceled\n", "{way}");
    }
}

#[tokio::test]
async fn core_lro_polls_the_monitor_and_gets_the_result() {
    polls_the_monitor(CORE_LRO).await;
}

#[tokio::test]
async fn core_lro_polls_a_location() {
    polls_the_result(CORE_LRO).await;
}

#[tokio::test]
async fn core_lro_tells_failures_in_the_services_words() {
    tells_failures(CORE_LRO).await;
}

#[tokio::test]
async fn core_lro_follows_a_task_that_is_retried() {
    follows_a_retried_task(CORE_LRO).await;
}

#[tokio::test]
async fn core_lro_says_that_a_task_was_canceled() {
    // Of the monitor it reads the status alone, and has words of its own for it.
    let error = canceled(CORE_LRO, "operation-location").await;
    assert_eq!(error, "Operation was canceled\n");
    let error = canceled(CORE_LRO, "location").await;
    assert_eq!(error, "TaskCanceled: the task was canceled\n");
}
