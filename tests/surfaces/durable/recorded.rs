//! The conversation that was recorded with Durable Functions 3.15, request by request. Where this service means to
//! answer otherwise, the table says so, and why.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{BASE, deployed, is, started};
use crate::helpers::client::{Client, KEY};
use crate::helpers::deployment::{Deployment, Setting};
use crate::helpers::eventually::eventually;
use crate::helpers::reply::Reply;

const RECORDED: &str = include_str!("../../vectors/durable-functions-http.json");

/// Durable Functions' own prefix, which the Functions host keeps for itself.
const ALIAS: &str = "/runtime/webhooks/durabletask";

/// What this service answers otherwise: the case, the status, and why.
const OTHERWISE: [(&str, u16, &str); 25] = [
    ("status, HEAD", 200, "HEAD works wherever GET does"),
    (
        "PUT on status",
        405,
        "a method that a resource does not have",
    ),
    ("status, bad boolean", 400, NOT_READ),
    (
        "start unknown function (start function throws)",
        404,
        "told at once",
    ),
    (
        "start, bad JSON",
        400,
        "a client's fault is none of the service's",
    ),
    ("suspend again", 202, "it is as its client wants it"),
    ("resume again", 202, "it is as its client wants it"),
    ("list bad status", 400, NOT_READ),
    ("list bad time", 400, NOT_READ),
    ("list bad top", 400, NOT_READ),
    ("list bad token", 400, NOT_READ),
    ("built-in start, unknown", 404, "told at once"),
    (
        "built-in start, bad JSON",
        400,
        "a client's fault is none of the service's",
    ),
    ("built-in start, bad timeout", 400, NOT_READ),
    ("built-in start, odd id", 400, NO_ID),
    ("built-in start, id with @", 400, NO_ID),
    ("built-in start, long id", 400, NO_ID),
    ("entities list", 404, "there are no entities"),
    // Those below have the recorded status, and a body of their own.
    (
        "status while pending or running",
        0,
        "the work may be done by then",
    ),
    (
        "list top 0",
        200,
        "nothing was asked for, so nothing goes on",
    ),
    ("list", 200, NEWEST_FIRST),
    ("list, first page again", 200, NEWEST_FIRST),
    ("list, next page", 200, NEWEST_FIRST),
    ("list by time", 200, NEWEST_FIRST),
    (
        "own id again",
        409,
        "a problem document, as all failures are",
    ),
];

const NOT_READ: &str = "what cannot be read is not guessed";
const NO_ID: &str = "such an id cannot be a part of every path";
const NEWEST_FIRST: &str = "the newest come first";

/// The fields of an instance, in the order in which they are written.
const FIELDS: [&str; 8] = [
    "name",
    "instanceId",
    "runtimeStatus",
    "input",
    "customStatus",
    "output",
    "createdTime",
    "lastUpdatedTime",
];

/// A recorded request and its reply.
struct Case {
    name: String,
    request: Value,
    reply: Value,
}

fn cases() -> Vec<Case> {
    let all: Vec<Value> = serde_json::from_str(RECORDED).unwrap();
    let case = |case: &Value| Case {
        name: case["case"].as_str().unwrap().to_owned(),
        request: case["request"].clone(),
        reply: case["reply"].clone(),
    };
    all.iter().map(case).collect()
}

/// The recorded ids of instances, each with ours.
type Ids = BTreeMap<String, String>;

#[tokio::test]
async fn the_recorded_conversation_is_answered_by_itself() {
    replay(Setting::Embedded).await;
}

#[tokio::test]
async fn the_recorded_conversation_is_answered_over_a_storage_account() {
    replay(Setting::Azurite).await;
}

#[tokio::test]
async fn the_recorded_conversation_is_answered_under_the_functions_host() {
    replay(Setting::Hosted).await;
}

async fn replay(setting: Setting) {
    let deployment = deployed(setting).await;
    let client = &deployment.client;
    let mut ids = Ids::new();
    // What was begun before the recording.
    for (recorded, workflow, input) in [
        ("c040f2f2c79e4c87a54105ff11f2c531", "Bad", "\"x\""),
        ("bb8d72ecf5dc45359bc32fe8ec6260e6", "Wait", "null"),
        ("a9df79cfc8374ca5a1f0449848379c7a", "Wait", "null"),
        ("fab74b194a834cd1a473c11eab93277e", "Sub", "null"),
    ] {
        let uris = started(client, workflow, input).await;
        ids.insert(recorded.to_owned(), uris["id"].as_str().unwrap().to_owned());
    }
    let mut token = None;
    for case in cases() {
        // The host itself answers what no function takes, and ends a path at an encoded `#`.
        let is_the_hosts = ["PUT on status", "built-in start, odd id"].contains(&&*case.name);
        if setting == Setting::Hosted && is_the_hosts {
            continue;
        }
        let path = ours(&case, &ids, setting);
        let settled = case.reply["body"]["runtimeStatus"].as_str();
        if let Some(status) = settled
            && case.request["method"] == "GET"
            && OTHERWISE.iter().all(|(known, _, _)| *known != case.name)
        {
            is(client, &with_key(&path), status).await;
        }
        let reply = send(client, &case, &path, token.as_deref()).await;
        check(&case, &reply, &mut ids, &deployment);
        if let Some(next) = reply.header("x-ms-continuation-token") {
            token = Some(next.to_owned());
        }
        if case.name == "rewind failed" {
            // What was tried again fails again; until then it is as it was recorded.
            settle(client, &ids, setting).await;
        }
    }
}

