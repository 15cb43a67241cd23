//! R3, an HTTP function before a Service Bus queue: `POST /api/enqueue` with whatever comes.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{enqueue, enqueued, everywhere, has_status};
use crate::helpers::app::{spawn_app, spawn_app_with};
use crate::helpers::client::KEY;
use crate::helpers::deployment::Setting;

const TAKEN: [(&str, &str); 2] = [("ENQUEUE_TEXT_KIND", "keep"), ("ENQUEUE_KIND", "keep")];

#[tokio::test]
async fn any_body_is_taken_and_comes_to_the_kind_whole() {
    everywhere(&TAKEN, async |client, _, _| {
        let cases: [(&str, &[u8], Value); 4] = [
            // R3 made question marks of this.
            (
                "text/plain; charset=utf-8",
                "Grüße, 世界".as_bytes(),
                json!({ "text": "Grüße, 世界", "contentType": "text/plain; charset=utf-8" }),
            ),
            (
                "application/octet-stream",
                b"\xFF\x00\x01",
                json!({ "base64": "/wAB", "contentType": "application/octet-stream" }),
            ),
            (
                "application/xml",
                b"<a/>",
                json!({ "text": "<a/>", "contentType": "application/xml" }),
            ),
            (
                "application/json",
                br#"{"taskType":"certainTaskType"}"#,
                json!({ "taskType": "certainTaskType" }),
            ),
        ];
        for (content_type, body, expected) in cases {
            let request = enqueue(client, content_type, body.to_vec());
            let id = enqueued(client, request).await;
            let told = has_status(client, &id, "SUCCESS").await;
            assert_eq!(told["result"], expected, "{content_type}");
            // It has an id, a status and a result, which R3 had none of, and stays to be looked at.
            assert_eq!(client.result(&id).await.json(), expected);
        }
        // R3 took it, and nobody knew what for.
        let empty = client.send(enqueue(client, "text/plain", "")).await;
        assert_eq!((empty.status, &*empty.problem().0), (400, "EmptyBody"));
    })
    .await;
}

