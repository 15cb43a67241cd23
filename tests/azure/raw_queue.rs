//! Storage that does not answer, or refuses, while a message is put, taken or changed: what its client is told, and
//! what has become of it.

use serde_json::{Value, json};

use super::unknown::{Rule, Spoiled, UNANSWERED, code};
use crate::helpers::proxy::Fate;
use crate::helpers::reply::Reply;

const MESSAGES: &str = "/api/queue/messages";

/// A deletion of a message, and no other call.
const DELETION: Rule = of("DELETE", "/messages/");

/// No call at all.
const NOTHING: Rule = of("NONE", "");

const fn of(method: &'static str, part: &'static str) -> Rule {
    let fate = Fate::Forward;
    Rule { method, part, fate }
}

impl Spoiled {
    /// Sends a request that must succeed while nothing is amiss.
    async fn ok(&self, method: &str, path: &str, body: &str) -> Value {
        let reply = self.send(NOTHING, method, path, body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    /// What a look shows: at most one message.
    async fn seen(&self) -> Option<Value> {
        let seen = self.ok("GET", &format!("{MESSAGES}/peek"), "").await;
        let seen = seen["messages"].as_array().unwrap();
        assert!(seen.len() < 2, "{seen:?}");
        seen.first().cloned()
    }

    async fn length(&self) -> Value {
        self.ok("GET", "/api/queue/length", "").await["length"].clone()
    }
}

fn told(reply: &Reply) -> (u16, String) {
    (reply.status, code(reply))
}

fn refused(code: &str) -> (u16, String) {
    (503, code.to_owned())
}

#[tokio::test]
async fn a_message_that_may_be_deleted_is_given_to_who_pops_it() {
    let spoiled = Spoiled::start().await;
    for (fate, is_deleted) in UNANSWERED {
        spoiled.ok("DELETE", MESSAGES, "").await;
        spoiled.ok("POST", MESSAGES, "1").await;
        let rule = Rule { fate, ..DELETION };
        let pop = format!("{MESSAGES}/pop");
        let reply = spoiled.send(rule, "POST", &pop, "").await;
        assert_eq!(reply.status, 200, "{fate:?}: {}", reply.text());
        assert_eq!(reply.json()["data"]["message_content"], 1, "{fate:?}");
        assert_eq!(spoiled.length().await == 0, is_deleted, "{fate:?}");
    }
}

#[tokio::test]
async fn a_message_that_may_not_be_deleted_is_not_popped_and_back_at_once() {
    let spoiled = Spoiled::start().await;
    spoiled.ok("POST", MESSAGES, "1").await;
    for fate in [
        Fate::Answer(503),
        Fate::Refuse("AuthorizationPermissionMismatch"),
    ] {
        let rule = Rule { fate, ..DELETION };
        let pop = format!("{MESSAGES}/pop");
        let reply = spoiled.send(rule, "GET", &pop, "").await;
        assert_eq!(told(&reply), refused("StorageUnavailable"), "{fate:?}");
        assert!(!reply.text().contains("Mismatch"), "{}", reply.text());
        let seen = spoiled.seen().await;
        assert_eq!(seen.unwrap()["message_content"], 1, "{fate:?}");
    }
}

#[tokio::test]
async fn what_may_have_hidden_messages_says_so() {
    let spoiled = Spoiled::start().await;
    for (fate, _) in UNANSWERED {
        for (method, path) in [("POST", "/pop"), ("GET", ""), ("POST", "/lease")] {
            let rule = Rule {
                fate,
                ..of("GET", "visibilitytimeout")
            };
            let path = format!("{MESSAGES}{path}");
            let reply = spoiled.send(rule, method, &path, "").await;
            assert_eq!(told(&reply), refused("OutcomeUnknown"), "{fate:?} {path}");
        }
    }
    for (method, path, rule) in [
        ("POST", "/messages/pop", of("GET", "visibilitytimeout")),
        ("GET", "/messages/peek", of("GET", "peekonly")),
        ("HEAD", "/messages", of("GET", "peekonly")),
        ("GET", "/length", of("GET", "/own-")),
    ] {
        let rule = Rule {
            fate: Fate::Answer(503),
            ..rule
        };
        let path = format!("/api/queue{path}");
        let reply = spoiled.send(rule, method, &path, "").await;
        assert_eq!(reply.status, 503, "{path}");
        assert_eq!(reply.header("x-ms-error-code"), Some("StorageUnavailable"));
        assert_eq!(reply.header("retry-after"), Some("5"), "{path}");
    }
}

#[tokio::test]
async fn what_may_be_put_changed_or_cleared_says_so() {
    let spoiled = Spoiled::start().await;
    for (fate, is_done) in UNANSWERED {
        spoiled.ok("DELETE", MESSAGES, "").await;
        let put = Rule {
            fate,
            ..of("POST", "/messages")
        };
        let reply = spoiled.send(put, "POST", MESSAGES, "1").await;
        assert_eq!(told(&reply), refused("OutcomeUnknown"), "{fate:?}");
        assert_eq!(spoiled.length().await != 0, is_done, "{fate:?}");

        spoiled.ok("DELETE", MESSAGES, "").await;
        let message = spoiled.ok("POST", MESSAGES, "1").await;
        let change = Rule {
            fate,
            ..of("PUT", "/messages/")
        };
        let path = format!("{MESSAGES}/{}", message["message_id"].as_str().unwrap());
        let body = json!({
            "pop_receipt": message["pop_receipt"],
            "content": 2,
            "visibility_timeout": 0
        });
        let reply = spoiled.send(change, "PUT", &path, &body.to_string()).await;
        assert_eq!(told(&reply), refused("OutcomeUnknown"), "{fate:?}");
        let says = if is_done { 2 } else { 1 };
        let seen = spoiled.seen().await;
        assert_eq!(seen.unwrap()["message_content"], says, "{fate:?}");

        let clear = Rule {
            fate,
            ..of("DELETE", "/messages")
        };
        let reply = spoiled.send(clear, "DELETE", MESSAGES, "").await;
        assert_eq!(told(&reply), refused("OutcomeUnknown"), "{fate:?}");
        assert_eq!(spoiled.length().await == 0, is_done, "{fate:?}");
    }
}

/// It counts what its protocol makes of a text, too, and so may refuse what has less than 64 KiB.
#[tokio::test]
async fn a_message_that_is_too_long_for_storage_is_refused_as_that() {
    let spoiled = Spoiled::start().await;
    let message = spoiled.ok("POST", MESSAGES, "1").await;
    let path = format!("{MESSAGES}/{}", message["message_id"].as_str().unwrap());
    let change = json!({ "pop_receipt": message["pop_receipt"], "content": 2 });
    for (method, path, body, target) in [
        ("POST", MESSAGES, "2", "body"),
        ("PUT", &*path, &*change.to_string(), "content"),
    ] {
        let rule = Rule {
            fate: Fate::TooLarge,
            ..of(method, "/messages")
        };
        let reply = spoiled.send(rule, method, path, body).await;
        let (code, at, _) = reply.problem();
        assert_eq!((reply.status, &*code), (413, "BodyTooLarge"), "{method}");
        assert_eq!(at.as_deref(), Some(target));
    }
    let seen = spoiled.seen().await;
    assert_eq!(seen.unwrap()["message_content"], 1);
}

/// A URL takes no more than so much, and no receipt needs as much.
#[tokio::test]
async fn what_cannot_be_a_receipt_is_not_asked_for() {
    let spoiled = Spoiled::start().await;
    let message = spoiled.ok("POST", MESSAGES, "1").await;
    let path = format!("{MESSAGES}/{}", message["message_id"].as_str().unwrap());
    for receipt in ["x".repeat(20_000), "x".repeat(1_000_000), "\n".repeat(9)] {
        let body = json!({ "pop_receipt": receipt, "content": 2 }).to_string();
        let reply = spoiled.send(NOTHING, "PUT", &path, &body).await;
        assert_eq!((reply.status, &*code(&reply)), (409, "StaleReceipt"));
    }
    let seen = spoiled.seen().await;
    assert_eq!(seen.unwrap()["message_content"], 1);
}
