//! The description, held against its file and against the route table.

use std::collections::BTreeSet;

use async_request_reply::api::ROUTES;
use serde_json::Value;

use super::committed::is_committed;
use super::served;
use crate::helpers::app::spawn_app;

#[tokio::test]
async fn the_description_in_the_repository_is_the_one_that_is_served() {
    let app = spawn_app();
    let reply = app.client.get("/api/openapi.json").await;
    is_committed("openapi.json", &(reply.text().to_owned() + "\n"));
}

#[tokio::test]
async fn every_route_is_described_and_nothing_else() {
    let app = spawn_app();
    let description = served(&app).await;
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1."));
    let mut described = BTreeSet::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let keyed = operation.get("security").is_some();
            // Submission may have a key, and needs none where it has not.
            let may_be_keyed = keyed || operation["operationId"] == "create_task";
            assert_eq!(
                operation["responses"].get("401").is_some(),
                may_be_keyed,
                "{method} {path}"
            );
            described.insert((path.clone(), method.to_uppercase(), keyed));
        }
    }
    let routes = ROUTES.iter().flat_map(|route| {
        let keyed = |method: &str| (route.path.to_owned(), method.to_owned(), route.keyed);
        route
            .methods
            .iter()
            .map(move |method| keyed(method.as_str()))
    });
    assert_eq!(described, routes.collect());
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
