//! `/api/dead-letters` (key): what failed, on each deployment.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::helpers::app::spawn_app;
use crate::helpers::client::Client;
use crate::helpers::deployment::{Deployment, Setting};
use crate::helpers::eventually::eventually;
use crate::helpers::reply::Reply;

const SETTINGS: [Setting; 3] = [Setting::Embedded, Setting::Azurite, Setting::Hosted];

/// Fails for good unless its input is mended.
const KINDS: &str = r#"
[[kind]]
name = "invoices"
command = ["sh", "-c", "grep -q mended || exit 66; echo '\"done\"'"]
attempts = 1
"#;

async fn start(setting: Setting) -> (Deployment, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kinds.toml");
    fs::write(&file, KINDS).unwrap();
    let path = std::env::var("PATH").unwrap();
    let settings = [("PATH", &*path), ("KINDS_FILE", file.to_str().unwrap())];
    (Deployment::start(setting, &settings).await, folder)
}

async fn failed(client: &Client, customer: &str) -> String {
    let body = json!({ "kind": "invoices", "input": { "customer": customer }, "labels": ["month-end", customer] });
    let id = client.run(&body.to_string()).await;
    assert_eq!(client.monitor(&id).await.json()["status"], "Failed");
    id
}

async fn post(client: &Client, path: &str, body: &str) -> Reply {
    let request = client
        .keyed("POST", path)
        .header("content-type", "application/json");
    client.send(request.body(body.to_owned())).await
}

