//! R4, a web service with Celery: `POST /enqueue/`, `GET /status/{task_id}` and `GET /`.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{enqueue, enqueued, everywhere, has_status, status, write_kinds};
use crate::helpers::azurite::azurite;
use crate::helpers::deployment::{Deployment, Setting};
use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;

const JSON: &str = "application/json";

/// An id that no task has.
const UNKNOWN: &str = "6f1c2b3e-0000-4000-8000-000000000007";

#[tokio::test]
async fn the_calls_of_its_clients_get_the_answers_they_know() {
    everywhere(
        &[("PROCESS_DATA_PAUSE", "100ms")],
        async |client, _, setting| {
            // Under a host the root is the host's own.
            if setting != Setting::Hosted {
                assert_eq!(client.get("/").await.status, 200);
            }
            let data = r#"{"key1": "value1", "key2": "value2"}"#;
            let slash = client.keyed("POST", "/api/enqueue/");
            let slash = slash.header("content-type", JSON).body(data);
            for (request, printed) in [
                (slash, "{'key1': 'value1', 'key2': 'value2'}"),
                (enqueue(client, JSON, "{}"), "{}"),
                // Without a word about what it is.
                (
                    client
                        .keyed("POST", "/api/enqueue")
                        .body(r#"{"n": 1.50, "b": [true, null]}"#),
                    "{'n': 1.5, 'b': [True, None]}",
                ),
            ] {
                let id = enqueued(client, request).await;
                let expected = json!({
                    "task_id": id,
                    "status": "SUCCESS",
                    "result": format!("Processed data: {printed}"),
                });
                assert_eq!(has_status(client, &id, "SUCCESS").await, expected);
                // Looking consumes nothing.
                assert_eq!(status(client, &id).await, expected);
            }
        },
    )
    .await;
}

#[tokio::test]
async fn the_work_lasts_for_two_seconds_and_is_asked_after_meanwhile() {
    everywhere(&[], async |client, _, _| {
        let begun = Instant::now();
        let id = enqueued(client, enqueue(client, JSON, "{}")).await;
        let reply = client.get(&format!("/api/status/{id}")).await;
        assert!(reply.header("retry-after").is_some());
        let told = reply.json();
        assert!(["PENDING", "STARTED"].contains(&told["status"].as_str().unwrap()));
        let expected = json!({ "task_id": id, "status": told["status"], "result": null });
        assert_eq!(told, expected);
        has_status(client, &id, "SUCCESS").await;
        assert!(begun.elapsed() >= Duration::from_secs(2));
        let reply = client.get(&format!("/api/status/{id}")).await;
        assert_eq!(reply.header("retry-after"), None);
    })
    .await;
}

#[tokio::test]
async fn what_it_refuses_is_refused_by_name() {
    everywhere(&[], async |client, _, _| {
        for (body, status, code) in [
            ("[1]", 422, "NotAnObject"),
            ("\"text\"", 422, "NotAnObject"),
            ("null", 422, "NotAnObject"),
            ("{", 400, "MalformedBody"),
            ("", 400, "EmptyBody"),
        ] {
            let reply = client.send(enqueue(client, JSON, body)).await;
            let (told, target, _) = reply.problem();
            assert_eq!((reply.status, &*told), (status, code), "{body}");
            assert_eq!(target.as_deref(), Some("body"), "{body}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_task_that_nobody_knows_is_not_found_unless_it_is_to_be_pending() {
    for (settings, code) in [(&[][..], 404), (&[("STATUS_OF_UNKNOWN", "pending")], 200)] {
        everywhere(settings, async |client, _, _| {
            for id in [UNKNOWN, "garbage"] {
                let reply = client.get(&format!("/api/status/{id}")).await;
                let body = json!({ "task_id": id, "status": "PENDING", "result": null });
                assert_eq!((reply.status, reply.json()), (code, body), "{id}");
            }
        })
        .await;
    }
}

#[tokio::test]
async fn each_state_has_its_word_and_a_failure_its_text() {
    everywhere(&[], async |client, _, _| {
        let submit = async |kind: &str| {
            let body = json!({ "kind": kind, "input": {} });
            client.accepted(body.to_string()).await
        };
        let running = submit("lasting").await;
        let started = has_status(client, &running, "STARTED").await;
        assert_eq!(started["result"], json!(null));
        // One runs at a time.
        let waiting = submit("lasting").await;
        assert_eq!(status(client, &waiting).await["status"], "PENDING");

        let failed = submit("hopeless").await;
        let failure = has_status(client, &failed, "FAILURE").await;
        assert_eq!(failure["result"], "there never was any");
        let flaky = submit("flaky").await;
        let retry = has_status(client, &flaky, "RETRY").await;
        assert_eq!(retry["result"], "not yet");

        for id in [running, waiting, flaky] {
            let path = format!("/api/operations/{id}:cancel");
            assert_eq!(client.send(client.request("POST", &path)).await.status, 200);
            let expected = json!({ "task_id": id, "status": "REVOKED", "result": null });
            assert_eq!(status(client, &id).await, expected);
        }
        let number = client.run(r#"{"number": 24}"#).await;
        let result = &status(client, &number).await["result"];
        assert_eq!(result["calculation_result"], "46368");
    })
    .await;
}

#[tokio::test]
async fn what_service_bus_could_carry_is_enqueued() {
    everywhere(&[("PROCESS_DATA_PAUSE", "0s")], async |client, _, _| {
        let text = "x".repeat(256 * 1024);
        let body = json!({ "text": text }).to_string();
        let id = enqueued(client, enqueue(client, JSON, body)).await;
        let told = has_status(client, &id, "SUCCESS").await;
        let expected = format!("Processed data: {{'text': '{text}'}}");
        assert!(told["result"] == expected.as_str());
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_dies_loses_no_task() {
    // Long enough to be seen at it; the host's next process waits as long.
    let settings = [("PROCESS_DATA_PAUSE", "12s"), ("EARLY_START", "off")];
    let hosted = Deployment::start(Setting::Hosted, &settings).await;
    let id = enqueued(&hosted.client, enqueue(&hosted.client, JSON, "{}")).await;
    has_status(&hosted.client, &id, "STARTED").await;
    hosted.kill().await;
    let path = format!("/api/status/{id}");
    eventually("it is done all the same", async || {
        // While the host starts another process, nobody answers.
        let reply = hosted.client.try_send(hosted.client.request("GET", &path));
        (reply.await.ok()?.json()["status"] == "SUCCESS").then_some(())
    })
    .await;

    let (storage, name) = (
        azurite().connection_string(),
        format!("dies-{}", uuid::Uuid::now_v7()),
    );
    let on_azure = [
        ("AzureWebJobsStorage", &*storage),
        ("BLOB_CONTAINER_NAME", &name),
        ("QUEUE_NAME", &name),
    ];
    for storage in [&[][..], &on_azure] {
        let folder = tempfile::tempdir().unwrap();
        let start = |pause| {
            let settings = [("PROCESS_DATA_PAUSE", pause), ("EARLY_START", "off")];
            Serving::start_with(folder.path(), &[&settings, storage].concat())
        };
        let serving = start("5m");
        let id = enqueued(&serving.client, enqueue(&serving.client, JSON, "{}")).await;
        has_status(&serving.client, &id, "STARTED").await;
        assert_eq!(serving.stop("KILL").await.code, None);
        let again = start("0s");
        has_status(&again.client, &id, "SUCCESS").await;
    }
}

/// What R4 has none of: a list.
#[tokio::test]
async fn tasks_are_listed_and_failed_ones_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let (file, path) = (write_kinds(folder.path()), std::env::var("PATH").unwrap());
    let settings = [
        ("PATH", &*path),
        ("KINDS_FILE", &*file),
        ("ENQUEUE_KIND", "hopeless"),
    ];
    let serving = Serving::start_with(folder.path(), &settings);
    let client = &serving.client;
    let id = enqueued(client, enqueue(client, JSON, "{}")).await;
    has_status(client, &id, "FAILURE").await;
    let listed = client
        .get_keyed("/api/operations?status=Failed&kind=hopeless")
        .await;
    assert_eq!(listed.json()["value"][0]["id"], id.as_str());
    let retried = client.keyed("POST", &format!("/api/operations/{id}:retry"));
    assert_eq!(client.send(retried).await.status, 202);
    has_status(client, &id, "FAILURE").await;
    assert_eq!(client.monitor(&id).await.json()["attempts"], 2);
}