async fn settle(client: &Client, ids: &Ids, setting: Setting) {
    let id = &ids["c040f2f2c79e4c87a54105ff11f2c531"];
    let path = with_key(&format!("{}/instances/{id}", prefix(setting)));
    eventually("it has failed again", async || {
        let told = client.get(&path).await.json();
        (told["runtimeStatus"] == "Failed").then_some(())
    })
    .await;
}

fn prefix(setting: Setting) -> &'static str {
    if setting == Setting::Hosted {
        BASE
    } else {
        ALIAS
    }
}

/// The recorded path and query as they are here.
fn ours(case: &Case, ids: &Ids, setting: Setting) -> String {
    let url = case.request["url"].as_str().unwrap();
    let path = url.strip_prefix("http://HOST").unwrap();
    let path = path.replace(ALIAS, prefix(setting));
    let path = path.replace("taskHub=hub1", "taskHub=TaskHub");
    let path = path.replace("createdTimeTo=2026-11-26", "createdTimeTo=2100-01-01");
    let path = path.replace("aaaa…(300)", &"a".repeat(300));
    // Newer ids begin alike.
    let path = path.replace(
        "instanceIdPrefix=236a",
        "instanceIdPrefix=236a00ea31704f048183e254cce0ba4f",
    );
    let code = match case.name.as_str() {
        "status, wrong code" => "code=wrong".to_owned(),
        _ => format!("code={}", KEY.replace(' ', "%20")),
    };
    let path = path.replace("code=CODE", &code);
    ids.iter()
        .fold(path, |path, (recorded, ours)| path.replace(recorded, ours))
}

fn with_key(path: &str) -> String {
    let sign = if path.contains('?') { '&' } else { '?' };
    match path.contains("code=") {
        true => path.to_owned(),
        false => format!("{path}{sign}code={}", KEY.replace(' ', "%20")),
    }
}

async fn send(client: &Client, case: &Case, path: &str, token: Option<&str>) -> Reply {
    let mut request = client.request(case.request["method"].as_str().unwrap(), path);
    for (name, value) in case.request["headers"].as_object().unwrap() {
        let value = match (name.as_str(), case.name.as_str()) {
            ("x-ms-continuation-token", "list, next page") => token.unwrap().to_owned(),
            _ => value.as_str().unwrap().to_owned(),
        };
        request = request.header(name, value);
    }
    if let Some(body) = case.request["body"].as_str() {
        request = request.body(body.to_owned());
    }
    client.send(request).await
}

fn check(case: &Case, reply: &Reply, ids: &mut Ids, deployment: &Deployment) {
    let name = &case.name;
    let otherwise = OTHERWISE.iter().find(|(known, _, _)| known == name);
    let recorded = case.reply["status"].as_u64().unwrap();
    let expected = match otherwise {
        Some((_, 0, _)) => u64::from(reply.status),
        Some((_, status, _)) => u64::from(*status),
        None => recorded,
    };
    assert_eq!(
        u64::from(reply.status),
        expected,
        "{name}: {}",
        reply.text()
    );
    if u64::from(reply.status) != recorded || reply.status >= 400 {
        return;
    }
    let header = |header: &str| case.reply["headers"][header].as_str();
    assert_eq!(reply.header("retry-after"), header("Retry-After"), "{name}");
    let body = &case.reply["body"];
    if let Some(uris) = body
        .as_object()
        .filter(|uris| uris.contains_key("statusQueryGetUri"))
    {
        begun(name, reply, uris, ids, deployment);
    } else if body.get("runtimeStatus").is_some() {
        assert_eq!(
            reply.header("location").is_some(),
            header("Location").is_some(),
            "{name}"
        );
        let places = FIELDS
            .iter()
            .map(|field| reply.text().find(&format!("\"{field}\":")));
        assert!(
            places.clone().is_sorted() && places.clone().all(|place| place.is_some()),
            "{name}"
        );
        instance(name, &reply.json(), body, ids);
    } else if let (
        Some(recorded),
        "list failed" | "list two statuses" | "list repeated" | "list prefix",
    ) = (body.as_array(), name.as_str())
    {
        let ours = reply.json();
        let ours = ours.as_array().unwrap();
        assert_eq!(ours.len(), recorded.len(), "{name}");
        for recorded in recorded {
            let id = &ids[recorded["instanceId"].as_str().unwrap()];
            let ours = ours.iter().find(|ours| ours["instanceId"] == **id);
            instance(name, ours.expect(id), recorded, ids);
        }
    } else if let Some(recorded) = body.as_array() {
        let ours = reply.json();
        let ours = ours.as_array().unwrap();
        assert_eq!(ours.len(), recorded.len(), "{name}");
        for (ours, recorded) in ours.iter().zip(recorded) {
            assert_eq!(keys(ours), keys(recorded), "{name}");
        }
        if name != "list top 0" {
            let has = |token: Option<&str>| token.is_some();
            let theirs = header("x-ms-continuation-token");
            assert_eq!(
                has(reply.header("x-ms-continuation-token")),
                has(theirs),
                "{name}"
            );
        }
    } else {
        // What has a body has it as JSON.
        match reply.text() {
            "" => assert_eq!(body, "", "{name}"),
            _ => assert_eq!(reply.json(), *body, "{name}"),
        }
    }
}

