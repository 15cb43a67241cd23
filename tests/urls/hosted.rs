//! The same under the Functions host, which forwards a callback as it does any request.

use serde_json::{Value, json};

use super::service::Service;
use super::{work, write_kinds};
use crate::hosted::Hosted;

const SUCCEEDED: &str = r#"{"status": "Succeeded", "result": {"text": "street"}}"#;

async fn submit(hosted: &Hosted, kind: &str) -> String {
    let accepted = hosted.post("/api/tasks", &work(kind)).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
    let accepted: Value = serde_json::from_slice(&accepted.body).unwrap();
    accepted["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_task_under_the_functions_host_ends_by_its_reply_or_its_callback() {
    let (kinds, service) = (tempfile::tempdir().unwrap(), Service::start().await);
    let file = write_kinds(kinds.path(), &service);
    let hosted = Hosted::start_set(&[
        ("KINDS_FILE", file.to_str().unwrap()),
        ("PUBLIC_BASE_URL", "https://tasks.example"),
        ("CALLBACK_SECRET", "a key for callbacks alone"),
    ])
    .await;
    for (kind, code) in [("redirects", "Redirected"), ("html", "InvalidResult")] {
        let id = submit(&hosted, kind).await;
        assert_eq!(hosted.ended(&id).await["error"]["code"], code);
    }
    let id = submit(&hosted, "callback").await;
    let url = service.callback(&id, 1).await;
    let path = url.strip_prefix("https://tasks.example").expect(&url);
    let forged = path.replacen("token=1.", "token=2.", 1);
    assert_eq!(hosted.post(&forged, SUCCEEDED).await.status, 401);
    assert_eq!(hosted.post(path, SUCCEEDED).await.status, 200);
    assert_eq!(hosted.post(path, SUCCEEDED).await.status, 410);
    let monitor = hosted.ended(&id).await;
    assert_eq!(monitor["status"], "Succeeded", "{monitor}");
    assert_eq!(monitor["result"], json!({ "text": "street" }));

    let late = submit(&hosted, "late").await;
    let monitor = hosted.ended(&late).await;
    assert_eq!(monitor["error"]["code"], "NotCalledBack", "{monitor}");
}

#[tokio::test]
async fn without_a_key_under_the_functions_host_there_is_no_callback() {
    let (kinds, service) = (tempfile::tempdir().unwrap(), Service::start().await);
    let file = write_kinds(kinds.path(), &service);
    let hosted = Hosted::start_set(&[("KINDS_FILE", file.to_str().unwrap())]).await;
    let id = submit(&hosted, "callback").await;
    assert_eq!(hosted.ended(&id).await["error"]["code"], "NoCallback");
}
