//! Microsoft's sample `async-request-reply`: its acceptor and its status endpoint.

use serde_json::{Value, json};

use super::{everywhere, write_kinds};
use crate::helpers::azurite::azurite;
use crate::helpers::client::Client;
use crate::helpers::deployment::{Deployment, Setting};
use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;
use crate::helpers::reply::Reply;

const CUSTOMER: &str = r#"{"id": "1234", "customername": "Contoso"}"#;
const PRINTED: &str = "Processed data: {'id': '1234', 'customername': 'Contoso'}";
const STREAM: &str = "?OnComplete=Stream&OnPending=Synchronous";

async fn post(client: &Client, body: &'static str) -> Reply {
    let request = client.request("POST", "/api/asyncprocessingworkacceptor");
    client
        .send(
            request
                .header("content-type", "application/json")
                .body(body),
        )
        .await
}

/// Hands in a customer; gives where to ask after it, as a path.
async fn accepted(client: &Client, deployment: &Deployment) -> String {
    let reply = post(client, CUSTOMER).await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    let location = reply.header("location").unwrap();
    let text = format!("Request Accepted for Processing\nProxyStatus: {location}");
    assert_eq!(reply.text(), text);
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    let path = deployment.path_of(location).to_owned();
    assert!(path.starts_with("/api/RequestStatus/"), "{path}");
    path
}

#[tokio::test]
async fn a_customer_is_accepted_watched_and_read() {
    let lasting = [("PROCESS_DATA_PAUSE", "8s")];
    everywhere(&lasting, async |client, deployment, _| {
        let path = accepted(client, deployment).await;
        let pending = client.get(&path).await;
        assert_eq!(pending.status, 200);
        let told = pending.json();
        assert_eq!(told["status"], "In progress");
        assert_eq!(told.as_object().unwrap().len(), 2, "{told}");
        assert_eq!(deployment.path_of(told["Location"].as_str().unwrap()), path);

        // Who waits gets it as soon as it is there, and as often as it asks.
        for query in [STREAM, "?oncomplete=stream"] {
            let done = client.get(&format!("{path}{query}")).await;
            assert_eq!((done.status, done.json()), (200, json!(PRINTED)));
        }
    })
    .await;
}

#[tokio::test]
async fn a_result_is_led_to_in_the_account_for_a_while_and_read_only() {
    everywhere(
        &[("PROCESS_DATA_PAUSE", "0s")],
        async |client, deployment, setting| {
            let path = accepted(client, deployment).await;
            let done = client.get(&format!("{path}?OnPending=Synchronous")).await;
            if setting == Setting::Embedded {
                assert_eq!((done.status, done.json()), (200, json!(PRINTED)));
                return;
            }
            assert_eq!(done.status, 302, "{}", done.text());
            let link = reqwest::Url::parse(done.header("location").unwrap()).unwrap();
            let field = |name: &str| {
                let found = link.query_pairs().find(|(known, _)| known == name);
                found.map(|(_, value)| value.into_owned())
            };
            assert_eq!(field("sp").as_deref(), Some("r"));
            assert_eq!(field("sr").as_deref(), Some("b"));
            let format = &time::format_description::well_known::Rfc3339;
            let end = time::OffsetDateTime::parse(&field("se").unwrap(), format).unwrap();
            let life = end - time::OffsetDateTime::now_utc();
            assert!(
                life.whole_seconds() > 500 && life.whole_seconds() <= 600,
                "{life}"
            );

            let http = reqwest::Client::builder().no_proxy().build().unwrap();
            let read = http.get(link.clone()).send().await.unwrap();
            assert_eq!(read.status(), 200);
            assert_eq!(read.headers()["content-type"], "application/json");
            // The result, and nothing else of the task.
            assert_eq!(read.json::<Value>().await.unwrap(), json!(PRINTED));
            let deleted = http.delete(link.clone()).send().await.unwrap();
            assert_eq!(deleted.status(), 403);
            let mut other = link.clone();
            other.set_path(&link.path().replace("result-", "other-"));
            assert_eq!(http.get(other).send().await.unwrap().status(), 403);
            // A second link leads to the same copy.
            let again = client.get(&path).await;
            assert_eq!(again.status, 302);
            let again = reqwest::Url::parse(again.header("location").unwrap()).unwrap();
            assert_eq!(again.path(), link.path());
            assert_eq!(http.get(again).send().await.unwrap().status(), 200);
        },
    )
    .await;
}

