//! Storage that does not answer the handler, under the host: what clients are told, and what the record is
//! afterwards.

use std::sync::{Arc, Mutex};

use functions_host::{Answer, Payload};
use hyper::Method;

use super::{Hosted, json, options};
use crate::helpers::azurite::azurite;
use crate::helpers::eventually::eventually;
use crate::helpers::proxy::{Fate, Proxy};

/// What the next requests of a method meet that are about a record.
type Rule = Arc<Mutex<Option<(&'static str, Fate)>>>;

/// A service under the host, which reaches its blobs through a proxy.
async fn spoiled() -> (Hosted, Rule) {
    let mut account = azurite().connection_string();
    let rule = Rule::default();
    let seen = Arc::clone(&rule);
    let of_record = |request: &str| request.contains("/hosted-") && !request.contains("restype=");
    let endpoints = account.find("BlobEndpoint").unwrap();
    let mut endpoints = account.split_off(endpoints);
    let queues = endpoints.split_off(endpoints.find(';').unwrap());
    Proxy::before(&mut endpoints, move |request| {
        let rule = *seen.lock().unwrap();
        let meets = |(method, _): &(&str, Fate)| request.starts_with(method) && of_record(request);
        rule.filter(meets).map_or(Fate::Forward, |(_, fate)| fate)
    });
    let (options, queue) = options(&[account, endpoints, queues].concat());
    let options = options.setting("REQUEST_BUDGET", "3s");
    (Hosted::start_with(options, queue).await, rule)
}

impl Hosted {
    async fn status(&self, id: &str) -> Option<String> {
        let monitor = eventually("storage answers", async || {
            let monitor = self.get(&format!("/api/operations/{id}")).await;
            (monitor.status != 503).then_some(monitor)
        })
        .await;
        (monitor.status == 200).then(|| json(&monitor)["status"].as_str().unwrap().to_owned())
    }
}

/// Sends a request while storage meets this.
async fn send(
    (hosted, rule): &(Hosted, Rule),
    meets: (&'static str, Fate),
    (method, path, body): (Method, &str, &'static str),
) -> Answer {
    *rule.lock().unwrap() = Some(meets);
    let payload = match body {
        "" => Payload::Empty,
        body => Payload::Sized(body.into()),
    };
    let answer = hosted.send(method, path, payload).await;
    *rule.lock().unwrap() = None;
    answer
}

fn assert_unknown(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 503, "{what}: {answer:?}");
    assert_eq!(answer.header("x-ms-error-code"), "OutcomeUnknown", "{what}");
    assert_eq!(answer.header("retry-after"), "5", "{what}");
}

#[tokio::test]
async fn what_has_no_answer_under_the_host_says_so_and_leaves_what_storage_did() {
    let spoiled = spoiled().await;
    let hosted = &spoiled.0;
    for (fate, is_done) in [(Fate::Hang, false), (Fate::HangAfter, true)] {
        let submit = (Method::POST, "/api/tasks", r#"{"number":24}"#);
        let answer = send(&spoiled, ("PUT", fate), submit).await;
        assert_unknown(&answer, "submit");
        let id = answer.header("operation-id").to_owned();
        let monitor = format!("/api/operations/{id}");
        assert!(answer.header("operation-location").ends_with(&monitor));
        assert_eq!(hosted.status(&id).await.is_some(), is_done, "{fate:?}");
        if !is_done {
            continue;
        }
        // Its message was never sent, so it is as it was until the sweep comes.
        let cancel = format!("{monitor}:cancel");
        let answer = send(&spoiled, ("PUT", fate), (Method::POST, &cancel, "")).await;
        assert_unknown(&answer, "cancel");
        assert_eq!(hosted.status(&id).await.unwrap(), "Canceled");
        let answer = send(&spoiled, ("DELETE", fate), (Method::DELETE, &monitor, "")).await;
        assert_unknown(&answer, "delete");
        assert_eq!(hosted.status(&id).await, None);
    }
}

#[tokio::test]
async fn a_task_whose_input_is_wrong_can_be_retried_and_storage_may_not_answer() {
    let spoiled = spoiled().await;
    let (hosted, _) = &spoiled;
    let id = uuid::Uuid::new_v4().to_string();
    let message = format!(r#"{{"id":"{id}","number":"abc"}}"#);
    hosted.queue.send(&message).await.unwrap();
    assert_eq!(hosted.ended(&id).await["status"], "Failed");
    let retry = format!("/api/operations/{id}:retry");
    for (fate, expected) in [(Fate::Hang, "Failed"), (Fate::HangAfter, "NotStarted")] {
        let answer = send(&spoiled, ("PUT", fate), (Method::POST, &retry, "")).await;
        assert_unknown(&answer, "retry");
        assert_eq!(hosted.status(&id).await.unwrap(), expected, "{fate:?}");
    }
}
