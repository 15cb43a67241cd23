//! Instances with names that their clients choose.

use serde_json::{Value, json};

use super::{BASE, everywhere, is, json_to, path};
use crate::helpers::client::{Client, KEY};
use crate::helpers::reply::Reply;

async fn begin(client: &Client, workflow: &str, name: &str, input: &'static str) -> Reply {
    let path = format!("{BASE}/orchestrators/{workflow}/{name}");
    client
        .send(json_to(client.keyed("POST", &path), input))
        .await
}

#[tokio::test]
async fn an_instance_of_a_name_is_one_at_a_time_and_begins_anew_when_it_has_ended() {
    everywhere(async |client, deployment, _| {
        let uris = begin(client, "wait", "order%2042:ä", "1").await;
        assert_eq!(uris.status, 202, "{}", uris.text());
        let uris = uris.json();
        assert_eq!(uris["id"], "order 42:ä");
        let status = path(deployment, &uris, "statusQueryGetUri", "");
        assert!(
            status.contains("/instances/order%2042%3A%C3%A4?"),
            "{status}"
        );
        let first = is(client, &status, "Running").await;
        assert_eq!(first["instanceId"], "order 42:ä");

        let again = begin(client, "chain", "order%2042:ä", "2").await;
        assert_eq!(
            (again.status, again.problem().0.as_str()),
            (409, "Conflict")
        );

        let terminate = path(deployment, &uris, "terminatePostUri", "enough");
        assert_eq!(super::post(client, &terminate).await.status, 202);
        // The code of the instance is good for beginning it anew as well.
        let (_, code) = status.rsplit_once("code=").unwrap();
        let anew = format!("/api/orchestrators/chain/order%2042:ä?code={code}");
        let anew = client
            .send(json_to(client.request("POST", &anew), "2"))
            .await;
        assert_eq!(anew.status, 202, "{}", anew.text());
        let told = is(client, &status, "Completed").await;
        assert_eq!(
            (&told["name"], &told["input"], &told["output"]),
            (&json!("chain"), &json!(2), &json!("2"))
        );

        // Once it is deleted the name is free.
        let purge = path(deployment, &uris, "purgeHistoryDeleteUri", "");
        let purged = client.send(client.request("DELETE", &purge)).await;
        assert_eq!(
            (purged.status, purged.json()),
            (200, json!({ "instancesDeleted": 1 }))
        );
        assert_eq!(client.get(&status).await.status, 404);
        assert_eq!(
            begin(client, "chain", "order%2042:ä", "3").await.status,
            202
        );
        assert_eq!(is(client, &status, "Completed").await["output"], "3");
    })
    .await;
}

#[tokio::test]
async fn a_name_that_is_the_id_of_a_task_belongs_to_that_task() {
    everywhere(async |client, _, _| {
        let id = client.accepted(r#"{"number": 5}"#).await;
        assert_eq!(begin(client, "chain", &id, "1").await.status, 409);
        let own = "6f1c2b3e-0000-4000-8000-000000000007";
        assert_eq!(begin(client, "chain", own, "1").await.status, 202);
        let status = format!("{BASE}/instances/{own}?code={}", KEY.replace(' ', "+"));
        assert_eq!(is(client, &status, "Completed").await["instanceId"], own);
    })
    .await;
}

/// The result of a task, from wherever its client is led to.
async fn led_to(client: &Client, id: &str) -> Value {
    let reply = client.get(&format!("/api/RequestStatus/{id}")).await;
    if reply.status == 200 {
        return reply.json();
    }
    assert_eq!(reply.status, 302, "{}", reply.text());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let read = http.get(reply.header("location").unwrap()).send().await;
    read.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_client_is_led_to_the_result_of_the_latest_run() {
    everywhere(async |client, _, _| {
        let id = client.run(r#"{"kind": "chain", "input": 1}"#).await;
        let status = format!("{BASE}/instances/{id}?code={}", KEY.replace(' ', "+"));
        assert_eq!(led_to(client, &id).await, json!("1"));
        for input in ["2", "3"] {
            assert_eq!(begin(client, "chain", &id, input).await.status, 202);
            is(client, &status, "Completed").await;
            assert_eq!(led_to(client, &id).await, json!(input));
        }
    })
    .await;
}

#[tokio::test]
async fn a_name_that_cannot_be_one_is_refused() {
    everywhere(async |client, _, _| {
        let long = "a".repeat(257);
        for name in ["@x", "a%5Cb", "a%0Ab", &long] {
            let refused = begin(client, "chain", name, "1").await;
            assert_eq!(refused.status, 400, "{name}");
            let (code, target, _) = refused.problem();
            assert_eq!(
                (code.as_str(), target.as_deref()),
                ("InvalidInstanceId", Some("instanceId"))
            );
        }
    })
    .await;
}