#[tokio::test]
async fn where_nobody_can_sign_a_link_the_result_is_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("unsigned-{}", uuid::Uuid::now_v7());
    let serving = Serving::start_with(
        folder.path(),
        &[
            ("AzureWebJobsStorage", &azurite().sas("rwdlacup")),
            ("queue_name", &name),
            ("BLOB_CONTAINER_NAME", &name),
            ("PROCESS_DATA_PAUSE", "0s"),
        ],
    );
    let client = &serving.client;
    eventually("storage is prepared", async || {
        (client.get("/api/health").await.status == 200).then_some(())
    })
    .await;
    let accepted = post(client, CUSTOMER).await;
    let location = accepted.header("location").unwrap();
    let path = location.strip_prefix(client.base()).unwrap();
    let done = client.get(&format!("{path}?OnPending=Synchronous")).await;
    assert_eq!((done.status, done.json()), (200, json!(PRINTED)));
}

#[tokio::test]
async fn a_task_without_a_result_says_why() {
    everywhere(&[], async |client, _, _| {
        let submit = async |kind: &str| {
            let body = json!({ "kind": kind, "input": {} });
            client.accepted(body.to_string()).await
        };
        let failed = submit("hopeless").await;
        client.ended(&failed).await;
        let lasting = submit("lasting").await;
        let ask = async |id: &str, query: &str, prefer: &str| {
            let request = client.request("GET", &format!("/api/RequestStatus/{id}{query}"));
            client.send(request.header("prefer", prefer)).await
        };
        for query in ["", STREAM] {
            let reply = ask(&failed, query, "").await;
            assert_eq!((reply.status, &*reply.problem().0), (424, "NoHope"));
        }
        // The sample waits for two minutes, and gives up as well.
        let reply = ask(&lasting, STREAM, "wait=1").await;
        assert_eq!((reply.status, &*reply.problem().0), (404, "NotFound"));
        let path = format!("/api/operations/{lasting}:cancel");
        client.send(client.request("POST", &path)).await;
        let reply = ask(&lasting, "", "").await;
        assert_eq!((reply.status, &*reply.problem().0), (410, "TaskCanceled"));
    })
    .await;
}

#[tokio::test]
async fn who_waits_for_a_service_that_stops_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let (file, path) = (write_kinds(folder.path()), std::env::var("PATH").unwrap());
    let settings = [("PATH", &*path), ("KINDS_FILE", &*file)];
    let serving = Serving::start_with(folder.path(), &settings);
    let id = serving
        .client
        .accepted(r#"{"kind": "lasting", "input": {}}"#)
        .await;
    let (client, path) = (
        serving.client.clone(),
        format!("/api/RequestStatus/{id}{STREAM}"),
    );
    let waiting = tokio::spawn(async move { client.get(&path).await });
    eventually("it waits", async || {
        let metrics = serving.client.get_keyed("/api/metrics").await;
        metrics.text().contains("waiting_clients 1\n").then_some(())
    })
    .await;
    serving.handler.signal("TERM");
    let reply = waiting.await.unwrap();
    assert_eq!((reply.status, &*reply.problem().0), (503, "Stopping"));
    assert!(reply.header("retry-after").is_some());
}

#[tokio::test]
async fn what_the_sample_breaks_off_at_is_refused_by_name() {
    everywhere(&[], async |client, _, _| {
        let unknown = "/api/RequestStatus/6f1c2b3e-0000-4000-8000-000000000007";
        // The sample says for ever that it is in progress.
        for query in ["", STREAM] {
            let reply = client.get(&format!("{unknown}{query}")).await;
            assert_eq!((reply.status, &*reply.problem().0), (404, "NotFound"));
        }
        for parameter in ["OnComplete", "OnPending"] {
            let reply = client.get(&format!("{unknown}?{parameter}=Later")).await;
            let (code, target, _) = reply.problem();
            assert_eq!((reply.status, &*code), (400, "InvalidQuery"));
            assert_eq!(target.as_deref(), Some(parameter));
        }
        for (body, code, field) in [
            (
                r#"{"id": "", "customername": "x"}"#,
                "InvalidCustomer",
                "id",
            ),
            (r#"{"id": "1"}"#, "InvalidCustomer", "customername"),
            ("[]", "InvalidBody", "body"),
            ("", "EmptyBody", "body"),
        ] {
            let reply = post(client, body).await;
            let (told, target, _) = reply.problem();
            assert_eq!((reply.status, &*told), (400, code), "{body}");
            assert_eq!(target.as_deref(), Some(field), "{body}");
        }
    })
    .await;
}