/// What a start answers: the same URIs, and one for R2's older clients.
fn begun(
    name: &str,
    reply: &Reply,
    recorded: &serde_json::Map<String, Value>,
    ids: &mut Ids,
    deployment: &Deployment,
) {
    let ours = reply.json();
    let (recorded_id, id) = (
        recorded["id"].as_str().unwrap(),
        ours["id"].as_str().unwrap(),
    );
    ids.insert(recorded_id.to_owned(), id.to_owned());
    let mut names = keys(&ours);
    names.retain(|key| *key != "rewindPostUri");
    assert_eq!(names, recorded.keys().collect::<Vec<_>>(), "{name}");
    assert_eq!(
        reply.header("location"),
        ours["statusQueryGetUri"].as_str(),
        "{name}"
    );
    for (key, uri) in recorded.iter().filter(|(key, _)| *key != "id") {
        let (theirs, _) = uri.as_str().unwrap().split_once("taskHub").unwrap();
        let (ours, query) = ours[key].as_str().unwrap().split_once("taskHub").unwrap();
        let theirs = theirs.replace(recorded_id, id);
        let (_, theirs) = theirs.split_once("durabletask").unwrap();
        let ours = deployment.path_of(ours);
        assert!(ours.ends_with(theirs), "{name}: {key} {ours}");
        assert!(
            query.starts_with("=TaskHub&connection=Storage&code="),
            "{name}: {query}"
        );
    }
}

/// An instance: the same fields in the same order, and but for times and ids the same values.
fn instance(name: &str, ours: &Value, recorded: &Value, ids: &Ids) {
    assert_eq!(keys(ours), keys(recorded), "{name}");
    // One that was begun and waited for in one request has no other to know its id from.
    match ids.get(recorded["instanceId"].as_str().unwrap()) {
        Some(id) => assert_eq!(ours["instanceId"], **id, "{name}"),
        None => assert_eq!(name, "built-in start, wait, failed"),
    }
    let theirs = recorded["name"].as_str().unwrap().to_ascii_lowercase();
    assert_eq!(ours["name"], *theirs, "{name}");
    if name != "status while pending or running" {
        assert_eq!(ours["runtimeStatus"], recorded["runtimeStatus"], "{name}");
        assert_eq!(ours["input"], recorded["input"], "{name}");
    }
    for time in ["createdTime", "lastUpdatedTime"] {
        let ours = ours[time].as_str().unwrap();
        assert_eq!(ours.len(), "2026-11-25T20:57:08Z".len(), "{name}: {ours}");
    }
    let stage = |status: &Value| status["stage"].clone();
    assert_eq!(
        stage(&ours["customStatus"]),
        stage(&recorded["customStatus"]),
        "{name}"
    );
    match recorded["runtimeStatus"].as_str().unwrap() {
        // The sentences are each product's own.
        "Failed" => {
            let output = ours["output"].as_str().unwrap();
            assert!(output.contains("boom x"), "{name}: {output}");
        }
        "Pending" => {}
        _ => assert_eq!(ours["output"], recorded["output"], "{name}"),
    }
    let events = recorded["historyEvents"].as_array();
    for recorded in events.into_iter().flatten() {
        let kind = recorded["EventType"].as_str().unwrap();
        // Of these the journal keeps nothing: the status has the last reason.
        if ["ExecutionSuspended", "ExecutionResumed"].contains(&kind) {
            continue;
        }
        let ours = ours["historyEvents"].as_array().unwrap();
        let ours: Vec<_> = ours
            .iter()
            .filter(|event| event["EventType"] == *kind)
            .collect();
        assert!(!ours.is_empty(), "{name}: {kind}");
        assert_eq!(keys(ours[0]), keys(recorded), "{name}: {kind}");
    }
}

fn keys(value: &Value) -> Vec<&String> {
    value
        .as_object()
        .map(|fields| fields.keys().collect())
        .unwrap_or_default()
}
