//! Durable Functions' HTTP API over workflows: the conversation that was recorded with that product, and what is ours.

mod access;
mod history;
mod instances;
mod names;
mod recorded;
mod tasks;

use reqwest::{Body, RequestBuilder};
use serde_json::Value;

use super::EVERYWHERE;
use crate::helpers::client::{Client, KEY};
use crate::helpers::deployment::{Deployment, Setting};
use crate::helpers::eventually::eventually;
use crate::helpers::reply::Reply;

/// Where the routes are in every mode.
const BASE: &str = "/api/durabletask";

/// Does a test on a service of each setting, which has the workflows of `tests/workflows_app`.
async fn everywhere(test: impl AsyncFn(&Client, &Deployment, Setting)) {
    for setting in EVERYWHERE {
        let deployment = deployed(setting).await;
        test(&deployment.client, &deployment, setting).await;
    }
}

pub(super) async fn deployed(setting: Setting) -> Deployment {
    let key = [("API_KEY", KEY)];
    let settings: &[_] = if setting == Setting::Hosted {
        &key
    } else {
        &[]
    };
    Deployment::start_as(env!("CARGO_BIN_EXE_workflows"), setting, settings).await
}

/// Begins an instance without an id of its own; gives what the start answers.
async fn started(client: &Client, workflow: &str, input: &'static str) -> Value {
    let path = format!("/api/orchestrators/{workflow}");
    let reply = client
        .send(json_to(client.request("POST", &path), input))
        .await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    reply.json()
}

fn json_to(request: RequestBuilder, body: impl Into<Body>) -> RequestBuilder {
    request
        .header("content-type", "application/json")
        .body(body)
}

/// A URI of a start as a path, with these words where it has a place for some.
fn path(deployment: &Deployment, uris: &Value, name: &str, words: &str) -> String {
    let uri = uris[name].as_str().unwrap();
    let uri = uri.replace("{eventName}", words).replace("{text}", words);
    deployment.path_of(&uri).to_owned()
}

/// Sends a request without a body to a URI of a start.
async fn post(client: &Client, path: &str) -> Reply {
    client.send(client.request("POST", path)).await
}

/// Waits until an instance is like this; gives how it is then.
async fn is(client: &Client, path: &str, expected: &str) -> Value {
    eventually(expected, async || {
        let told = client.get(path).await.json();
        Some(told).filter(|told| told["runtimeStatus"] == expected)
    })
    .await
}
