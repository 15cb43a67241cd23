//! The steps of an instance, for people.

use serde_json::json;

use super::{everywhere, is, path, started};
use crate::helpers::eventually::eventually;

#[tokio::test]
async fn steps_are_told_in_order_with_their_ends() {
    everywhere(async |client, deployment, _| {
        let uris = started(client, "sub", "null").await;
        let id = uris["id"].as_str().unwrap();
        is(
            client,
            &path(deployment, &uris, "statusQueryGetUri", ""),
            "Completed",
        )
        .await;
        let history = format!("/api/operations/{id}/history");
        let reply = client.get(&history).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let told = reply.json();
        assert_eq!(
            (&told["id"], &told["kind"], &told["status"]),
            (&uris["id"], &json!("sub"), &json!("Succeeded"))
        );
        let steps = told["steps"].as_array().unwrap();
        let kinds: Vec<_> = steps
            .iter()
            .map(|step| step["type"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, ["Workflow", "Workflow", "Workflow", "Timer"]);
        for (number, step) in steps.iter().enumerate() {
            assert_eq!(step["step"], number);
            assert_eq!(step["state"], "Succeeded");
            assert!(step["durationMilliseconds"].is_u64() && step["endedDateTime"].is_string());
            assert!(step.get("result").is_none());
        }
        let child = deployment.path_of(steps[0]["operationLocation"].as_str().unwrap());
        assert_eq!(client.get(child).await.json()["result"], "2");
        assert!(steps[3]["durationMilliseconds"].as_u64().unwrap() >= 1_000);

        let known = client
            .request("GET", &history)
            .header("if-none-match", reply.header("etag").unwrap());
        assert_eq!(client.send(known).await.status, 304);
        let results = client.get(&format!("{history}?results=true")).await.json();
        assert_eq!(results["steps"][0]["result"], "2");
    })
    .await;
}

#[tokio::test]
async fn an_open_fan_out_tells_how_many_of_its_members_have_ended() {
    everywhere(async |client, _, _| {
        let uris = started(client, "fan", "5").await;
        let id = uris["id"].as_str().unwrap();
        let history = format!("/api/operations/{id}/history?results=false");
        let steps = eventually("its members have ended", async || {
            let steps = client.get(&history).await.json()["steps"].clone();
            (steps[0]["state"] == "Succeeded").then_some(steps)
        })
        .await;
        assert_eq!(
            steps[0]["members"],
            json!({ "done": 5, "total": 5, "failed": 0 })
        );
        assert_eq!(
            (&steps[0]["type"], &steps[0]["name"]),
            (&json!("FanOut"), &json!("inc"))
        );
        assert_eq!(
            (&steps[1]["type"], &steps[1]["state"]),
            (&json!("Call"), &json!("Running"))
        );
        let cancel = client.request("POST", &format!("/api/operations/{id}:cancel"));
        assert_eq!(client.send(cancel).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn a_history_is_of_instances_alone_and_tells_why_a_step_failed() {
    everywhere(async |client, deployment, _| {
        let uris = started(client, "bad", "\"x\"").await;
        let id = uris["id"].as_str().unwrap();
        is(
            client,
            &path(deployment, &uris, "statusQueryGetUri", ""),
            "Failed",
        )
        .await;
        let told = client
            .get(&format!("/api/operations/{id}/history"))
            .await
            .json();
        assert_eq!(told["steps"][0]["state"], "Failed");
        assert_eq!(told["steps"][0]["error"]["code"], "Boom");

        let task = client.run(r#"{"number": 5}"#).await;
        for id in [task.as_str(), "6f1c2b3e-0000-4000-8000-000000000007"] {
            let path = format!("/api/operations/{id}/history");
            let reply = client.get(&path).await;
            assert_eq!(reply.status, 404, "{path}");
            let said = reply.json()["detail"].to_string();
            assert!(said.contains("no such instance"), "{path}: {said}");
        }
        let odd = client
            .get(&format!("/api/operations/{id}/history?results=maybe"))
            .await;
        assert_eq!(
            (odd.status, odd.problem().0.as_str()),
            (422, "InvalidResults")
        );
    })
    .await;
}
