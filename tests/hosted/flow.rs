//! Submit, work and fetch, through the host's HTTP side and its queue trigger.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use functions_host::{HostVersion, Level, Payload};
use hyper::Method;
use serde_json::json;
use uuid::Uuid;

use super::{Hosted, json, options};
use crate::helpers::azurite::azurite;

#[tokio::test]
async fn a_client_of_r0_gets_its_number() {
    for version in HostVersion::ALL {
        converse(&Hosted::start_under(version).await).await;
    }
}

/// Everything that R0's clients do, and what the headers lead to.
pub(super) async fn converse(hosted: &Hosted) {
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
    for version in HostVersion::ALL {
        fetch_two_megabytes(&Hosted::start_under(version).await).await;
    }
}

async fn fetch_two_megabytes(hosted: &Hosted) {
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
    let base64 = |text: &str| BASE64_STANDARD.encode(text);
    let in_lines = |text: &str| {
        let letters = base64(text);
        let (line, more) = letters.split_at(76);
        format!("{line}\r\n{more}\r\n")
    };
    let encodings: [&dyn Fn(&str) -> String; 6] = [
        &str::to_owned,
        &base64,
        &in_lines,
        &|text| base64(text).trim_end_matches('=').to_owned(),
        &|text| format!("\u{feff}{text}"),
        &|text| json!(text).to_string(),
    ];
    for encode in encodings {
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
    assert_eq!(hosted.queue.length().await.unwrap(), 0);
}

#[tokio::test]
async fn a_chunked_upload_is_accepted_where_the_host_lets_it_through() {
    for (version, status) in [(HostVersion::Rebuilding, 500), (HostVersion::Proxying, 202)] {
        let hosted = Hosted::start_under(version).await;
        let chunked = Payload::Chunked(r#"{"number": 24}"#.into());
        let answer = hosted.send(Method::POST, "/api/tasks", chunked).await;
        assert_eq!(answer.status, status);
        if status == 202 {
            let id = json(&answer)["id"].as_str().unwrap().to_owned();
            assert_eq!(hosted.ended(&id).await["status"], "Succeeded");
        }
        // One that is too large has its answer, though it is refused while it is sent.
        let large = Payload::Chunked(vec![b' '; 9 * 1024 * 1024].into());
        let refused = hosted.send(Method::POST, "/api/tasks", large).await;
        assert_eq!(refused.status, if status == 202 { 413 } else { 500 });
    }
}

#[tokio::test]
async fn an_id_with_an_encoded_slash_is_unknown_like_others() {
    for version in HostVersion::ALL {
        let hosted = Hosted::start_under(version).await;
        for id in ["a%2Fb", "a%25b", "a%3Fb", "%23", "%20"] {
            let absent = hosted.get(&format!("/api/tasks/{id}")).await;
            // The one host cuts the path off there, and what is left knows no `GET`.
            let is_cut_off = id == "%23" && version == HostVersion::Rebuilding;
            assert_eq!(absent.status, if is_cut_off { 405 } else { 404 }, "{id}");
            let unknown = hosted.get(&format!("/api/operations/{id}")).await;
            assert_eq!(unknown.status, 404, "{id}");
        }
    }
}

#[tokio::test]
async fn who_waits_under_the_host_gets_the_result_with_the_submission() {
    for version in HostVersion::ALL {
        let hosted = Hosted::start_under(version).await;
        let waited = hosted
            .submit_with(&[("prefer", "wait=30")], r#"{"number": 24}"#)
            .await;
        assert_eq!(waited.status, 200);
        assert_eq!(json(&waited)["calculation_result"], "46368");
        assert_eq!(waited.header("preference-applied"), "wait=30");
    }
}

#[tokio::test]
async fn the_host_guards_the_keyed_route_and_health_is_open() {
    for version in HostVersion::ALL {
        let (options, queue) = options(&azurite().connection_string());
        let options = options.version(version).enable_auth("secret");
        knock(&Hosted::start_with(options, queue).await).await;
    }
}

async fn knock(hosted: &Hosted) {
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
