//! The description, held against its file and against the route table.

use std::collections::BTreeSet;

use async_request_reply::api::ROUTES;
use serde_json::Value;

use super::committed::is_committed;
use super::{Operation, operations, resolved, served};
use crate::helpers::app::{spawn_app, spawn_standard_app_with};

#[tokio::test]
async fn the_description_in_the_repository_is_the_one_that_is_served() {
    let app = spawn_standard_app_with(|_| ());
    let reply = app.client.get("/api/openapi.json").await;
    is_committed("openapi.json", &(reply.text().to_owned() + "\n"));
}

#[tokio::test]
async fn every_route_is_described_but_for_heads_and_the_files_of_the_page() {
    let app = spawn_app();
    let description = served(&app).await;
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1."));
    let mut described = BTreeSet::new();
    for Operation {
        path,
        method,
        value,
    } in operations(&description)
    {
        let keyed = value.get("security").is_some();
        // Submission may have a key, and needs none where it has not; a callback has a token.
        let own = ["acceptWork", "createTask", "postCallback"].map(Value::from);
        // Those of one instance take its code.
        let takes_code = path.contains("/instances/{instance}") || path.contains("/orchestrators/");
        let may_be_refused = keyed || takes_code || own.contains(&value["operationId"]);
        let tells = value["responses"].get("401").is_some();
        assert_eq!(tells, may_be_refused, "{method} {path}");
        described.insert((path.to_owned(), method.to_uppercase(), keyed));
    }
    let routes = ROUTES.iter().flat_map(|route| {
        let keyed = |method: &str| (route.path.to_owned(), method.to_owned(), route.is_keyed());
        let described = route.methods.iter().filter(|method| **method != "HEAD");
        described.map(move |method| keyed(method.as_str()))
    });
    let routes = routes.filter(|(path, _, _)| path != "/api/docs/{file}");
    assert_eq!(described, routes.collect());
}

#[tokio::test]
async fn an_operation_is_named_after_its_function_in_camel_case() {
    let app = spawn_app();
    let description = served(&app).await;
    let named: BTreeSet<_> = operations(&description)
        .iter()
        .map(|operation| operation.value["operationId"].as_str().unwrap().to_owned())
        .collect();
    let functions = [
        "acceptWork",
        "cancelOperation",
        "clearMessages",
        "createMessage",
        "createTask",
        "deleteDeadLetters",
        "deleteOperation",
        "getDeadLetter",
        "enqueue",
        "getDocs",
        "getHealth",
        "getKinds",
        "getMessages",
        "getMetrics",
        "getNextMessage",
        "getOpenapi",
        "getOpenapi30",
        "getOperation",
        "getOperationResult",
        "getRequestStatus",
        "getStatus",
        "getQueueLength",
        "getTask",
        "listDeadLetters",
        "leaseMessages",
        "listOperations",
        "peekMessages",
        "popMessage",
        "postCallback",
        "replayDeadLetter",
        "replayDeadLetters",
        "retryOperation",
        "updateMessage",
        "startOrchestrator",
        "startNamedOrchestrator",
        "createInstance",
        "createNamedInstance",
        "listInstances",
        "getInstance",
        "getOperationHistory",
        "raiseEvent",
        "suspendInstance",
        "resumeInstance",
        "terminateInstance",
        "rewindInstance",
        "restartInstance",
        "deleteInstance",
        "deleteInstances",
    ];
    assert_eq!(named, BTreeSet::from(functions.map(str::to_owned)));
}

#[tokio::test]
async fn the_description_names_the_kinds_of_the_process() {
    let standard = spawn_standard_app_with(|_| ());
    let with_more = spawn_app();
    for (app, expected) in [(&standard, false), (&with_more, true)] {
        let description = served(app).await;
        let kind = &description["components"]["schemas"]["KindSubmission"]["properties"]["kind"];
        let names = kind["examples"].as_array().unwrap();
        for (name, is_there) in [("fibonacci", true), ("hopeless", expected)] {
            assert_eq!(names.contains(&name.into()), is_there, "{name}");
            let told = kind["description"].as_str().unwrap();
            assert_eq!(told.contains(&format!("`{name}`")), is_there, "{told}");
        }
    }
}

#[tokio::test]
async fn everything_that_may_be_sent_and_got_is_told_of() {
    let app = spawn_app();
    let description = served(&app).await;
    let tells = |value: &Value| {
        value["description"]
            .as_str()
            .is_some_and(|it| !it.is_empty())
    };
    for Operation { path, value, .. } in operations(&description) {
        assert!(tells(value) && value["summary"].is_string(), "{path}");
        for parameter in value["parameters"].as_array().into_iter().flatten() {
            assert!(tells(parameter), "{path} {parameter}");
        }
        for (status, response) in value["responses"].as_object().unwrap() {
            let response = resolved(&description, response);
            assert!(tells(response), "{path} {status}");
            for (name, header) in response["headers"].as_object().into_iter().flatten() {
                assert!(tells(header), "{path} {status} {name}");
            }
        }
    }
    let submit = &description["paths"]["/api/tasks"]["post"];
    assert!(submit["responses"].get("408").is_some());
    assert_eq!(description["info"]["license"]["identifier"], "MIT");
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let app = spawn_app();
    let description = served(&app).await;
    let mut references = BTreeSet::new();
    collect_references(&description, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(description.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect_references(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                into.insert(reference.clone());
            }
            fields
                .values()
                .for_each(|value| collect_references(value, into));
        }
        Value::Array(values) => values
            .iter()
            .for_each(|value| collect_references(value, into)),
        _ => {}
    }
}
