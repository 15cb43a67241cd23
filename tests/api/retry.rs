//! `POST /api/operations/{id}:retry` (key): a failed task runs again.

use ports::Secret;

use crate::helpers::app::{App, spawn_app, spawn_app_with};
use crate::helpers::eventually::eventually;
use crate::helpers::reply::Reply;

const HOPELESS: &str = r#"{"kind": "hopeless", "input": 0}"#;

async fn retry(app: &App, id: &str) -> Reply {
    let path = format!("/api/operations/{id}:retry");
    app.client.send(app.client.keyed("POST", &path)).await
}

#[tokio::test]
async fn a_failed_task_runs_again_under_its_id() {
    let app = spawn_app();
    let id = app.client.run(HOPELESS).await;
    for attempts in 2..=3 {
        let reply = retry(&app, &id).await;
        assert_eq!(
            reply.transcript().replace(&(attempts - 1).to_string(), "n"),
            format!(
                "\
202
cache-control: no-store
content-type: application/json
etag: \"{{etag}}\"
location: {{base}}/api/operations/{{id}}/result
operation-id: {{id}}
operation-location: {{base}}/api/operations/{{id}}
retry-after: 1

{{\"id\":\"{{id}}\",\"kind\":\"hopeless\",\"status\":\"NotStarted\",\"createdDateTime\":\"{{time}}\",\
                 \"lastActionDateTime\":\"{{time}}\",\"attempts\":{}}}",
                attempts - 1
            )
            .replace(&(attempts - 1).to_string(), "n")
        );
        let monitor = eventually("it has failed again", async || {
            let monitor = app.client.monitor(&id).await.json();
            (monitor["attempts"] == attempts).then_some(monitor)
        })
        .await;
        assert_eq!(monitor["status"], "Failed");
        assert_eq!(monitor["error"]["code"], "NoHope");
    }
}

#[tokio::test]
async fn a_task_that_has_not_failed_is_not_retried() {
    let app = spawn_app();
    let waiting = app
        .client
        .accepted(r#"{"kind": "waits", "input": 0}"#)
        .await;
    let succeeded = app.client.run(r#"{"number": 24}"#).await;
    // What has not ended may fail yet.
    for (id, retry_after) in [(&waiting, Some("1")), (&succeeded, None)] {
        let reply = retry(&app, id).await;
        assert_eq!(
            (reply.status, reply.problem().0.as_str()),
            (409, "Conflict")
        );
        assert_eq!(reply.header("retry-after"), retry_after);
    }
    let path = format!("/api/operations/{waiting}:cancel");
    app.client.send(app.client.request("POST", &path)).await;
    let canceled = retry(&app, &waiting).await;
    assert_eq!(
        (canceled.status, canceled.header("retry-after")),
        (409, None)
    );
    assert_eq!(app.client.result(&succeeded).await.status, 200);
}

#[tokio::test]
async fn what_is_not_there_is_not_retried() {
    let app = spawn_app();
    for id in ["6f1c2b3e-0000-4000-8000-000000000007", "x"] {
        assert_eq!(retry(&app, id).await.status, 404);
    }
}

#[tokio::test]
async fn it_takes_a_key_and_cancel_and_delete_do_not() {
    let app = spawn_app_with(|config| config.api_keys = vec![Secret::new("s3cret")]);
    let id = app.client.run(HOPELESS).await;
    let refused = retry(&app, &id).await;
    assert_eq!(
        (refused.status, refused.problem().0.as_str()),
        (401, "InvalidKey")
    );
    let request = |method: &str, path: String| app.client.request(method, &path);
    let path = format!("/api/operations/{id}:retry?code=s3cret");
    assert_eq!(app.client.send(request("POST", path)).await.status, 202);
    app.client.ended(&id).await;
    let cancel = request("POST", format!("/api/operations/{id}:cancel"));
    assert_eq!(app.client.send(cancel).await.status, 200);
    let delete = request("DELETE", format!("/api/operations/{id}"));
    assert_eq!(app.client.send(delete).await.status, 204);
}
