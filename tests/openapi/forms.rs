//! The forms of the interactive page: each works as it comes, and works again.
//!
//! The page fills in what the description gives as an example or a default, and sends nothing for an
//! optional field that is empty.

use async_request_reply::config::Config;
use ports::Secret;
use serde_json::Value;
use uuid::Uuid;
use work::workflow::{Flow, Workflow};
use work::{Failure, Policy, any};

use super::{KEY, Operation, operations, resolved, served};
use crate::helpers::app::{App, spawn_app_of, spawn_app_with};
use crate::helpers::eventually::eventually;
use crate::helpers::queues;
use crate::helpers::reply::Reply;

/// An instance that ends, one that fails, and one that waits for an hour.
const ENDS: &str = r#"{"kind": "flow-chain", "input": {"number": 2}}"#;
const FAILS: &str = r#"{"kind": "flow-checked", "input": {"number": 4000000000}}"#;
const WAITS: &str = r#"{"kind": "flow-approval", "input": {"number": 2, "milliseconds": 3600000}}"#;

/// A workflow for whatever a form has as its input.
struct Repeats;

impl Workflow for Repeats {
    type Input = Value;
    type Output = Value;

    async fn run(&self, _: Flow, input: Value) -> Result<Value, Failure> {
        Ok(input)
    }
}

/// What the page writes into the field of a parameter.
fn filled_in(description: &Value, parameter: &Value) -> Option<String> {
    let schema = resolved(description, &parameter["schema"]);
    let first = parameter["examples"]
        .as_object()
        .and_then(|examples| examples.values().next());
    let value = parameter
        .get("example")
        .or(first.map(|example| &example["value"]))
        .or(schema.get("example"))
        .or(schema.get("default"))?;
    Some(value.as_str().map_or(value.to_string(), str::to_owned))
}

/// The bodies to choose from.
fn bodies(operation: &Value) -> Vec<Option<String>> {
    let content = &operation["requestBody"]["content"]["application/json"];
    let Some(examples) = content["examples"].as_object() else {
        return vec![None];
    };
    let bodies = examples.values().map(|it| Some(it["value"].to_string()));
    bodies.collect()
}

/// What a person types: the id of a task or of an instance that this can be done to, or what else has no example.
async fn typed(app: &App, operation: &str, parameter: &str) -> String {
    let work = match (operation, parameter) {
        (_, "token") => {
            return app
                .kinds
                .callback()
                .split_once("?token=")
                .unwrap()
                .1
                .to_owned();
        }
        (_, "function") => return "repeats".to_owned(),
        (_, "event") => return "approved".to_owned(),
        (_, "createdTimeFrom") => {
            app.client.run(ENDS).await;
            return "2020-01-01T00:00:00Z".to_owned();
        }
        ("startNamedOrchestrator" | "createNamedInstance", _) => return Uuid::now_v7().to_string(),
        ("raiseEvent" | "terminateInstance" | "suspendInstance" | "resumeInstance", _) => {
            return app.client.accepted(WAITS).await;
        }
        ("rewindInstance", _) => FAILS,
        ("getInstance" | "deleteInstance" | "restartInstance" | "getOperationHistory", _) => ENDS,
        ("postCallback", _) => return handed_over(app).await,
        ("retryOperation" | "getDeadLetter" | "replayDeadLetter", _) => {
            r#"{"kind": "hopeless", "input": 0}"#
        }
        _ => r#"{"number": 24}"#,
    };
    app.client.run(work).await
}

/// The id of a task whose end somebody else reports.
async fn handed_over(app: &App) -> String {
    let id = app
        .client
        .accepted(r#"{"kind": "hands_over", "input": 1}"#)
        .await;
    eventually("the task is handed over", async || {
        let monitor = app.client.monitor(&id).await.json();
        (monitor["percentComplete"] == 10).then_some(())
    })
    .await;
    id
}

/// The id and the pop receipt of a message, which a person types as well.
async fn put_message(app: &App) -> (String, String) {
    let request = app.client.request("POST", "/api/queue/messages");
    let request = request.header("x-functions-key", KEY).body("1");
    let message = app.client.send(request).await.json();
    let text = |field: &str| message[field].as_str().unwrap().to_owned();
    (text("message_id"), text("pop_receipt"))
}

/// Sends the form of an operation.
async fn sent(
    app: &App,
    description: &Value,
    operation: &Operation<'_>,
    body: Option<&str>,
) -> Reply {
    let (mut path, mut query, mut headers) = (operation.path.to_owned(), String::new(), vec![]);
    let mut body = body.map(str::to_owned);
    let parameters = operation.value["parameters"].as_array();
    let operation_id = operation.value["operationId"].as_str().unwrap();
    for parameter in parameters.into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap();
        let value = match filled_in(description, parameter) {
            Some(value) => value,
            None if name == "message_id" => {
                let (id, receipt) = put_message(app).await;
                body = body.map(|body| body.replace("r2", &receipt));
                id
            }
            None if parameter["required"] == true => typed(app, operation_id, name).await,
            None => continue,
        };
        match parameter["in"].as_str() {
            Some("path") => path = path.replace(&format!("{{{name}}}"), &value),
            Some("query") => query += &format!("&{name}={value}"),
            _ => headers.push((name, value)),
        }
    }
    if ["replayDeadLetters", "deleteDeadLetters"].contains(&operation_id) {
        // A person says which are meant: nobody may mean all by saying nothing.
        query += "&all=true";
    }
    let method = operation.method.to_uppercase();
    let request = app.client.request(&method, &format!("{path}?{query}"));
    let mut request = request.header("x-functions-key", KEY);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json");
        request = request.body(body);
    }
    app.client.send(request).await
}

#[tokio::test]
async fn a_form_that_is_sent_as_it_comes_works_and_works_again() {
    let change = |config: &mut Config| {
        config.api_keys = vec![Secret::new(KEY)];
        config.raw_queue = Some(queues::name("own-messages"));
    };
    let app = spawn_app_of(change, |kinds, max_number| {
        let repeats = any::of_workflow(Repeats);
        kinds
            .registry(max_number)
            .with("repeats", repeats, Policy::default())
    });
    let description = served(&app).await;
    for operation in operations(&description) {
        let bodies = bodies(operation.value);
        for body in bodies.iter().chain(&bodies) {
            let reply = sent(&app, &description, &operation, body.as_deref()).await;
            let (method, path) = (operation.method, operation.path);
            assert!(
                (200..300).contains(&reply.status),
                "{method} {path}: {}",
                reply.text()
            );
            let described = operation.value["responses"].get(reply.status.to_string());
            assert!(described.is_some(), "{method} {path}: {}", reply.status);
        }
    }
}

/// An example in such a field is sent by those who did not ask for it.
#[tokio::test]
async fn a_field_that_may_be_empty_is_empty_or_has_its_default() {
    let app = spawn_app_with(|_| ());
    let description = served(&app).await;
    let mut seen = 0;
    for operation in operations(&description) {
        let parameters = operation.value["parameters"].as_array();
        for parameter in parameters.into_iter().flatten() {
            seen += 1;
            let filled_in = filled_in(&description, parameter);
            let default = parameter["schema"].get("default").map(Value::to_string);
            assert_eq!(filled_in, default, "{parameter}");
        }
    }
    assert!(seen > 10);
}
