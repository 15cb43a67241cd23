//! Storage that does not answer, in front of a real one: what clients are told, how soon, and what the record
//! is afterwards.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_request_reply::config::Storage;
use serde_json::Value;
use uuid::Uuid;

use crate::helpers::app::{App, spawn_app_with};
use crate::helpers::azurite::azurite;
use crate::helpers::eventually::eventually;
use crate::helpers::proxy::{Fate, Proxy};
use crate::helpers::queues;
use crate::helpers::reply::Reply;

/// How long storage may take for a request here: time for all tries of a call that is refused, and for what
/// takes it back.
const BUDGET: Duration = Duration::from_secs(10);

/// A service whose storage meets a fate, in requests whose method and path begin and go on so.
pub(super) struct Spoiled {
    pub(super) app: App,
    pub(super) rule: Arc<Mutex<Option<Rule>>>,
}

#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub(super) method: &'static str,
    pub(super) part: &'static str,
    pub(super) fate: Fate,
}

impl Spoiled {
    pub(super) async fn start() -> Self {
        let mut account = azurite().account();
        let rule: Arc<Mutex<Option<Rule>>> = Arc::default();
        for endpoint in [&mut account.blob_endpoint, &mut account.queue_endpoint] {
            let rule = Arc::clone(&rule);
            Proxy::before(endpoint, move |request| {
                let rule = *rule.lock().unwrap();
                let meets =
                    |rule: &Rule| request.starts_with(rule.method) && request.contains(rule.part);
                rule.filter(meets).map_or(Fate::Forward, |rule| rule.fate)
            });
        }
        let name = format!("unknown-{}", Uuid::now_v7());
        let app = spawn_app_with(|config| {
            config.storage = Storage::Azure(account);
            config.container.clone_from(&name);
            config.queue = queues::name(&name);
            config.raw_queue = Some(queues::name(&format!("own-{}", Uuid::now_v7())));
            config.request_budget = BUDGET;
        });
        let spoiled = Self { app, rule };
        eventually("the service is healthy", async || {
            (spoiled.app.client.get("/api/health").await.status == 200).then_some(())
        })
        .await;
        spoiled
    }

    /// Sends a request while storage meets this, and sees to it that the reply comes in time.
    pub(super) async fn send(&self, rule: Rule, method: &str, path: &str, body: &str) -> Reply {
        *self.rule.lock().unwrap() = Some(rule);
        let client = &self.app.client;
        let request = client
            .keyed(method, path)
            .header("content-type", "application/json")
            .body(body.to_owned());
        let began = Instant::now();
        let reply = client.send(request).await;
        let took = began.elapsed();
        *self.rule.lock().unwrap() = None;
        assert!(took < BUDGET * 3, "{method} {path} took {took:?}");
        reply
    }

    /// The status in the monitor, if there is one.
    async fn status(&self, id: &str) -> Option<String> {
        let monitor = self.app.client.monitor(id).await;
        match monitor.status {
            404 => None,
            _ => monitor.json()["status"].as_str().map(str::to_owned),
        }
    }