#[tokio::test]
async fn without_a_key_nothing_is_enqueued() {
    everywhere(&TAKEN, async |client, _, setting| {
        // Under a host, which asks for the key itself, its manifest says so.
        if setting == Setting::Hosted {
            return;
        }
        for query in ["", "?code=another", "?code="] {
            let path = format!("/api/enqueue{query}");
            let reply = client.send(client.request("POST", &path).body("{}")).await;
            let refused = (401, "InvalidKey");
            assert_eq!((reply.status, &*reply.problem().0), refused, "{query}");
        }
        client.has_taken(0).await;
        // R3's client has it in the URL.
        let path = format!("/api/enqueue?code={}", KEY.replace(' ', "+"));
        enqueued(client, client.request("POST", &path).body("{}")).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_no_json_needs_a_kind_that_takes_it() {
    everywhere(&[], async |client, _, _| {
        let reply = client.send(enqueue(client, "text/plain", "work")).await;
        assert_eq!(reply.status, 415);
        assert_eq!(reply.header("accept"), Some("application/json"));
        let (code, target, message) = reply.problem();
        assert_eq!(code, "UnsupportedMediaType");
        assert_eq!(target.as_deref(), Some("ENQUEUE_TEXT_KIND"));
        assert!(message.contains("ENQUEUE_TEXT_KIND"), "{message}");
    })
    .await;
}

#[tokio::test]
async fn a_key_is_for_one_task() {
    everywhere(&TAKEN, async |client, _, _| {
        for (content_type, body) in [("application/json", "{}"), ("text/plain", "x")] {
            let key = format!("\"{content_type}\"");
            let send = |body: &'static str| {
                enqueue(client, content_type, body).header("idempotency-key", &key)
            };
            let first = enqueued(client, send(body)).await;
            assert_eq!(enqueued(client, send(body)).await, first);
            let reply = client.send(send(r#"{"other": true}"#)).await;
            let reused = (422, "IdempotencyKeyReused");
            assert_eq!((reply.status, &*reply.problem().0), reused);
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_submission_may_not_be_may_not_be_enqueued() {
    let app = spawn_app_with(|config| {
        config.surfaces.enqueue_text_kind = Some("echo".to_owned());
        config.max_body_bytes = 10;
    });
    let client = &app.client;
    for content_type in ["application/json", "text/plain"] {
        let large = client
            .send(enqueue(client, content_type, "x".repeat(11)))
            .await;
        assert_eq!((large.status, &*large.problem().0), (413, "BodyTooLarge"));
        let coded = enqueue(client, content_type, "{}").header("content-encoding", "gzip");
        let coded = client.send(coded).await;
        let refused = (
            StatusCode::UNSUPPORTED_MEDIA_TYPE.as_u16(),
            Some("identity"),
        );
        assert_eq!((coded.status, coded.header("accept-encoding")), refused);
        let empty = client.send(enqueue(client, content_type, "")).await;
        assert_eq!((empty.status, &*empty.problem().0), (400, "EmptyBody"));
        let keyed = enqueue(client, content_type, "{}").header("idempotency-key", "a b");
        let keyed = client.send(keyed).await;
        assert_eq!(keyed.problem().0, "InvalidIdempotencyKey");
    }
    client.has_taken(0).await;
}

#[tokio::test]
async fn what_the_kind_does_not_take_is_refused_with_the_field() {
    let app = spawn_app_with(|config| config.surfaces.enqueue_kind = "fibonacci".to_owned());
    let request = |body: &'static str| enqueue(&app.client, "application/json", body);
    let reply = app.client.send(request(r#"{"number": 1.5}"#)).await;
    let (code, target, _) = reply.problem();
    assert_eq!((reply.status, &*code), (422, "InvalidNumber"));
    assert_eq!(target.as_deref(), Some("number"));
    let id = enqueued(&app.client, request(r#"{"number": "24"}"#)).await;
    let told = has_status(&app.client, &id, "SUCCESS").await;
    assert_eq!(told["result"]["calculation_result"], "46368");
}

#[tokio::test]
async fn data_is_an_object_on_every_way() {
    let app = spawn_app();
    let request = app
        .client
        .post_task()
        .body(r#"{"kind": "process-data", "input": []}"#);
    let reply = app.client.send(request).await;
    let (code, target, message) = reply.problem();
    assert_eq!((reply.status, &*code), (422, "InvalidInput"));
    assert_eq!(target.as_deref(), Some("input"));
    assert_eq!(message, "the input must be a JSON object");
}

#[tokio::test]
async fn what_is_called_json_is_json_and_nothing_else_is() {
    let app = spawn_app_with(|config| config.surfaces.enqueue_text_kind = Some("echo".to_owned()));
    for content_type in [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/cloudevents+json",
        "text/json",
    ] {
        let request = enqueue(&app.client, content_type, r#"{"n": 1}"#);
        let id = enqueued(&app.client, request).await;
        let told = has_status(&app.client, &id, "SUCCESS").await;
        assert_eq!(told["result"], "Processed data: {'n': 1}", "{content_type}");
    }
    for content_type in ["application/jsonx", "text/plain", "image/svg+json"] {
        let request = enqueue(&app.client, content_type, r#"{"n": 1}"#);
        let id = enqueued(&app.client, request).await;
        let told = has_status(&app.client, &id, "SUCCESS").await;
        let input = json!({ "text": r#"{"n": 1}"#, "contentType": content_type });
        assert_eq!(told["result"], input);
    }
}

#[tokio::test]
async fn a_page_of_another_site_enqueues_nothing_without_asking_first() {
    let app = spawn_app_with(|config| config.surfaces.enqueue_text_kind = Some("echo".to_owned()));
    for content_type in ["text/plain", "application/x-www-form-urlencoded"] {
        let request = enqueue(&app.client, content_type, "hi");
        let refused = app
            .client
            .send(request.header("sec-fetch-site", "cross-site"))
            .await;
        assert_eq!(refused.problem().0, "UnsupportedMediaType");
    }
    app.client.has_taken(0).await;
}
