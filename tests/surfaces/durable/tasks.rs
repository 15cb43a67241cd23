//! An instance is a task: what clients do to tasks, they do to instances.

use serde_json::json;

use super::{everywhere, is, path, started};
use crate::helpers::eventually::eventually;

#[tokio::test]
async fn a_workflow_is_submitted_waited_for_and_watched_as_any_task() {
    everywhere(async |client, _, _| {
        let waited = client.post_task().header("prefer", "wait=30");
        let waited = client
            .send(waited.body(r#"{"kind":"chain","input":3}"#))
            .await;
        assert_eq!(
            (waited.status, &waited.json()["result"]),
            (200, &json!("3"))
        );

        let once = || {
            client
                .post_task()
                .header("idempotency-key", "one")
                .body(r#"{"kind":"wait","input":1}"#)
        };
        let first = client.send(once()).await.json()["id"].clone();
        assert_eq!(client.send(once()).await.json()["id"], first);
        let id = first.as_str().unwrap();
        let told = eventually("it says how it is", async || {
            let told = client.monitor(id).await.json();
            (!told["customStatus"].is_null()).then_some(told)
        })
        .await;
        assert_eq!(told["status"], "Running");
        assert_eq!(
            told["customStatus"],
            json!({ "stage": "waiting", "percentComplete": 40 })
        );
        assert_eq!(told["percentComplete"], 40);
        let listed = client.get_keyed("/api/operations?kind=wait").await.json();
        assert_eq!(listed["value"][0]["id"], first);

        let canceled = client.request("POST", &format!("/api/operations/{id}:cancel"));
        assert_eq!(client.send(canceled).await.json()["status"], "Canceled");
        assert_eq!(client.ended(id).await.status, 410);
    })
    .await;
}

#[tokio::test]
async fn a_failed_instance_is_retried_as_any_task() {
    everywhere(async |client, deployment, _| {
        let uris = started(client, "bad", "\"x\"").await;
        let status = path(deployment, &uris, "statusQueryGetUri", "");
        let failed = is(client, &status, "Failed").await;
        let id = uris["id"].as_str().unwrap();
        let monitor = client.monitor(id).await.json();
        assert_eq!(monitor["error"]["code"], "Boom");
        assert_eq!(monitor["error"]["message"], failed["output"]);
        let retry = client.keyed("POST", &format!("/api/operations/{id}:retry"));
        assert_eq!(client.send(retry).await.status, 202);
        assert_eq!(client.ended(id).await.status, 424);
    })
    .await;
}
