//! What clients do with their tasks, through the host.

use functions_host::Payload;
use hyper::Method;
use serde_json::json;

use super::{Hosted, json, options};
use crate::helpers::azurite::azurite;

const BODY: &str = r#"{"number": 24}"#;

#[tokio::test]
async fn a_task_that_waits_in_the_queue_is_canceled_and_never_runs() {
    let long = "200000000";
    let hosted = Hosted::start_set(&[("WORKER_CONCURRENCY", "1"), ("MAX_NUMBER", long)]).await;
    let slow = hosted.submit(long).await;
    hosted.once(&slow, |status| status == "Running").await;
    // The only slot is taken, and this one needs it.
    let id = hosted.submit("1000000").await;
    let cancel = format!("/api/operations/{id}:cancel");
    let canceled = hosted.post(&cancel, "").await;
    assert_eq!(canceled.status, 200);
    let monitor = json(&canceled);
    assert_eq!(
        (&monitor["id"], &monitor["status"]),
        (&json!(id), &json!("Canceled"))
    );
    let cancel_slow = format!("/api/operations/{slow}:cancel");
    assert_eq!(hosted.post(&cancel_slow, "").await.status, 200);

    hosted.queue.settles_at(0).await;
    let after = hosted.get(&format!("/api/operations/{id}")).await;
    assert_eq!(json(&after)["status"], "Canceled");
    let result = hosted.get(&format!("/api/operations/{id}/result")).await;
    assert_eq!(result.status, 410);
    // The host has no such route for another method.
    assert_eq!(hosted.get(&cancel).await.status, 404);
}

