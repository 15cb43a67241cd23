//! The routes that are not for everybody.

use ports::Secret;

use crate::helpers::app::{App, spawn_app_with};
use crate::helpers::raw;
use crate::helpers::reply::Reply;

const KEY: &str = "k3y with+all&sorts";
const OTHER: &str = "another-k3y-é";

fn spawn_keyed() -> App {
    spawn_app_with(|config| config.api_keys = vec![Secret::new(KEY), Secret::new(OTHER)])
}

async fn metrics(app: &App, query: &str, headers: &[(&str, &str)]) -> Reply {
    let request = app.client.request("GET", &format!("/api/metrics{query}"));
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, value.as_bytes())
    });
    app.client.send(request).await
}

#[tokio::test]
async fn the_key_opens_by_header_as_a_token_and_by_query() {
    let app = spawn_keyed();
    for (query, headers) in [
        ("", &[("x-functions-key", KEY)][..]),
        ("", &[("authorization", "Bearer k3y with+all&sorts")]),
        ("", &[("authorization", "bearer  k3y with+all&sorts")]),
        ("?code=k3y%20with%2Ball%26sorts", &[]),
        ("?a=b&code=k3y+with%2Ball%26sorts", &[]),
        // A token that is for somebody else says nothing of the key.
        (
            "?code=k3y+with%2Ball%26sorts",
            &[("authorization", "Bearer a.b.c")],
        ),
    ] {
        assert_eq!(metrics(&app, query, headers).await.status, 200, "{query}");
    }
}

#[tokio::test]
async fn each_of_two_keys_opens() {
    let app = spawn_keyed();
    for (query, headers) in [
        ("", &[("x-functions-key", OTHER)][..]),
        ("", &[("authorization", "BEARER another-k3y-é")]),
        ("?code=another-k3y-%C3%A9", &[]),
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
        let (code, _, detail) = reply.problem();
        assert_eq!(code, "InvalidKey");
        for way in ["x-functions-key", "Authorization: Bearer", "code"] {
            assert!(detail.contains(way), "{detail}");
        }
        let challenge = reply.header("www-authenticate");
        assert_eq!(challenge, Some("FunctionsKey, Bearer"));
        assert!(!reply.text().contains("k3y"));
    }
    for token in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer k3y",
        "Basic k3y with+all&sorts",
    ] {
        let reply = metrics(&app, "", &[("authorization", token)]).await;
        assert_eq!(reply.status, 401, "{token}");
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

/// What a stock nginx sends (`proxy_pass http://127.0.0.1:7071;` alone): the name of the upstream, and
/// nothing of whom it forwards for.
#[tokio::test]
async fn nobody_is_let_in_for_where_a_request_comes_from() {
    let app = spawn_app_with(|config| config.api_keys = Vec::new());
    let id = app.client.run(r#"{"kind": "hopeless", "input": 0}"#).await;
    for line in [
        "GET /api/metrics HTTP/1.0".to_owned(),
        "GET /api/operations HTTP/1.0".to_owned(),
        format!("POST /api/operations/{id}:retry HTTP/1.1"),
    ] {
        let host = format!("Host: {}", app.address);
        for host in [host.as_bytes(), b"Host: localhost"] {
            let reply = raw::send(app.address, line.as_bytes(), &[host], b"").await;
            assert_eq!(reply.status, 401, "{line}");
        }
    }
}

#[tokio::test]
async fn submission_takes_its_key_once_it_has_one() {
    let app = spawn_app_with(|config| {
        config.api_keys = vec![Secret::new(KEY)];
        config.submit_keys = vec![Secret::new("submit-1"), Secret::new("submit-2")];
    });
    let submit = async |query: &str, header: Option<&str>| {
        let path = format!("/api/tasks{query}");
        let mut request = app.client.request("POST", &path);
        request = request.header("content-type", "application/json");
        if let Some(key) = header {
            request = request.header("x-functions-key", key);
        }
        app.client.send(request.body(r#"{"number": 24}"#)).await
    };
    for (query, header) in [("", None), ("?code=x", None), ("", Some("submit"))] {
        let refused = submit(query, header).await;
        assert_eq!(refused.status, 401, "{query} {header:?}");
        assert_eq!(refused.problem().0, "InvalidKey");
    }
    for (query, header) in [
        ("?code=submit-1", None),
        ("", Some("submit-1")),
        ("", Some("submit-2")),
        ("", Some(KEY)),
    ] {
        let reply = submit(query, header).await;
        assert_eq!(reply.status, 202, "{query} {header:?}");
        // Whoever has the id needs no key.
        let id = reply.json()["id"].as_str().unwrap().to_owned();
        app.client.ended(&id).await;
        assert_eq!(app.client.fetch(&id).await.status, 200);
    }
    // To submit is not to manage.
    let reply = metrics(&app, "", &[("x-functions-key", "submit-1")]).await;
    assert_eq!(reply.status, 401);
}
