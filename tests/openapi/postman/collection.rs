//! From a description and the steps of a conversation to a collection (v2.1).

use serde_json::{Value, json};

use crate::openapi::{Operation, operations};

const SCHEMA: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

/// One request of a conversation, and what is checked of its reply.
pub(super) struct Step {
    pub(super) name: &'static str,
    /// The operation's id in the description.
    pub(super) operation: &'static str,
    /// A step that may have to be repeated expects several.
    pub(super) statuses: &'static [u16],
    pub(super) query: &'static [(&'static str, &'static str)],
    pub(super) headers: &'static [(&'static str, &'static str)],
    pub(super) body: Option<&'static str>,
    /// Lines of JavaScript for what the status does not tell.
    pub(super) script: &'static [&'static str],
}

/// The step that asks for nothing special and expects 200.
pub(super) const PLAIN: Step = Step {
    name: "",
    operation: "",
    statuses: &[200],
    query: &[],
    headers: &[],
    body: None,
    script: &[],
};

/// The collection. A step that the description does not know fails.
pub(super) fn collection<'s>(description: &Value, steps: impl Iterator<Item = &'s Step>) -> Value {
    let items: Vec<_> = steps.map(|step| item(description, step)).collect();
    let variable = |key: &str, value: &str| json!({ "key": key, "value": value });
    json!({
        "info": {
            "name": description["info"]["title"],
            "description": "A whole conversation with the service, in order. Set baseUrl, and key for the requests that need one. Those to workflows need FILE_PROCESSING=true.",
            "schema": SCHEMA
        },
        "variable": [
            variable("baseUrl", "http://127.0.0.1:7071"),
            variable("key", ""),
            variable("id", ""),
            variable("etag", ""),
            variable("function", "OrchestratorFunc"),
            variable("instance", "my-instance"),
            variable("event", "Approved"),
            variable("messageId", ""),
            variable("popReceipt", ""),
            variable("run", "")
        ],
        "item": items
    })
}

fn item(description: &Value, step: &Step) -> Value {
    let Operation {
        path,
        method,
        value: operation,
    } = find(description, step.operation);
    for status in step.statuses {
        let documented = operation["responses"].get(status.to_string()).is_some();
        assert!(documented, "{} gives no {status}", step.operation);
    }
    let keyed = operation.get("security").is_some() && !step.statuses.contains(&401);
    let key = keyed.then_some(("x-functions-key", "{{key}}"));
    let content_type = step.body.map(|_| ("Content-Type", "application/json"));
    let headers: Vec<_> = content_type
        .into_iter()
        .chain(key)
        .chain(step.headers.iter().copied())
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect();
    let mut request = json!({
        "method": method.to_uppercase(),
        "header": headers,
        "url": url(path, step.query),
        "description": operation["summary"]
    });
    if let Some(body) = step.body {
        request["body"] =
            json!({ "mode": "raw", "raw": body, "options": { "raw": { "language": "json" } } });
    }
    json!({
        "name": step.name,
        "request": request,
        "response": [],
        "event": [{
            "listen": "test",
            "script": { "type": "text/javascript", "exec": script(step) }
        }]
    })
}

/// The operation of this id.
fn find<'d>(description: &'d Value, id: &str) -> Operation<'d> {
    operations(description)
        .into_iter()
        .find(|operation| operation.value["operationId"] == id)
        .unwrap_or_else(|| panic!("no operation has the id {id}"))
}

fn url(path: &str, query: &[(&str, &str)]) -> Value {
    let path = path.replace("{task_id}", "{id}");
    let path = path.replace("{message_id}", "{messageId}");
    // Variables of the collection have two braces, where parameters of the description have one.
    let path = path.replace('{', "{{").replace('}', "}}");
    let pairs: Vec<_> = query.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let question = if pairs.is_empty() { "" } else { "?" };
    let segments: Vec<_> = path.trim_start_matches('/').split('/').collect();
    let mut url = json!({
        "raw": format!("{{{{baseUrl}}}}{path}{question}{}", pairs.join("&")),
        "host": ["{{baseUrl}}"],
        "path": segments
    });
    if !query.is_empty() {
        let query = query.iter().map(|(k, v)| json!({ "key": k, "value": v }));
        url["query"] = query.collect();
    }
    url
}

fn script(step: &Step) -> Vec<String> {
    let mut lines = vec![format!(
        "pm.test('the status is {statuses}', () => pm.expect(pm.response.code).to.be.oneOf([{statuses}]));",
        statuses = step
            .statuses
            .iter()
            .map(u16::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    )];
    lines.extend(step.script.iter().map(|line| (*line).to_owned()));
    lines
}
