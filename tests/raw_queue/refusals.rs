//! What is refused: parameters and bodies, a service without such a queue, and a start with one that is none.

use serde_json::{Value, json};

use super::{MESSAGES, Raw, in_every_deployment};
use crate::helpers::app::{App, spawn_app, spawn_app_with};
use crate::helpers::client::Client;
use crate::helpers::deployment::Setting;
use crate::helpers::handler::Handler;
use crate::helpers::queues;
use crate::helpers::reply::Reply;

in_every_deployment! {
    a_parameter_out_of_its_range_is_named,
    a_body_that_cannot_be_meant_is_refused,
}

const ID: &str = "2125c723-cfa8-4f31-8e0e-c67e32edea77";

fn spawn() -> App {
    spawn_app_with(|config| config.raw_queue = Some(queues::name("own-messages")))
}

async fn send(client: &Client, method: &str, path: &str, body: &str) -> Reply {
    let request = client.keyed(method, path).body(body.to_owned());
    client.send(request).await
}

async fn a_parameter_out_of_its_range_is_named(setting: Setting) {
    let raw = Raw::start(setting).await;
    let client = &raw.deployment.client;
    for (method, path, target) in [
        ("POST", "?visibility_timeout=-1", "visibility_timeout"),
        ("POST", "?visibility_timeout=604801", "visibility_timeout"),
        ("POST", "?visibility_timeout=soon", "visibility_timeout"),
        ("POST", "?time_to_live=0", "time_to_live"),
        ("POST", "?time_to_live=-2", "time_to_live"),
        ("POST", "?time_to_live=1.5", "time_to_live"),
        (
            "POST",
            "?time_to_live=60&visibility_timeout=60",
            "visibility_timeout",
        ),
        ("POST", "?ttl=60", "ttl"),
        ("GET", "?messages_per_page=0", "messages_per_page"),
        (
            "GET",
            "?messages_per_page=33&max_messages=33",
            "messages_per_page",
        ),
        ("GET", "?visibility_timeout=0", "visibility_timeout"),
        ("GET", "?visibility_timeout=abc", "visibility_timeout"),
        ("GET", "?max_messages=1001", "max_messages"),
        // R1's own rule, a 500 there.
        ("GET", "?max_messages=4", "max_messages"),
        ("GET", "?max_message=4", "max_message"),
        ("POST", "/lease?max_messages=4", "max_messages"),
        ("GET", "/peek?max_messages=33", "max_messages"),
        ("GET", "/peek?max_messages=0", "max_messages"),
        ("GET", "/peek?queue=nobodys", "queue"),
        ("GET", "/pop?queue=tasks", "queue"),
        ("POST", "/pop?max_messages=2", "max_messages"),
        ("DELETE", "?queue=tasks", "queue"),
    ] {
        let reply = send(client, method, &format!("{MESSAGES}{path}"), "1").await;
        assert_eq!(reply.status, 422, "{path}: {}", reply.text());
        assert_eq!(reply.problem().1.as_deref(), Some(target), "{path}");
    }
    let reply = send(
        client,
        "GET",
        &format!("{MESSAGES}/peek?max_messages=0"),
        "",
    )
    .await;
    assert_eq!(reply.problem().0, "InvalidMaxMessages");
    let reply = send(client, "GET", "/api/queue/length?queue=nobodys", "").await;
    assert_eq!(
        (reply.status, reply.problem().1.as_deref()),
        (422, Some("queue"))
    );
    // A host makes one of two.
    if setting != Setting::Hosted {
        let twice = send(
            client,
            "GET",
            &format!("{MESSAGES}/peek?queue=a&queue=b"),
            "",
        )
        .await;
        let refused = (400, "DuplicateParameter");
        assert_eq!((twice.status, &*twice.problem().0), refused);
    }
    let length = send(client, "GET", "/api/queue/length", "").await;
    assert_eq!(length.json(), json!({ "queue": raw.queue, "length": 0 }));
}

