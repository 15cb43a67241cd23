//! Pages of other origins: what browsers ask and read before they let one call the service.

use async_request_reply::api::ROUTES;
use async_request_reply::config::Origins;
use ports::Secret;

use crate::helpers::app::{App, spawn_app, spawn_app_with};
use crate::helpers::reply::Reply;

const PAGE: &str = "https://app.example";
const KEY: &str = "s3cret";

fn spawn_for(origins: Origins) -> App {
    spawn_app_with(|config| {
        config.allowed_origins = origins;
        config.api_keys = vec![Secret::new(KEY)];
    })
}

fn spawn_for_page() -> App {
    spawn_for(Origins::These(vec![
        "http://localhost:3000".to_owned(),
        PAGE.to_owned(),
    ]))
}

async fn send(app: &App, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    let request = app.client.request(method, path);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    app.client.send(request).await
}

async fn preflight(app: &App, path: &str, origin: &str, method: &str) -> Reply {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", method),
        (
            "access-control-request-headers",
            "content-type,idempotency-key,prefer,traceparent,x-functions-key",
        ),
    ];
    send(app, "OPTIONS", path, &headers).await
}

/// What a page is granted of a reply: to read it, and which of its headers.
fn granted(reply: &Reply) -> (Option<&str>, bool) {
    (
        reply.header("access-control-allow-origin"),
        reply.header("access-control-expose-headers").is_some(),
    )
}

#[tokio::test]
async fn every_route_tells_a_browser_what_it_may_send() {
    let app = spawn_for_page();
    for route in ROUTES.iter() {
        let path = route
            .path
            .replace("{task_id}", "x")
            .replace("{id}", "x")
            .replace("{message_id}", "x");
        for method in route.methods {
            for path in [path.clone(), format!("{}/", path.to_uppercase())] {
                let reply = preflight(&app, &path, PAGE, method.as_str()).await;
                assert_eq!(reply.status, 204, "{method} {path}");
                assert_eq!(granted(&reply).0, Some(PAGE), "{method} {path}");
                let methods = reply.header("access-control-allow-methods").unwrap();
                assert!(methods.split(", ").any(|known| known == method.as_str()));
                assert_eq!(
                    reply.header("access-control-allow-headers"),
                    Some("*, Authorization")
                );
                assert_eq!(reply.header("access-control-max-age"), Some("7200"));
            }
        }
    }
}

#[tokio::test]
async fn a_page_may_read_every_reply_and_all_its_headers() {
    let app = spawn_for_page();
    let id = app.client.run(r#"{"kind": "hopeless", "input": 0}"#).await;
    let task = format!("/api/operations/{id}");
    let etag = app.client.monitor(&id).await;
    let etag = etag.header("etag").unwrap();
    let retry = format!("{task}:retry");
    let origin = ("origin", PAGE);
    let mut seen = Vec::new();
    for (method, path, more, status) in [
        ("GET", "/api/health", ("accept", "*/*"), 200),
        ("GET", &*task, ("if-none-match", etag), 304),
        ("DELETE", &*task, ("if-match", "\"x\""), 412),
        ("GET", "/api/operations", ("x-functions-key", "x"), 401),
        ("GET", "/api/operations", ("x-functions-key", KEY), 200),
        ("GET", &*format!("{task}/result"), ("accept", "*/*"), 424),
        (
            "GET",
            &*format!("/api/tasks/{id}"),
            ("prefer", "wait=0"),
            404,
        ),
        ("POST", &*retry, ("x-functions-key", KEY), 202),
        ("PUT", "/api/tasks", ("accept", "*/*"), 405),
        ("GET", "/api/nothing", ("accept", "*/*"), 404),
        ("POST", "/api/tasks", ("prefer", "wait=0"), 400),
    ] {
        let reply = send(&app, method, path, &[origin, more]).await;
        assert_eq!(reply.status, status, "{method} {path}");
        assert_eq!(granted(&reply), (Some(PAGE), true), "{method} {path}");
        seen.push(reply);
    }
    let wait = app.client.post_task().body(r#"{"number": 24}"#);
    let wait = wait.header("prefer", "wait=60").header("origin", PAGE);
    seen.push(app.client.send(wait).await);

    // These a page may read without being told so, or is not meant to.
    let others = [
        "cache-control",
        "connection",
        "content-length",
        "content-type",
        "date",
        "vary",
    ];
    for reply in seen {
        let exposed = reply.header("access-control-expose-headers").unwrap();
        for name in reply
            .headers()
            .keys()
            .map(reqwest::header::HeaderName::as_str)
        {
            let is_exposed = exposed
                .split(", ")
                .any(|text| text.eq_ignore_ascii_case(name));
            let known = others.contains(&name) || name.starts_with("access-control-");
            assert!(is_exposed || known, "{name}");
        }
    }
}

#[tokio::test]
async fn another_page_is_granted_nothing() {
    let app = spawn_for_page();
    for origin in [
        "http://app.example",
        "https://app.example:8443",
        "https://APP.example",
        "https://app.example.evil.example",
        "null",
        "",
        PAGE.trim_end_matches('e'),
    ] {
        let refused = preflight(&app, "/api/tasks", origin, "POST").await;
        assert_eq!(refused.status, 405, "{origin}");
        assert_eq!(granted(&refused), (None, false), "{origin}");
        let reply = send(&app, "GET", "/api/health", &[("origin", origin)]).await;
        assert_eq!(reply.status, 200);
        assert_eq!(granted(&reply), (None, false), "{origin}");
        assert_eq!(reply.header("vary"), Some("Origin"));
    }
    // No page at all, and no question.
    let reply = send(&app, "GET", "/api/health", &[]).await;
    assert_eq!(
        (granted(&reply), reply.header("vary")),
        ((None, false), Some("Origin"))
    );
    let plain = send(&app, "OPTIONS", "/api/health", &[("origin", PAGE)]).await;
    assert_eq!(plain.status, 405);
}

#[tokio::test]
async fn every_page_may_when_all_may() {
    let app = spawn_for(Origins::Any);
    for origin in ["https://a.example", "null"] {
        let reply = preflight(&app, "/api/tasks", origin, "POST").await;
        assert_eq!((reply.status, granted(&reply)), (204, (Some("*"), true)));
        let reply = send(&app, "GET", "/api/health", &[("origin", origin)]).await;
        assert_eq!(granted(&reply), (Some("*"), true));
    }
}

#[tokio::test]
async fn without_the_setting_no_page_may() {
    let app = spawn_app();
    let refused = preflight(&app, "/api/tasks", PAGE, "POST").await;
    assert_eq!(refused.status, 405);
    for reply in [
        refused,
        send(&app, "GET", "/api/health", &[("origin", PAGE)]).await,
    ] {
        assert_eq!(
            (granted(&reply), reply.header("vary")),
            ((None, false), None)
        );
    }
}

#[tokio::test]
async fn a_page_that_is_let_in_need_not_say_json() {
    let app = spawn_for_page();
    for (origin, status) in [(PAGE, 202), ("https://other.example", 415)] {
        for site in [None, Some("cross-site")] {
            let request = app
                .client
                .request("POST", "/api/tasks")
                .header("origin", origin)
                .header("content-type", "text/plain");
            let request = match site {
                Some(site) => request.header("sec-fetch-site", site),
                None => request,
            };
            let reply = app.client.send(request.body(r#"{"number": 1}"#)).await;
            assert_eq!(reply.status, status, "{origin} {site:?}");
        }
    }
}
