//! Tasks that a newer version of the service has written: this one cannot tell of them, and another
//! process can.

use crate::helpers::app::spawn_app_over;

const ID: &str = "6f1c2b3e-1d2c-4b3a-8f4e-000000000007";

const BODIES: [&str; 3] = [
    r#"{"schema":99,"s3cret":1}"#,
    r#"{"schema":2,"id":"6f1c2b3e-1d2c-4b3a-8f4e-000000000007","kind":"s3cret","status":"queued",
        "created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","attempts":1}"#,
    r#"{"schema":1,"id":"6f1c2b3e-1d2c-4b3a-8f4e-000000000007","kind":"s3cret","status":"paused",
        "created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","attempts":1}"#,
];

#[tokio::test]
async fn a_task_of_a_newer_version_is_for_later_and_shows_nothing() {
    for body in BODIES {
        let app = spawn_app_over(&[(ID, body)]).await;
        let operations = format!("/api/operations/{ID}");
        let cancel = app.client.request("POST", &format!("{operations}:cancel"));
        let delete = app.client.request("DELETE", &operations);
        for reply in [
            app.client.fetch(ID).await,
            app.client.monitor(ID).await,
            app.client.result(ID).await,
            app.client.send(cancel).await,
            app.client.send(delete).await,
        ] {
            assert_eq!(reply.status, 503, "{body}: {}", reply.text());
            assert_eq!(reply.problem().0, "NewerVersion");
            assert_eq!(reply.header("retry-after"), Some("5"));
            for internal in ["s3cret", "schema", "status is", "record"] {
                assert!(!reply.text().contains(internal), "{}", reply.text());
            }
        }
    }
}