async fn a_body_that_cannot_be_meant_is_refused(setting: Setting) {
    let raw = Raw::start(setting).await;
    let client = &raw.deployment.client;
    let put = format!("{MESSAGES}/{ID}");
    let long = format!("\"{}\"", "x".repeat(64 * 1024));
    let change = format!(r#"{{"pop_receipt": "r", "content": {long}}}"#);
    for (method, path, body, status, target) in [
        ("POST", MESSAGES, "", 400, "body"),
        ("POST", MESSAGES, "{", 400, "body"),
        ("POST", MESSAGES, "first_name='Ada'", 400, "body"),
        ("POST", MESSAGES, &*long, 413, "body"),
        ("PUT", &*put, "", 400, "body"),
        ("PUT", &*put, "{", 400, "body"),
        ("PUT", &*put, "[]", 400, "body"),
        ("PUT", &*put, "{}", 422, "pop_receipt"),
        ("PUT", &*put, r#"{"content": 1}"#, 422, "pop_receipt"),
        (
            "PUT",
            &*put,
            r#"{"pop_receipt": "r", "visibility_timeout": -1}"#,
            422,
            "visibility_timeout",
        ),
        // What R1's own Postman collection sends.
        ("PUT", &*put, r#"{"Name": "Ernst"}"#, 422, "Name"),
        ("PUT", &*put, &*change, 413, "content"),
    ] {
        let reply = send(client, method, path, body).await;
        assert_eq!(reply.status, status, "{body:.40}: {}", reply.text());
        assert_eq!(reply.problem().1.as_deref(), Some(target), "{body:.40}");
    }
    let longest = format!("\"{}\"", "x".repeat(64 * 1024 - 2));
    assert_eq!(send(client, "POST", MESSAGES, &longest).await.status, 200);
}

#[tokio::test]
async fn one_message_is_neither_read_nor_deleted_by_its_id() {
    let app = spawn();
    for method in ["GET", "DELETE", "POST"] {
        let reply = send(&app.client, method, &format!("{MESSAGES}/{ID}"), "").await;
        assert_eq!(reply.status, 405, "{method}");
        assert_eq!(reply.header("allow"), Some("PUT"));
    }
    for path in ["/api/queue", "/api/queue/x"] {
        assert_eq!(
            send(&app.client, "GET", path, "").await.status,
            404,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_service_without_a_raw_queue_says_which_setting_is_missing() {
    let app = spawn_app();
    let change = json!({ "pop_receipt": "r" }).to_string();
    for (method, path, body) in [
        ("POST", MESSAGES, "1"),
        ("GET", MESSAGES, ""),
        ("DELETE", MESSAGES, ""),
        ("POST", &format!("{MESSAGES}/lease"), ""),
        ("GET", &format!("{MESSAGES}/pop"), ""),
        ("POST", &format!("{MESSAGES}/pop"), ""),
        ("GET", &format!("{MESSAGES}/peek"), ""),
        ("PUT", &format!("{MESSAGES}/{ID}"), &*change),
        ("GET", "/api/queue/length", ""),
    ] {
        let reply = send(&app.client, method, path, body).await;
        assert_eq!(reply.status, 404, "{method} {path}");
        let (code, _, message) = reply.problem();
        assert_eq!(code, "NoRawQueue", "{method} {path}");
        assert!(message.contains("RAW_QUEUE_NAME"), "{message}");
    }
}

/// The names of queues of tasks and of their dead letters: the main one, and that of a kind.
#[tokio::test]
async fn a_queue_of_tasks_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = "[[kind]]\nname = \"apart\"\ncommand = [\"cat\"]\nqueue = \"slow-work\"\n";
    std::fs::write(folder.path().join("kinds.toml"), kinds).unwrap();
    for name in [
        "background-tasks",
        "background-tasks-poison",
        "slow-work",
        "slow-work-poison",
    ] {
        let settings = [("RAW_QUEUE_NAME", name), ("KINDS_FILE", "kinds.toml")];
        let flags = ["--bind-address", "127.0.0.1:0"];
        let ended = Handler::start_with(folder.path(), &settings, &flags)
            .ended()
            .await;
        let expected = format!(
            "RAW_QUEUE_NAME is {name}, which is a queue of tasks, or of their dead letters"
        );
        assert!(ended.stdout.contains(&expected), "{}", ended.stdout);
        assert_eq!(ended.code, Some(2), "{name}");
    }
}

/// What is read again is the same when storage holds nothing: a look costs one call, and a refusal none.
#[tokio::test]
async fn a_refused_request_asks_nothing_of_storage() {
    let app = spawn();
    let calls = async || {
        let metrics = app.client.get_keyed("/api/metrics").await;
        let lines = metrics.text().lines();
        let of_queues = lines.filter(|line| {
            line.starts_with("storage_operations_total")
                && ["send", "receive", "update", "delete_message", "clear"]
                    .iter()
                    .any(|name| line.contains(name))
        });
        of_queues
            .filter(|line| !line.contains("receive_messages"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let before = calls().await;
    assert!(!before.is_empty());
    for (method, path, body) in [
        ("POST", "?time_to_live=0", "1"),
        ("POST", "", "{"),
        ("PUT", "/..", r#"{"pop_receipt": "r"}"#),
        ("PUT", &format!("/{ID}"), "{}"),
        ("DELETE", "?all=true", ""),
    ] {
        let reply = send(&app.client, method, &format!("{MESSAGES}{path}"), body).await;
        assert!(reply.status >= 400, "{path}");
    }
    assert_eq!(calls().await, before);
    let created: Value = send(&app.client, "POST", MESSAGES, "1").await.json();
    assert_eq!(created["dequeue_count"], 0);
    assert_ne!(calls().await, before);
}
