//! What may be kept of a reply, and `HEAD`, by which one asks without taking.

use async_request_reply::api::ROUTES;
use ports::Secret;
use reqwest::header::HeaderMap;

use crate::helpers::app::{spawn_app, spawn_app_with};
use crate::helpers::queues;

#[tokio::test]
async fn nothing_behind_a_key_may_be_kept() {
    let app = spawn_app_with(|config| config.api_keys = vec![Secret::new("s3cret")]);
    let id = app.client.run(r#"{"kind": "hopeless", "input": 0}"#).await;
    for route in ROUTES.iter().filter(|route| route.is_keyed()) {
        let path = route.path.replace("{id}", &id);
        for method in route.methods {
            for key in ["s3cret", "wrong"] {
                let request = app.client.request(method.as_str(), &path);
                let reply = app
                    .client
                    .send(request.header("x-functions-key", key))
                    .await;
                assert_eq!(reply.status == 401, key == "wrong", "{method} {path}");
                assert_eq!(
                    reply.header("cache-control"),
                    Some("no-store"),
                    "{method} {path} {key}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_reply_that_says_nothing_else_may_not_be_kept() {
    let app = spawn_app();
    let id = app.client.run(r#"{"number": 24}"#).await;
    for (path, expected) in [
        ("/", "no-store"),
        ("/api/health", "no-store"),
        ("/api/kinds", "no-store"),
        ("/api/nothing", "no-store"),
        ("/api/openapi.json", "no-cache"),
        ("/api/docs", "no-cache"),
        ("/api/docs/swagger-ui.css", "max-age=3600"),
        (&format!("/api/operations/{id}"), "no-cache"),
        (&format!("/api/operations/{id}/result"), "no-store"),
        (&format!("/api/tasks/{id}"), "no-store"),
    ] {
        let reply = app.client.get(path).await;
        assert_eq!(reply.header("cache-control"), Some(expected), "{path}");
    }
}

/// The names alone: a date and a counter go on.
fn names(headers: &HeaderMap) -> Vec<String> {
    let mut names: Vec<_> = headers.keys().map(ToString::to_string).collect();
    names.sort();
    names
}

#[tokio::test]
async fn head_works_wherever_get_does_and_takes_nothing() {
    let app = spawn_app_with(|config| config.raw_queue = Some(queues::name("own-messages")));
    let reads = ROUTES
        .iter()
        .filter(|route| route.methods.contains(&actix_web::http::Method::GET))
        // Of instances `surfaces::durable` tells.
        .filter(|route| !["get_instance", "get_operation_history"].contains(&route.name));
    let mut routes = 0;
    for route in reads {
        let work = match route.function {
            "get_dead_letter" => r#"{"kind": "hopeless", "input": 1}"#,
            _ => r#"{"number": 24}"#,
        };
        let id = app.client.run(work).await;
        let path = route.path.replace("{task_id}", &id).replace("{id}", &id);
        let path = path.replace("{file}", "swagger-ui.css");
        let send = async |method: &str| app.client.send(app.client.keyed(method, &path)).await;
        for _ in 0..2 {
            let head = send("HEAD").await;
            assert_eq!(head.status, 200, "{path}");
            assert_eq!(head.text(), "", "{path}");
        }
        let (head, get) = (send("HEAD").await, send("GET").await);
        assert_eq!(get.status, 200, "{path}");
        assert_eq!(names(head.headers()), names(get.headers()), "{path}");
        routes += 1;
        if route.function == "get_task" {
            assert_eq!(send("GET").await.status, 404, "it should be consumed");
        }
    }
    assert_eq!(routes, 20);
}
