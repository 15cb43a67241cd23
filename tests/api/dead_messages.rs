//! Messages that name no task, as dead letters over HTTP, on each deployment.

use serde_json::{Value, json};

use crate::helpers::client::Client;
use crate::helpers::deployment::{Deployment, Setting};
use crate::helpers::eventually::eventually;
use crate::helpers::reply::Reply;

const SETTINGS: [Setting; 3] = [Setting::Embedded, Setting::Azurite, Setting::Hosted];

/// What is listed, the newest first.
async fn listed(client: &Client) -> Vec<Value> {
    let request = client.keyed("GET", "/api/dead-letters");
    let reply = client.send(request).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["value"].as_array().unwrap().clone()
}

/// A message that the service has found among its dead letters; gives its id.
async fn found(deployment: &mut Deployment, text: &str) -> String {
    deployment.dead_message(text).await;
    deployment.sweep().await;
    let letter = eventually("the message is listed", async || {
        let mut letters = listed(&deployment.client).await.into_iter();
        letters.find(|letter| letter["message"] == text)
    })
    .await;
    assert_eq!(letter["reason"], "NoTask", "{letter}");
    assert_eq!(letter["error"]["code"], "UnreadableMessage");
    assert_eq!(letter["queue"], deployment.queue());
    assert!(letter.get("kind").is_none() && letter.get("input").is_none());
    letter["id"].as_str().unwrap().to_owned()
}

async fn replay(client: &Client, id: &str, body: &str) -> Reply {
    let request = client.keyed("POST", &format!("/api/dead-letters/{id}:replay"));
    let request = request.header("content-type", "application/json");
    client.send(request.body(body.to_owned())).await
}

async fn is_gone(client: &Client, id: &str) {
    assert!(listed(client).await.iter().all(|letter| letter["id"] != id));
}

#[tokio::test]
async fn a_message_that_names_no_task_becomes_one_or_goes_to_its_queue_again() {
    for setting in SETTINGS {
        let mut deployment = Deployment::start(setting, &[]).await;
        let id = found(&mut deployment, "an invoice from elsewhere").await;
        let client = deployment.client.clone();
        for (body, status, code, target) in [
            ("{}", 422, "MissingInput", "input"),
            (r#"{"kind": "fibonacci"}"#, 422, "MissingInput", "input"),
            (r#"{"kind": 7, "input": 1}"#, 422, "InvalidKind", "kind"),
            (
                r#"{"kind": "nobodys", "input": 1}"#,
                422,
                "UnknownKind",
                "kind",
            ),
            (
                r#"{"kind": "_delete-dead-letters", "input": {}}"#,
                422,
                "UnknownKind",
                "kind",
            ),
            (
                r#"{"kind": "fibonacci", "input": {}}"#,
                422,
                "InvalidNumber",
                "input.number",
            ),
            (
                r#"{"input": {"number": "x"}}"#,
                422,
                "InvalidNumber",
                "input.number",
            ),
            (
                r#"{"input": {"number": 9}, "queue": "a"}"#,
                422,
                "UnknownField",
                "queue",
            ),
        ] {
            let refused = replay(&client, &id, body).await;
            let (said, problem) = (refused.problem().0, refused.json());
            assert_eq!(
                (refused.status, &*said),
                (status, code),
                "{setting:?} {body}: {problem}"
            );
            assert_eq!(problem["error"]["target"], target, "{setting:?} {body}");
        }
        assert_eq!(listed(&client).await.len(), 1);

        let body = json!({ "kind": "fibonacci", "input": { "number": 24 } });
        let replayed = replay(&client, &id, &body.to_string()).await;
        assert_eq!(replayed.status, 202, "{setting:?}: {}", replayed.text());
        assert_eq!(replayed.json()["id"], *id);
        assert!(
            replayed
                .header("operation-location")
                .unwrap()
                .ends_with(&id)
        );
        assert_eq!(
            client.ended(&id).await.json()["calculation_result"],
            "46368"
        );
        is_gone(&client, &id).await;
        let again = replay(&client, &id, &body.to_string()).await;
        assert_eq!(
            (again.status, &*again.problem().0),
            (409, "Conflict"),
            "{setting:?}"
        );

        // As it is, nobody understands it any better: it comes back, the same letter once more.
        let id = found(&mut deployment, "another").await;
        let client = deployment.client.clone();
        let replayed = replay(&client, &id, "").await;
        assert_eq!(replayed.status, 202, "{setting:?}: {}", replayed.text());
        assert_eq!(
            replayed.json(),
            json!({ "id": id, "queue": deployment.queue() })
        );
        is_gone(&client, &id).await;
        let again = replay(&client, &id, "").await;
        assert_eq!(
            (again.status, &*again.problem().0),
            (404, "NotFound"),
            "{setting:?}"
        );
        let length = format!("/api/queue/length?queue={}-poison", deployment.queue());
        eventually("nobody understands it", async || {
            let reply = client.get_keyed(&length).await;
            (reply.json()["length"] == 1).then_some(())
        })
        .await;
        deployment.sweep().await;
        eventually("it is given up again", async || {
            let letters = listed(&deployment.client).await;
            letters
                .iter()
                .any(|letter| letter["message"] == "another")
                .then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_death_while_a_message_becomes_a_task_leaves_the_one_or_the_other() {
    for setting in SETTINGS {
        for point in ["after-record", "after-message"] {
            let mut deployment = Deployment::start(setting, &[("CRASH_AT", point)]).await;
            let id = found(&mut deployment, "an invoice from elsewhere").await;
            let path = format!("/api/dead-letters/{id}:replay");
            let request = deployment.client.keyed("POST", &path);
            let request = request.json(&json!({ "input": { "number": 24 } }));
            let dead = deployment.client.try_send(request).await;
            assert!(
                !dead.is_ok_and(|reply| reply.status < 500),
                "{setting:?} {point}"
            );
            if setting != Setting::Hosted {
                deployment.sweep().await;
            }
            let client = &deployment.client;
            let monitor = eventually("the next process answers", async || {
                let request = client.request("GET", &format!("/api/operations/{id}"));
                let reply = client.try_send(request).await.ok()?;
                (reply.status < 500).then_some(reply)
            })
            .await;
            let is_task = monitor.status == 200;
            // One store writes the record and its message together, and has neither.
            let expected = setting != Setting::Embedded || point == "after-message";
            assert_eq!(is_task, expected, "{setting:?} {point}");
            let is_listed = listed(client)
                .await
                .iter()
                .any(|letter| letter["id"] == *id);
            assert_eq!(is_listed, !is_task, "{setting:?} {point}");
            if point == "after-message" {
                assert_eq!(
                    client.ended(&id).await.json()["calculation_result"],
                    "46368"
                );
                is_gone(client, &id).await;
            }
            // Whoever asks for it once more makes no second one of it.
            let again = replay(client, &id, r#"{"input": {"number": 24}}"#).await;
            assert_eq!(again.status, 409, "{setting:?} {point}: {}", again.text());
        }
    }
}