async fn ids(client: &Client, query: &str) -> Vec<String> {
    let page = client
        .get_keyed(&format!("/api/dead-letters?{query}"))
        .await;
    assert_eq!(page.status, 200, "{}", page.text());
    let page = page.json();
    let letters = page["value"].as_array().unwrap().iter();
    letters
        .map(|letter| letter["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn what_failed_is_listed_looked_at_and_replayed() {
    for setting in SETTINGS {
        let (deployment, _folder) = start(setting).await;
        let client = &deployment.client;
        client.run(r#"{"number": 24}"#).await;
        let (ada, bob) = (failed(client, "Ada").await, failed(client, "Bob").await);

        assert_eq!(ids(client, "").await, [&*bob, &*ada], "{setting:?}");
        assert_eq!(ids(client, "kind=invoices&text=Ada").await, [&*ada]);
        assert_eq!(ids(client, "label=month-end").await.len(), 2);
        assert_eq!(ids(client, "label=month-end&label=Ada").await, [&*ada]);
        assert_eq!(
            ids(
                client,
                "errorCode=CommandFailed&failedAfter=2026-01-01T00:00:00Z"
            )
            .await
            .len(),
            2
        );
        assert!(
            ids(client, "failedBefore=2026-01-01T00:00:00Z")
                .await
                .is_empty()
        );
        let page = client.get_keyed("/api/dead-letters?top=1").await.json();
        let next = page["nextLink"].as_str().unwrap();
        let page = client.get_keyed(deployment.path_of(next)).await.json();
        assert_eq!(page["value"][0]["id"], *ada);

        let letter = client
            .get_keyed(&format!("/api/dead-letters/{ada}"))
            .await
            .json();
        assert_eq!(letter["reason"], "TaskFailed");
        assert_eq!(letter["labels"], json!(["month-end", "Ada"]));
        assert_eq!(letter["error"]["code"], "CommandFailed");
        assert_eq!(
            (&letter["attempts"], &letter["input"]),
            (&json!(1), &json!({ "customer": "Ada" }))
        );

        let path = format!("/api/dead-letters/{ada}:replay");
        let reply = post(client, &path, r#"{"input": {"mended": true}}"#).await;
        assert_eq!(reply.status, 202, "{setting:?}: {}", reply.text());
        assert!(reply.header("operation-location").unwrap().ends_with(&ada));
        assert_eq!(client.ended(&ada).await.json(), "done");
        assert_eq!(ids(client, "").await, [&*bob]);
        let again = post(client, &path, "").await;
        assert_eq!(
            (again.status, again.problem().0.as_str()),
            (409, "Conflict")
        );
    }
}

#[tokio::test]
async fn many_are_replayed_and_deleted_by_a_filter() {
    for setting in SETTINGS {
        let (deployment, _folder) = start(setting).await;
        let client = &deployment.client;
        for customer in ["Ada", "Ada", "Bob"] {
            failed(client, customer).await;
        }
        let count = async |method: &str, path: &str| {
            let request = client.keyed(method, &format!("{path}&dryRun=true"));
            let reply = client.send(request).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
            reply.json()["count"].clone()
        };
        assert_eq!(count("POST", "/api/dead-letters:replay?text=Ada").await, 2);
        assert_eq!(count("DELETE", "/api/dead-letters?all=true").await, 3);
        assert_eq!(ids(client, "").await.len(), 3);

        let done = async |reply: Reply| -> Value {
            assert_eq!(reply.status, 202, "{setting:?}: {}", reply.text());
            let id = reply.header("operation-id").unwrap().to_owned();
            client.ended(&id).await.json()
        };
        let replay = post(client, "/api/dead-letters:replay?text=Ada", "").await;
        assert_eq!(done(replay).await, json!({ "replayed": 2, "failed": 0 }));
        // They fail again, and are there again.
        eventually("both have failed again", async || {
            (ids(client, "").await.len() == 3).then_some(())
        })
        .await;
        let delete = client.keyed("DELETE", "/api/dead-letters?all=true");
        let delete = client.send(delete).await;
        assert_eq!(done(delete).await, json!({ "deleted": 3, "failed": 0 }));
        assert!(ids(client, "").await.is_empty());
    }
}

#[tokio::test]
async fn they_take_a_key() {
    let app = spawn_app();
    let id = app.client.run(r#"{"kind": "hopeless", "input": 0}"#).await;
    for (method, path) in [
        ("GET", "/api/dead-letters".to_owned()),
        ("DELETE", "/api/dead-letters?all=true".to_owned()),
        ("POST", "/api/dead-letters:replay?all=true".to_owned()),
        ("GET", format!("/api/dead-letters/{id}")),
        ("POST", format!("/api/dead-letters/{id}:replay")),
    ] {
        let reply = app.client.send(app.client.request(method, &path)).await;
        assert_eq!(reply.status, 401, "{method} {path}");
    }
    assert_eq!(app.client.monitor(&id).await.json()["status"], "Failed");
}

#[tokio::test]
async fn bad_requests_name_what_is_wrong() {
    let app = spawn_app();
    let id = app
        .client
        .run(
            r#"{"kind": "flaky", "input": {"failures": 99}}"#.replace("flaky", "hopeless").as_str(),
        )
        .await;
    let replay = format!("/api/dead-letters/{id}:replay");
    for (path, body, status, code, target) in [
        (
            "/api/dead-letters:replay",
            "",
            422,
            "InvalidAll",
            Some("all"),
        ),
        (
            "/api/dead-letters:replay?knid=a",
            "",
            422,
            "UnknownParameter",
            Some("knid"),
        ),
        (&*replay, "{}", 422, "MissingInput", Some("input")),
        (&*replay, "[]", 400, "InvalidBody", Some("body")),
        (
            &*replay,
            r#"{"input": 1, "x": 2}"#,
            422,
            "UnknownField",
            Some("x"),
        ),
        ("/api/dead-letters/x:replay", "", 404, "NotFound", None),
        (
            "/api/dead-letters/6f1c2b3e-0000-4000-8000-000000000007:replay",
            "",
            404,
            "NotFound",
            None,
        ),
    ] {
        let reply = post(&app.client, path, body).await;
        assert_eq!(
            (reply.status, reply.problem().0.as_str()),
            (status, code),
            "{path} {body}"
        );
        let problem = reply.json();
        assert_eq!(problem["error"]["target"].as_str(), target, "{path} {body}");
    }
    let token = app
        .client
        .get_keyed("/api/dead-letters?continuationToken=x")
        .await;
    assert_eq!(
        (token.status, token.problem().0.as_str()),
        (400, "InvalidContinuationToken")
    );
}
