//! Submit, work and fetch, through the host's HTTP side and its queue trigger.

use hyper::Method;
use serde_json::json;
use uuid::Uuid;

use super::{Hosted, json, options};
use crate::helpers::azurite::azurite;
use crate::host::{Level, Payload};

#[tokio::test]
async fn a_client_of_r0_gets_its_number() {
    let hosted = Hosted::start().await;
    let accepted = hosted.post("/api/tasks", r#"{"number": 24}"#).await;
    assert_eq!(accepted.status, 202);
    let body = json(&accepted);
    let id = body["id"].as_str().unwrap();
    assert_eq!(body, json!({ "id": id, "number": 24 }));
    let monitor = format!("http://tasks.example:7071/api/operations/{id}");
    assert_eq!(accepted.header("location"), format!("{monitor}/result"));
    assert_eq!(accepted.header("operation-location"), monitor);

    let ended = hosted.ended(id).await;
    assert_eq!(
        (&ended["status"], &ended["attempts"]),
        (&json!("Succeeded"), &json!(1))
    );
    assert_eq!(
        hosted
            .get(&format!("/api/operations/{id}/result"))
            .await
            .status,
        200
    );

    let path = format!("/api/tasks/{id}");
    let looked = hosted.send(Method::HEAD, &path, Payload::Empty).await;
    assert_eq!((looked.status.as_u16(), looked.body.len()), (200, 0));
    let fetched = hosted.get(&path).await;
    assert_eq!(fetched.status, 200);
    assert_eq!(
        json(&fetched),
        json!({ "task_id": id, "number": 24, "calculation_result": "46368" })
    );
    let gone = hosted.get(&path).await;
    assert_eq!(
        (gone.status.as_u16(), json(&gone)),
        (404, json!({ "task_id": id }))
    );
    assert_eq!(gone.header("link"), "");
    hosted.queue.settles_at(0).await;

    let logs = hosted.host.logs().entries();
    let errors: Vec<_> = logs
        .iter()
        .filter(|line| line.level == Level::Error)
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[tokio::test]
async fn a_result_of_two_megabytes_comes_through_whole() {
    let hosted = Hosted::start().await;
    let id = hosted.submit("10000000").await;
    assert_eq!(hosted.ended(&id).await["status"], "Succeeded");
    let fetched = json(&hosted.get(&format!("/api/tasks/{id}")).await);
    let digits = fetched["calculation_result"].as_str().unwrap();
    // F(10,000,000): 2,089,877 digits, the last ten by arithmetic modulo 10^10.
    assert_eq!(digits.len(), 2_089_877);
    assert!(digits.starts_with("1129834378") && digits.ends_with("6380546875"));
}

#[tokio::test]
async fn many_tasks_at_once_all_end_right() {
    let hosted = Hosted::start().await;
    let submitted = (0..60).map(|n| {
        let hosted = &hosted;
        async move { (n, hosted.submit(&n.to_string()).await) }
    });
    let (mut f, mut next) = (0_u64, 1_u64);
    for (n, id) in futures_util::future::join_all(submitted).await {
        let ended = hosted.ended(&id).await;
        assert_eq!(
            ended["result"],
            json!({ "number": n, "calculation_result": f.to_string() })
        );
        (f, next) = (next, f + next);
    }
    hosted.queue.settles_at(0).await;
}

#[tokio::test]
async fn a_message_of_r0_is_worked_without_a_record() {
    let hosted = Hosted::start().await;
    for encode in [str::to_owned, |text: &str| {
        use base64::Engine;
        base64::prelude::BASE64_STANDARD.encode(text)
    }] {
        let id = Uuid::new_v4().to_string();
        hosted
            .queue
            .send(&encode(&format!(r#"{{"id": "{id}", "number": "-7"}}"#)))
            .await
            .unwrap();
        assert_eq!(hosted.ended(&id).await["status"], "Succeeded");
        assert_eq!(
            json(&hosted.get(&format!("/api/tasks/{id}")).await),
            json!({ "task_id": id, "number": "-7", "calculation_result": "13" })
        );
    }
}

#[tokio::test]
async fn errors_reach_the_client_as_they_are() {
    let hosted = Hosted::start().await;
    let refused = hosted.post("/api/tasks", r#"{"number": 24.0}"#).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(refused.header("x-ms-error-code"), "InvalidNumber");
    assert_eq!(json(&refused)["error"]["target"], "number");
    // The host forwards no chunked body: it arrives empty, and is refused as such.
    let chunked = Payload::Chunked(r#"{"number": 24}"#.into());
    let empty = hosted.send(Method::POST, "/api/tasks", chunked).await;
    assert_eq!(
        (empty.status.as_u16(), empty.header("x-ms-error-code")),
        (400, "EmptyBody")
    );
    assert_eq!(hosted.queue.len().await.unwrap(), 0);
}

#[tokio::test]
async fn the_host_guards_the_keyed_route_and_health_is_open() {
    let (options, queue) = options(&azurite().connection_string());
    let hosted = Hosted::start_with(options.enable_auth("secret"), queue).await;
    assert_eq!(hosted.get("/api/metrics").await.status, 401);
    let metrics = hosted.get("/api/metrics?code=secret").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.body.starts_with(b"# HELP"));
    let health = json(&hosted.get("/api/health").await);
    assert_eq!(
        (&health["mode"], &health["storage"]),
        (&json!("hosted"), &json!("azure"))
    );
}

#[tokio::test]
async fn nobody_outside_reaches_a_trigger() {
    let hosted = Hosted::start().await;
    for path in [
        "/queue_worker",
        "/api/queue_worker",
        "/timer_worker",
        "/api/../queue_worker",
    ] {
        let answer = hosted
            .post(path, r#"{"Data":{"message":"x"},"Metadata":{}}"#)
            .await;
        assert_eq!(answer.status, 404, "{path}");
    }
    let calls = hosted.host.finished("timer_worker", 1).await;
    assert_eq!(calls.len(), 1, "only the host's own run at start-up");
}
