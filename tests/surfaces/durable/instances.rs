//! Looking at instances, steering them, listing and deleting them; and what is refused.

use serde_json::json;

use super::{BASE, everywhere, is, json_to, path, post, started};
use crate::helpers::client::KEY;
use crate::helpers::eventually::eventually;

#[tokio::test]
async fn an_approval_is_waited_for_suspended_resumed_and_given() {
    everywhere(async |client, deployment, _| {
        let uris = started(client, "wait", r#"{"a":1}"#).await;
        let to = |name: &str, words: &str| path(deployment, &uris, name, words);
        let status = to("statusQueryGetUri", "");
        let told = is(client, &status, "Running").await;
        assert_eq!(told["input"], json!({ "a": 1 }));

        assert_eq!(
            post(client, &to("suspendPostUri", "lunch")).await.status,
            202
        );
        let told = is(client, &status, "Suspended").await;
        assert_eq!(told["output"], "lunch");
        let event = client.request("POST", &to("sendEventPostUri", "Approved"));
        let raised = client.send(json_to(event, r#"{"by":"me","n":1.50}"#)).await;
        assert_eq!((raised.status, raised.text()), (202, ""));
        assert_eq!(is(client, &status, "Suspended").await["output"], "lunch");
        assert_eq!(post(client, &to("resumePostUri", "back")).await.status, 202);
        let told = is(client, &status, "Completed").await;
        assert_eq!(told["output"]["got"]["by"], "me");
        assert_eq!(told["customStatus"], "approved");
        for name in ["terminatePostUri", "suspendPostUri", "resumePostUri"] {
            let late = post(client, &to(name, "late")).await;
            assert_eq!(
                (late.status, late.problem().0.as_str()),
                (410, "TaskEnded"),
                "{name}"
            );
        }
        let late = json_to(
            client.request("POST", &to("sendEventPostUri", "Approved")),
            "1",
        );
        assert_eq!(client.send(late).await.status, 410);
    })
    .await;
}

#[tokio::test]
async fn a_start_waits_for_the_end_as_long_as_it_is_asked_to() {
    everywhere(async |client, _, _| {
        let begin = |path: &str, input| json_to(client.request("POST", path), input);
        let ended = client
            .send(begin(
                "/api/orchestrators/chain?timeout=30&pollingInterval=1",
                "3",
            ))
            .await;
        assert_eq!((ended.status, ended.text()), (200, "\"3\""));
        let failed = client
            .send(begin("/api/orchestrators/bad?timeout=30", "\"x\""))
            .await;
        assert_eq!(
            (failed.status, &failed.json()["runtimeStatus"]),
            (200, &json!("Failed"))
        );
        let open = client
            .send(begin("/api/orchestrators/wait?timeout=0.1", "1"))
            .await;
        assert_eq!(open.status, 202, "{}", open.text());
        assert!(open.json()["statusQueryGetUri"].is_string());
    })
    .await;
}

#[tokio::test]
async fn a_text_that_a_workflow_does_not_take_is_read_as_the_json_in_it() {
    everywhere(async |client, deployment, _| {
        let path_of = |workflow: &str| format!("/api/orchestrators/{workflow}?timeout=30");
        let begin = async |workflow: &str, input: &'static str| {
            let request = client.request("POST", &path_of(workflow));
            client.send(json_to(request, input)).await
        };
        for input in ["3", r#""3""#, r#"" 3 ""#] {
            let ended = begin("chain", input).await;
            assert_eq!((ended.status, ended.text()), (200, "\"3\""), "{input}");
        }
        // One text is in another: once is enough.
        for input in [r#""x""#, r#""{\"steps\": 3}""#, r#""\"3\"""#, r#""""#] {
            let refused = begin("chain", input).await;
            let (code, target, _) = refused.problem();
            assert_eq!((refused.status, &*code), (422, "InvalidBody"), "{input}");
            assert_eq!(target.as_deref(), Some("body"), "{input}");
        }
        // What takes a text, or anything, has it as it came.
        let failed = begin("bad", r#""3""#).await.json();
        assert_eq!(failed["input"], "3");
        let output = failed["output"].as_str().unwrap();
        assert!(output.contains("boom 3"), "{output}");
        let uris = started(client, "wait", r#""{\"a\": 1}""#).await;
        let status = path(deployment, &uris, "statusQueryGetUri", "");
        let told = is(client, &status, "Running").await;
        assert_eq!(told["input"], r#"{"a": 1}"#);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_named() {
    everywhere(async |client, _, _| {
        let uris = started(client, "wait", "1").await;
        let id = uris["id"].as_str().unwrap();
        let code = KEY.replace(' ', "+");
        let instance = format!("{BASE}/instances/{id}");
        let long = "x".repeat(1_001);
        for (method, path, body, status, expected, target) in [
            (
                "POST",
                "/api/orchestrators/nope".to_owned(),
                "{}",
                404,
                "UnknownFunction",
                Some("functionName"),
            ),
            (
                "POST",
                "/api/orchestrators/inc".to_owned(),
                "1",
                404,
                "UnknownFunction",
                Some("functionName"),
            ),
            (
                "POST",
                "/api/orchestrators/chain".to_owned(),
                "{",
                400,
                "MalformedBody",
                Some("body"),
            ),
            (
                "POST",
                "/api/orchestrators/chain".to_owned(),
                "\"x\"",
                422,
                "InvalidBody",
                Some("body"),
            ),
            (
                "POST",
                "/api/orchestrators/chain?timeout=x".to_owned(),
                "1",
                400,
                "InvalidQuery",
                Some("timeout"),
            ),
            (
                "GET",
                format!("{instance}?showHistory=maybe"),
                "",
                400,
                "InvalidQuery",
                Some("showHistory"),
            ),
            (
                "GET",
                format!("{instance}?taskHub=other"),
                "",
                404,
                "NotFound",
                None,
            ),
            (
                "POST",
                format!("{instance}/suspend?reason={long}"),
                "",
                400,
                "InvalidQuery",
                Some("reason"),
            ),
            (
                "POST",
                format!("{instance}/raiseEvent/x"),
                "{nope",
                400,
                "MalformedBody",
                Some("body"),
            ),
            (
                "POST",
                format!("{instance}/raiseEvent/{}", "x".repeat(257)),
                "1",
                400,
                "InvalidEventName",
                Some("eventName"),
            ),
            (
                "POST",
                format!("{instance}/rewind"),
                "",
                412,
                "WrongStatus",
                None,
            ),
            ("DELETE", instance.clone(), "", 412, "WrongStatus", None),
            (
                "POST",
                format!("{instance}/restart?restartWithNewInstanceId=false"),
                "",
                412,
                "WrongStatus",
                None,
            ),
            (
                "POST",
                format!("{BASE}/instances/nope/restart"),
                "",
                400,
                "UnknownInstance",
                None,
            ),
            (
                "POST",
                format!("{BASE}/instances/nope/terminate"),
                "",
                404,
                "NotFound",
                None,
            ),
            (
                "DELETE",
                format!("{BASE}/instances"),
                "",
                400,
                "InvalidQuery",
                Some("createdTimeFrom"),
            ),
            (
                "GET",
                format!("{BASE}/instances?top=1001"),
                "",
                400,
                "InvalidQuery",
                Some("top"),
            ),
            (
                "GET",
                format!("{BASE}/instances?runtimeStatus=Failed,Nope"),
                "",
                400,
                "InvalidQuery",
                Some("runtimeStatus"),
            ),
        ] {
            let sign = if path.contains('?') { '&' } else { '?' };
            let request = client.request(method, &format!("{path}{sign}code={code}"));
            let reply = client.send(json_to(request, body)).await;
            assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
            let (code, named, _) = reply.problem();
            assert_eq!(
                (code.as_str(), named.as_deref()),
                (expected, target),
                "{method} {path}"
            );
        }
        // The Functions host does not pass on of what type nothing is.
        let nothing = client.keyed("POST", &format!("{instance}/raiseEvent/x"));
        assert_eq!(client.send(json_to(nothing, "")).await.status, 400);
        let text = client.keyed("POST", &format!("{instance}/raiseEvent/x"));
        let text = client
            .send(text.header("content-type", "text/plain").body("hello"))
            .await;
        assert_eq!((text.status, text.problem().0.as_str()), (400, "NotJson"));
    })
    .await;
}

#[tokio::test]
async fn a_failed_instance_is_rewound_and_a_known_one_restarted() {
    everywhere(async |client, deployment, _| {
        let uris = started(client, "bad", "\"x\"").await;
        let status = path(deployment, &uris, "statusQueryGetUri", "");
        is(client, &status, "Failed").await;
        let failed = client
            .get(&format!("{status}&returnInternalServerErrorOnFailure=true"))
            .await;
        assert_eq!(
            (failed.status, &failed.json()["runtimeStatus"]),
            (500, &json!("Failed"))
        );
        let rewind = path(deployment, &uris, "rewindPostUri", "mended");
        assert_eq!(post(client, &rewind).await.status, 202);
        is(client, &status, "Failed").await;

        let uris = started(client, "chain", "2").await;
        let status = path(deployment, &uris, "statusQueryGetUri", "");
        is(client, &status, "Completed").await;
        let restart = path(deployment, &uris, "restartPostUri", "");
        let another = post(client, &restart).await.json();
        assert_ne!(another["id"], uris["id"]);
        let another = path(deployment, &another, "statusQueryGetUri", "");
        assert_eq!(is(client, &another, "Completed").await["output"], "2");
        let same = post(client, &format!("{restart}&restartWithNewInstanceId=false")).await;
        assert_eq!((same.status, &same.json()["id"]), (202, &uris["id"]));
        assert_eq!(is(client, &status, "Completed").await["output"], "2");
    })
    .await;
}

#[tokio::test]
async fn a_list_leaves_out_what_is_large() {
    everywhere(async |client, deployment, _| {
        let large = json!("x".repeat(70_000)).to_string();
        let begun = client.request("POST", "/api/orchestrators/wait");
        let uris = client.send(json_to(begun, large.clone())).await.json();
        let to = |name: &str, words: &str| path(deployment, &uris, name, words);
        let event = client.request("POST", &to("sendEventPostUri", "Approved"));
        let raised = client.send(json_to(event, large.clone())).await;
        assert_eq!(raised.status, 202, "{}", raised.text());
        let whole = is(client, &to("statusQueryGetUri", ""), "Completed").await;
        assert_eq!(whole["input"].to_string(), large);
        assert_eq!(whole["output"]["got"].to_string(), large);

        let listed = client.get_keyed(&format!("{BASE}/instances")).await.json();

        let shown = json!({"input": null, "output": null});
        let mut expected = whole.clone();
        let mut shown = shown.as_object().unwrap().clone();
        expected.as_object_mut().unwrap().append(&mut shown);
        assert_eq!(listed, json!([expected]));
    })
    .await;
}

#[tokio::test]
async fn instances_are_listed_in_pages_and_deleted_by_filter() {
    everywhere(async |client, deployment, _| {
        client.run(r#"{"number": 5}"#).await;
        let mut ids = Vec::new();
        for _ in 0..5 {
            let uris = started(client, "chain", "1").await;
            is(
                client,
                &path(deployment, &uris, "statusQueryGetUri", ""),
                "Completed",
            )
            .await;
            ids.push(uris["id"].as_str().unwrap().to_owned());
        }
        let open = started(client, "wait", "1").await;
        is(
            client,
            &path(deployment, &open, "statusQueryGetUri", ""),
            "Running",
        )
        .await;

        let (mut listed, mut token) = (Vec::new(), None::<String>);
        loop {
            let mut request =
                client.keyed("GET", &format!("{BASE}/instances?top=2&showInput=false"));
            if let Some(token) = &token {
                request = request.header("x-ms-continuation-token", token);
            }
            let page = client.send(request).await;
            let instances = page.json();
            for instance in instances.as_array().unwrap() {
                assert!(instance["input"].is_null());
                listed.push(instance["instanceId"].as_str().unwrap().to_owned());
            }
            token = page.header("x-ms-continuation-token").map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        let mut expected = ids.clone();
        expected.push(open["id"].as_str().unwrap().to_owned());
        expected.reverse();
        assert_eq!(listed, expected);

        for (query, count) in [
            ("runtimeStatus=Completed", 5),
            ("runtimeStatus=Running&runtimeStatus=Pending", 1),
            ("createdTimeFrom=2100-01-01T00:00:00Z", 0),
            ("createdTimeTo=2020-01-01T00:00:00Z", 0),
            // .NET's last time of all.
            ("createdTimeTo=9999-12-31T23:59:59.9999999Z", 6),
            ("top=0", 0),
            (&format!("instanceIdPrefix={}", ids[1]), 1),
        ] {
            let page = client.get_keyed(&format!("{BASE}/instances?{query}")).await;
            assert_eq!(page.json().as_array().unwrap().len(), count, "{query}");
            assert_eq!(page.header("x-ms-continuation-token"), None, "{query}");
        }
        let last = "9999-12-31T23:59:59.9999999Z";
        let all =
            format!("{BASE}/instances?createdTimeFrom=2020-01-01T00:00:00Z&createdTimeTo={last}");
        let deleted = client.send(client.keyed("DELETE", &all)).await;
        assert_eq!(deleted.json(), json!({ "instancesDeleted": 5 }));
        assert_eq!(client.send(client.keyed("DELETE", &all)).await.status, 404);
        let left = client.get_keyed(&format!("{BASE}/instances")).await.json();
        assert_eq!(left[0]["instanceId"], open["id"]);
        let terminate = path(deployment, &open, "terminatePostUri", "end");
        assert_eq!(post(client, &terminate).await.status, 202);
        eventually("it can be deleted", async || {
            let deleted = client.send(client.keyed("DELETE", &all)).await;
            (deleted.status == 200).then_some(())
        })
        .await;
    })
    .await;
}