    async fn running(&self) -> String {
        let id = self
            .app
            .client
            .accepted(r#"{"kind": "waits", "input": 0}"#)
            .await;
        eventually("the task runs", async || {
            (self.status(&id).await.as_deref() == Some("Running")).then_some(())
        })
        .await;
        id
    }
}

pub(super) fn code(reply: &Reply) -> String {
    reply.problem().0
}

/// What is sent and has no answer: done by storage or not.
pub(super) const UNANSWERED: [(Fate, bool); 5] = [
    (Fate::Hang, false),
    (Fate::HangAfter, true),
    (Fate::CutBefore, false),
    (Fate::CutAfter, true),
    (Fate::Answer(500), false),
];

const WAITS: &str = r#"{"kind": "waits", "input": 0}"#;

#[tokio::test]
async fn a_submission_without_an_answer_names_the_task_that_there_may_be() {
    let spoiled = Spoiled::start().await;
    for (fate, is_there) in UNANSWERED {
        let rule = Rule {
            method: "PUT",
            part: "/unknown-",
            fate,
        };
        let reply = spoiled.send(rule, "POST", "/api/tasks", WAITS).await;
        assert_eq!(
            (reply.status, &*code(&reply)),
            (503, "OutcomeUnknown"),
            "{fate:?}"
        );
        assert_eq!(reply.header("retry-after"), Some("5"));
        let id = reply.header("operation-id").unwrap();
        let monitor = reply.header("operation-location").unwrap();
        assert!(
            monitor.ends_with(&format!("/api/operations/{id}")),
            "{monitor}"
        );
        assert_eq!(reply.header("location"), None);
        let status = spoiled.status(id).await;
        assert_eq!(status.is_some(), is_there, "{fate:?}: {status:?}");
    }
}

#[tokio::test]
async fn of_many_without_an_answer_each_names_the_task_that_there_may_be() {
    let spoiled = Spoiled::start().await;
    let rule = Rule {
        method: "PUT",
        part: "/unknown-",
        fate: Fate::HangAfter,
    };
    let many = format!("[{WAITS},{WAITS},{WAITS}]");
    let reply = spoiled.send(rule, "POST", "/api/tasks", &many).await;
    assert_eq!((reply.status, &*code(&reply)), (503, "OutcomeUnknown"));
    assert_eq!(reply.header("operation-id"), None);
    let tasks = reply.json()["tasks"].as_array().unwrap().clone();
    assert_eq!(tasks.len(), 3);
    for task in tasks {
        assert_eq!(task["outcome"], "Unknown");
        let id = task["id"].as_str().unwrap();
        assert!(spoiled.status(id).await.is_some(), "{task}");
    }
}

#[tokio::test]
async fn a_submission_that_storage_refuses_says_that_nothing_was_changed() {
    let spoiled = Spoiled::start().await;
    for (method, part) in [("PUT", "/unknown-"), ("POST", "/messages")] {
        let rule = Rule {
            method,
            part,
            fate: Fate::Answer(503),
        };
        let reply = spoiled.send(rule, "POST", "/api/tasks", WAITS).await;
        let (code, _, message) = reply.problem();
        assert_eq!(
            (reply.status, &*code),
            (503, "StorageUnavailable"),
            "{part}"
        );
        assert!(message.ends_with("nothing was changed"), "{message}");
        assert_eq!(reply.header("operation-id"), None);
    }
    let listed = spoiled.app.client.get_keyed("/api/operations").await;
    assert_eq!(listed.json()["value"], Value::Array(Vec::new()));
}

#[tokio::test]
async fn a_submission_whose_message_has_no_answer_is_accepted() {
    let spoiled = Spoiled::start().await;
    for (fate, _) in UNANSWERED {
        let rule = Rule {
            method: "POST",
            part: "/messages",
            fate,
        };
        let reply = spoiled.send(rule, "POST", "/api/tasks", WAITS).await;
        assert_eq!(reply.status, 202, "{fate:?}: {}", reply.text());
        let id = reply.header("operation-id").unwrap();
        assert!(spoiled.status(id).await.is_some(), "{fate:?}");
    }
}

#[tokio::test]
async fn the_same_key_again_gives_the_task_that_was_named() {
    let spoiled = Spoiled::start().await;
    let body = r#"{"number": 24}"#;
    for fate in [Fate::Hang, Fate::HangAfter] {
        let key = Uuid::new_v4().to_string();
        let submission = || {
            let request = spoiled.app.client.post_task().body(body);
            request.header("idempotency-key", &key)
        };
        // The task's record, and not that of the key.
        *spoiled.rule.lock().unwrap() = Some(Rule {
            method: "PUT",
            part: "/0",
            fate,
        });
        let refused = spoiled.app.client.send(submission()).await;
        *spoiled.rule.lock().unwrap() = None;
        assert_eq!((refused.status, &*code(&refused)), (503, "OutcomeUnknown"));
        let id = refused.header("operation-id").unwrap();
        let again = eventually("the key is let go", async || {
            let reply = spoiled.app.client.send(submission()).await;
            (reply.status != 409).then_some(reply)
        })
        .await;
        assert_eq!(
            (again.status, again.header("operation-id")),
            (202, Some(id))
        );
        assert_eq!(spoiled.app.client.ended(id).await.status, 200);
    }
    let listed = spoiled.app.client.get_keyed("/api/operations").await;
    assert_eq!(listed.json()["value"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_cancel_without_an_answer_says_so() {
    let spoiled = Spoiled::start().await;
    for (fate, is_done) in [(Fate::Hang, false), (Fate::HangAfter, true)] {
        let id = spoiled.running().await;
        let rule = Rule {
            method: "PUT",
            part: "/unknown-",
            fate,
        };
        let cancel = format!("/api/operations/{id}:cancel");
        let reply = spoiled.send(rule, "POST", &cancel, "").await;
        assert_eq!(
            (reply.status, &*code(&reply)),
            (503, "OutcomeUnknown"),
            "{fate:?}"
        );
        let expected = if is_done { "Canceled" } else { "Running" };
        assert_eq!(spoiled.status(&id).await.unwrap(), expected, "{fate:?}");
        let again = spoiled.app.client.keyed("POST", &cancel);
        assert_eq!(
            spoiled.app.client.send(again).await.json()["status"],
            "Canceled"
        );
    }
}

#[tokio::test]
async fn a_deletion_without_an_answer_says_so() {
    let spoiled = Spoiled::start().await;
    for (fate, is_done) in [(Fate::Hang, false), (Fate::HangAfter, true)] {
        let id = spoiled.app.client.run(r#"{"number": 24}"#).await;
        let rule = Rule {
            method: "DELETE",
            part: "/unknown-",
            fate,
        };
        let path = format!("/api/operations/{id}");
        let reply = spoiled.send(rule, "DELETE", &path, "").await;
        assert_eq!(
            (reply.status, &*code(&reply)),
            (503, "OutcomeUnknown"),
            "{fate:?}"
        );
        assert_eq!(spoiled.status(&id).await.is_none(), is_done, "{fate:?}");
    }
}

#[tokio::test]
async fn a_retry_without_an_answer_says_so() {
    let spoiled = Spoiled::start().await;
    for (fate, is_done) in [(Fate::Hang, false), (Fate::HangAfter, true)] {
        let id = spoiled
            .app
            .client
            .run(r#"{"kind": "hopeless", "input": 0}"#)
            .await;
        let rule = Rule {
            method: "PUT",
            part: "/unknown-",
            fate,
        };
        let retry = format!("/api/operations/{id}:retry");
        let reply = spoiled.send(rule, "POST", &retry, "").await;
        assert_eq!(
            (reply.status, &*code(&reply)),
            (503, "OutcomeUnknown"),
            "{fate:?}"
        );
        let expected = if is_done { "NotStarted" } else { "Failed" };
        assert_eq!(spoiled.status(&id).await.unwrap(), expected, "{fate:?}");
    }
}

#[tokio::test]
async fn what_reads_is_told_in_time_that_storage_does_not_answer() {
    let spoiled = Spoiled::start().await;
    let id = spoiled.app.client.run(r#"{"number": 24}"#).await;
    for path in [
        format!("/api/operations/{id}"),
        format!("/api/operations/{id}/result"),
        format!("/api/tasks/{id}"),
    ] {
        let rule = Rule {
            method: "GET",
            part: "/unknown-",
            fate: Fate::Hang,
        };
        let reply = spoiled.send(rule, "GET", &path, "").await;
        assert_eq!(
            (reply.status, &*code(&reply)),
            (503, "StorageUnavailable"),
            "{path}"
        );
    }
    assert_eq!(spoiled.app.client.fetch(&id).await.status, 200);
}
