//! The routes that are not for everybody.

use crate::helpers::app::{App, spawn_app, spawn_app_with};
use crate::helpers::reply::Reply;
use async_request_reply::config::Secret;

const KEY: &str = "k3y with+all&sorts";

fn spawn_keyed() -> App {
    spawn_app_with(|config| config.api_key = Some(Secret::new(KEY)))
}

async fn metrics(app: &App, query: &str, headers: &[(&str, &str)]) -> Reply {
    let request = app.client.request("GET", &format!("/api/metrics{query}"));
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    app.client.send(request).await
}

#[tokio::test]
async fn the_key_opens_by_header_and_by_query() {
    let app = spawn_keyed();
    for (query, headers) in [
        ("", &[("x-functions-key", KEY)][..]),
        ("?code=k3y%20with%2Ball%26sorts", &[]),
        ("?a=b&code=k3y+with%2Ball%26sorts", &[]),
    ] {
        assert_eq!(metrics(&app, query, headers).await.status, 200, "{query}");
    }
}

#[tokio::test]
async fn without_the_key_nothing_opens() {
    let app = spawn_keyed();
    for (query, key) in [
        ("", None),
        ("?code=", None),
        ("?code=k3y", None),
        ("?Code=k3y%20with%2Ball%26sorts", None),
        ("", Some("")),
        ("", Some("k3y")),
        ("", Some("K3Y WITH+ALL&SORTS")),
        ("", Some("k3y with+all&sorts!")),
        // The header counts when both are there.
        ("?code=k3y%20with%2Ball%26sorts", Some("k3y")),
    ] {
        let headers: Vec<_> = key
            .map(|key| ("x-functions-key", key))
            .into_iter()
            .collect();
        let reply = metrics(&app, query, &headers).await;
        assert_eq!(reply.status, 401, "{query} {key:?}");
        assert_eq!(reply.problem().0, "InvalidKey");
        assert_eq!(reply.header("www-authenticate"), Some("FunctionsKey"));
        assert!(!reply.text().contains("k3y"));
    }
}

#[tokio::test]
async fn a_key_is_asked_for_by_the_keyed_routes_alone() {
    let app = spawn_keyed();
    let id = app.client.run(r#"{"number": 24}"#).await;
    assert_eq!(app.client.monitor(&id).await.status, 200);
    assert_eq!(app.client.fetch(&id).await.status, 200);
    assert_eq!(app.client.get("/api/health").await.status, 200);
}

#[tokio::test]
async fn without_a_key_in_the_settings_this_machine_alone_may() {
    let app = spawn_app();
    assert_eq!(metrics(&app, "", &[]).await.status, 200);
    for header in [
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-host", "tasks.example"),
        ("forwarded", "for=192.0.2.1"),
    ] {
        assert_eq!(metrics(&app, "", &[header]).await.status, 401, "{header:?}");
    }
}
