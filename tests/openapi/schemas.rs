//! The schemas, as generators of clients need them.

use serde_json::Value;

use super::{Operation, operations, served};
use crate::helpers::app::spawn_app;

/// A generated method has one type for what succeeds.
#[tokio::test]
async fn all_successes_of_an_operation_have_one_schema() {
    let app = spawn_app();
    let description = served(&app).await;
    for Operation { path, value, .. } in operations(&description) {
        let replies = value["responses"].as_object().unwrap();
        let mut schemas: Vec<_> = replies
            .iter()
            .filter(|(status, _)| status.starts_with('2'))
            .map(|(_, reply)| &reply["content"]["application/json"]["schema"])
            .collect();
        schemas.dedup();
        let [schema] = schemas[..] else {
            panic!("{path}: {schemas:?}");
        };
        assert!(schema.is_null() || schema["$ref"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn a_status_is_one_named_enumeration() {
    let app = spawn_app();
    let description = served(&app).await;
    let schemas = &description["components"]["schemas"];
    assert!(schemas["Status"]["enum"].is_array());
    // A report may say two of them.
    let reported = count(&schemas["Report"], "enum");
    assert_eq!(count(&description, "enum"), 1 + reported);
    let reference = "#/components/schemas/Status";
    for schema in ["Monitor", "ListedMonitor", "SubmittedTask"] {
        let status = &schemas[schema]["properties"]["status"];
        assert_eq!(status["$ref"], reference, "{schema}");
    }
    let list = &description["paths"]["/api/operations"]["get"]["parameters"];
    let filter = list
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "status");
    assert_eq!(filter.unwrap()["schema"]["$ref"], reference);
}

/// In how many places there is a field of this name.
fn count(value: &Value, name: &str) -> usize {
    match value {
        Value::Object(fields) => {
            let inside = fields.values().map(|value| count(value, name));
            usize::from(fields.contains_key(name)) + inside.sum::<usize>()
        }
        Value::Array(values) => values.iter().map(|value| count(value, name)).sum(),
        _ => 0,
    }
}

#[tokio::test]
async fn a_submission_is_one_of_two_that_have_names() {
    let app = spawn_app();
    let description = served(&app).await;
    let schemas = &description["components"]["schemas"];
    let members = schemas["Submission"]["anyOf"].as_array().unwrap();
    let names: Vec<_> = members
        .iter()
        .map(|it| it["$ref"].as_str().unwrap().rsplit('/').next().unwrap())
        .collect();
    assert_eq!(names, ["NumberSubmission", "KindSubmission"]);
    for name in names {
        assert!(schemas[name]["properties"].is_object(), "{name}");
    }
}

#[tokio::test]
async fn a_listed_monitor_has_the_types_of_a_monitor() {
    let app = spawn_app();
    let description = served(&app).await;
    let schemas = &description["components"]["schemas"];
    let whole = &schemas["Monitor"];
    let listed = schemas["ListedMonitor"]["properties"].as_object().unwrap();
    assert!(listed.len() > 5);
    for (name, property) in listed {
        assert_eq!(*property, whole["properties"][name], "{name}");
    }
    assert_eq!(schemas["ListedMonitor"]["required"], whole["required"]);
}

/// Of a task that was accepted, its monitor, and a result: what tells them apart, and holds for all.
#[tokio::test]
async fn what_a_submission_is_answered_with_has_a_monitors_fields_and_its_own() {
    let app = spawn_app();
    let description = served(&app).await;
    let schemas = &description["components"]["schemas"];
    let submitted = &schemas["SubmittedTask"];
    let monitor = schemas["Monitor"]["properties"].as_object().unwrap();
    for (name, property) in monitor {
        assert_eq!(submitted["properties"][name], *property, "{name}");
    }
    for name in ["number", "task_id"] {
        assert!(submitted["properties"][name].is_object(), "{name}");
    }
    assert!(submitted.get("required").is_none());
    assert_eq!(submitted["additionalProperties"], true);
}

#[tokio::test]
async fn an_exception_that_is_generated_has_the_detail_for_its_message() {
    let app = spawn_app();
    let description = served(&app).await;
    let problem = &description["components"]["schemas"]["Problem"]["properties"];
    assert_eq!(problem["detail"]["x-ms-primary-error-message"], true);
    assert_eq!(count(problem, "x-ms-primary-error-message"), 1);
}
