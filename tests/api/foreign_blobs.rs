//! Blobs that this service did not write: R0's results, and strangers' files.

use serde_json::json;

use crate::helpers::app::spawn_app_over;

const ID: &str = "6f1c2b3e-1d2c-4b3a-8f4e-000000000007";

#[tokio::test]
async fn a_result_that_r0_left_is_served_and_consumed() {
    for body in [
        r#"{"number":24,"calculation_result":"46368"}"#,
        r#"{"number": 24, "calculation_result": "46368"}"#,
    ] {
        let app = spawn_app_over(&[(ID, body)]).await;
        let expected = json!({"number": 24, "calculation_result": "46368"});
        assert_eq!(app.client.result(ID).await.json(), expected);
        assert_eq!(app.client.monitor(ID).await.json()["status"], "Succeeded");
        assert_eq!(
            app.client.fetch(ID).await.text(),
            format!(r#"{{"task_id":"{ID}","number":24,"calculation_result":"46368"}}"#)
        );
        assert_eq!(app.client.fetch(ID).await.status, 404);
    }
}

#[tokio::test]
async fn a_blob_that_is_no_record_is_a_defect_that_shows_nothing() {
    for body in [
        r#"{"s3cret":1}"#,
        "s3cret",
        "",
        "[]",
        r#"{"schema":1,"s3cret":1}"#,
        r#"{"schema":1,"id":"6f1c2b3e-1d2c-4b3a-8f4e-000000000007","kind":"s3cret","status":"succeeded",
            "created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","attempts":1}"#,
    ] {
        let app = spawn_app_over(&[(ID, body)]).await;
        for reply in [
            app.client.fetch(ID).await,
            app.client.monitor(ID).await,
            app.client.result(ID).await,
        ] {
            assert_eq!(reply.status, 500, "{body}: {}", reply.text());
            assert_eq!(reply.problem().0, "InternalError");
            for internal in ["s3cret", "column", "schema", "sqlite", "record"] {
                assert!(!reply.text().contains(internal), "{}", reply.text());
            }
        }
    }
}

#[tokio::test]
async fn a_blob_whose_name_is_no_id_cannot_be_reached() {
    let app = spawn_app_over(&[("notes.txt", r#"{"number":1,"calculation_result":"1"}"#)]).await;
    assert_eq!(
        app.client.fetch("notes.txt").await.json(),
        json!({"task_id": "notes.txt"})
    );
    assert_eq!(app.client.result("notes.txt").await.status, 404);
}
