//! `DELETE /api/operations/{id}`: a record that its client is done with.

use crate::helpers::app::{App, spawn_app, spawn_busy_app};
use crate::helpers::eventually::eventually;
use crate::helpers::reply::Reply;

async fn delete(app: &App, id: &str) -> Reply {
    let path = format!("/api/operations/{id}");
    app.client.send(app.client.request("DELETE", &path)).await
}

#[tokio::test]
async fn what_has_ended_is_deleted_once() {
    let app = spawn_app();
    for body in [r#"{"number": 24}"#, r#"{"kind": "hopeless", "input": 0}"#] {
        let id = app.client.run(body).await;
        assert_eq!(
            delete(&app, &id).await.transcript(),
            "204\ncache-control: no-store\n\n"
        );
        let again = delete(&app, &id).await;
        assert_eq!(
            (again.status, again.problem().0.as_str()),
            (404, "NotFound")
        );
        assert_eq!(app.client.monitor(&id).await.status, 404);
        assert_eq!(app.client.fetch(&id).await.status, 404);
    }
}

#[tokio::test]
async fn what_has_not_ended_is_not_deleted() {
    let (app, before) = spawn_busy_app().await;
    let id = app
        .client
        .accepted(r#"{"kind": "waits", "input": 0}"#)
        .await;
    for status in ["NotStarted", "Running"] {
        eventually(status, async || {
            let monitor = app.client.monitor(&id).await.json();
            (monitor["status"] == status).then_some(())
        })
        .await;
        let reply = delete(&app, &id).await;
        assert_eq!(
            (reply.status, reply.problem().0.as_str()),
            (409, "Conflict")
        );
        assert_eq!(reply.header("retry-after"), Some("1"));
        app.client.cancel(&before).await;
    }
    app.kinds.open_gate();
    assert_eq!(app.client.ended(&id).await.status, 200);
    assert_eq!(delete(&app, &id).await.status, 204);
}

#[tokio::test]
async fn what_is_no_id_is_not_there() {
    let app = spawn_app();
    assert_eq!(delete(&app, "x").await.status, 404);
}