#[tokio::test]
async fn a_keyed_operation_is_not_reached_through_an_open_one() {
    let (options, queue) = options(&azurite().connection_string());
    let hosted = Hosted::start_with(options.enable_auth("secret"), queue).await;
    let id = uuid::Uuid::new_v4().to_string();
    let message = format!(r#"{{"id":"{id}","number":"none"}}"#);
    hosted.queue.send(&message).await.unwrap();
    assert_eq!(hosted.ended(&id).await["status"], "Failed");
    // The host cuts what it forwards at an encoded mark.
    for mark in ["%23", "%3F"] {
        let path = format!("/api/operations/{id}:retry{mark}:cancel");
        assert_eq!(hosted.post(&path, "").await.status, 404);
        for path in [
            format!("/api/operations/{mark}"),
            format!("/api/operations/{mark}/result"),
        ] {
            let answer = hosted.get(&path).await;
            assert_eq!(
                (answer.status.as_u16(), answer.body.len()),
                (404, 0),
                "{path}"
            );
        }
    }
    assert_eq!(hosted.ended(&id).await["attempts"], 1);
}

#[tokio::test]
async fn a_task_that_ended_is_deleted() {
    let hosted = Hosted::start().await;
    let id = hosted.submit("24").await;
    hosted.ended(&id).await;
    let path = format!("/api/operations/{id}");
    let delete = || hosted.send(Method::DELETE, &path, Payload::Empty);
    assert_eq!(delete().await.status, 204);
    assert_eq!(delete().await.status, 404);
    assert_eq!(hosted.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_list_is_paged_and_its_key_is_the_hosts() {
    let (options, queue) = options(&azurite().connection_string());
    let hosted = Hosted::start_with(options.enable_auth("secret"), queue).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.insert(0, hosted.submit(&number.to_string()).await);
    }
    for path in ["/api/operations", "/api/operations/x:retry"] {
        let method = if path.ends_with("retry") {
            Method::POST
        } else {
            Method::GET
        };
        let refused = hosted.send(method, path, Payload::Empty).await;
        assert_eq!(refused.status, 401, "{path}");
    }
    let mut found = Vec::new();
    let mut path = "/api/operations?top=2".to_owned();
    loop {
        let page = hosted.get(&format!("{path}&code=secret")).await;
        assert_eq!(page.status, 200, "{page:?}");
        let page = json(&page);
        for task in page["value"].as_array().unwrap() {
            found.push(task["id"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["nextLink"].as_str() else {
            break;
        };
        let next = next.strip_prefix("http://tasks.example:7071").unwrap();
        path = next.to_owned();
    }
    // Several may be of one millisecond, within which order is by chance.
    found.sort();
    ids.sort();
    assert_eq!(found, ids);
}

#[tokio::test]
async fn a_key_makes_one_task_of_two_submissions() {
    let hosted = Hosted::start().await;
    let key = [("idempotency-key", "\"k\"")];
    let first = hosted.submit_with(&key, BODY).await;
    assert_eq!(first.status, 202);
    let again = hosted.submit_with(&key, BODY).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    let other = hosted.submit_with(&key, r#"{"number": 25}"#).await;
    assert_eq!(other.header("x-ms-error-code"), "IdempotencyKeyReused");
    let id = json(&first)["id"].as_str().unwrap().to_owned();
    assert_eq!(hosted.ended(&id).await["status"], "Succeeded");
    hosted.queue.settles_at(0).await;
}

#[tokio::test]
async fn a_list_refuses_what_it_does_not_know_and_no_key() {
    let hosted = Hosted::start().await;
    let known = "/api/operations?code=secret&clientId=default&api-version=1&top=1";
    assert_eq!(hosted.get(known).await.status, 200);
    let refused = hosted.get(&format!("{known}&staus=Failed")).await;
    assert_eq!(refused.header("x-ms-error-code"), "UnknownParameter");
    // The host makes one of two.
    let refused = hosted
        .get(&format!("{known}&status=Failed&status=Running"))
        .await;
    assert_eq!(refused.header("x-ms-error-code"), "InvalidStatus");
}

#[tokio::test]
async fn a_submission_is_judged_by_what_it_is_and_who_sends_it() {
    let hosted = Hosted::start().await;
    let text = ("content-type", "text/plain;charset=UTF-8");
    let own = ("origin", "http://tasks.example:7071");
    for headers in [&[text][..], &[text, own]] {
        assert_eq!(hosted.submit_with(headers, BODY).await.status, 202);
    }
    for site in [
        ("origin", "http://pages.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let refused = hosted.submit_with(&[text, site], BODY).await;
        assert_eq!(refused.header("x-ms-error-code"), "UnsupportedMediaType");
    }
    let refused = hosted
        .submit_with(&[("content-encoding", "gzip")], BODY)
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("accept-encoding")),
        (415, "identity")
    );
    hosted.queue.settles_at(0).await;
}

#[tokio::test]
async fn two_keys_that_the_host_has_joined_are_not_one() {
    let hosted = Hosted::start().await;
    let keys = [("idempotency-key", "a"), ("idempotency-key", "b")];
    let refused = hosted.submit_with(&keys, BODY).await;
    assert_eq!(refused.header("x-ms-error-code"), "InvalidIdempotencyKey");
}

#[tokio::test]
async fn a_submission_that_waits_gets_its_result() {
    let hosted = Hosted::start().await;
    let reply = hosted.submit_with(&[("prefer", "wait=60")], BODY).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("preference-applied"), "wait=60");
    assert_eq!(json(&reply)["calculation_result"], "46368");
}

#[tokio::test]
async fn a_monitor_that_is_known_is_not_sent_again() {
    let hosted = Hosted::start().await;
    let id = hosted.submit("24").await;
    hosted.ended(&id).await;
    let path = format!("/api/operations/{id}");
    let etag = hosted.get(&path).await.header("etag").to_owned();
    let known = [("if-none-match", etag.as_str())];
    let reply = hosted
        .send_with(Method::GET, &path, &known, Payload::Empty)
        .await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (304, 0));
}

#[tokio::test]
async fn a_path_that_the_host_has_routed_is_known() {
    let hosted = Hosted::start().await;
    assert_eq!(hosted.get("/API/Health/").await.status, 200);
    let accepted = hosted.post("/Api/Tasks/", BODY).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
    let id = json(&accepted)["id"].as_str().unwrap().to_owned();
    hosted.ended(&id).await;
    let monitor = hosted.get(&format!("/api/OPERATIONS/{id}/")).await;
    assert_eq!(json(&monitor)["status"], "Succeeded");
    let canceled = hosted
        .post(&format!("/api/operations/{id}:CANCEL"), "")
        .await;
    assert_eq!(json(&canceled)["status"], "Succeeded");
    // Nothing for the host, which answers itself.
    let nothing = hosted.get("/api//health").await;
    assert_eq!((nothing.status.as_u16(), nothing.body.len()), (404, 0));
}

#[tokio::test]
async fn head_comes_through_wherever_get_does() {
    let hosted = Hosted::start().await;
    for path in ["/api/operations", "/api/metrics", "/api/health"] {
        let head = hosted.send(Method::HEAD, path, Payload::Empty).await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0), "{path}");
        assert_eq!(head.header("cache-control"), "no-store", "{path}");
        assert_ne!(head.header("content-length"), "", "{path}");
    }
}

#[tokio::test]
async fn a_task_in_another_version_is_not_deleted() {
    let hosted = Hosted::start().await;
    let id = hosted.submit("24").await;
    hosted.ended(&id).await;
    let path = format!("/api/operations/{id}");
    let etag = hosted.get(&path).await.header("etag").to_owned();
    for (wanted, status) in [("\"x\"", 412), (etag.as_str(), 204)] {
        let wanted = [("if-match", wanted)];
        let reply = hosted
            .send_with(Method::DELETE, &path, &wanted, Payload::Empty)
            .await;
        assert_eq!(reply.status, status);
    }
}

#[tokio::test]
async fn a_page_that_the_host_lets_in_may_read_our_headers() {
    let hosted = Hosted::start().await;
    let page = [("origin", "https://app.example")];
    let reply = hosted.submit_with(&page, BODY).await;
    let exposed = reply.header("access-control-expose-headers");
    assert!(exposed.contains("Operation-Location"), "{exposed}");
    // The permission is the host's: twice would be none.
    assert_eq!(reply.header("access-control-allow-origin"), "");
    let reply = hosted.get("/api/health").await;
    assert_eq!(reply.header("access-control-expose-headers"), "");
}
