//! Paths and methods that lead nowhere.

use async_request_reply::api::ROUTES;

use crate::helpers::app::spawn_app;

const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE",
];

#[tokio::test]
async fn a_route_names_its_methods_to_every_other() {
    let app = spawn_app();
    for route in ROUTES {
        let path = route.path.replace("{task_id}", "x").replace("{id}", "x");
        let same_path = ROUTES.iter().filter(|other| other.path == route.path);
        let known: Vec<&str> = same_path
            .flat_map(|other| other.methods)
            .map(|method| method.as_str())
            .collect();
        for method in METHODS {
            let reply = app.client.send(app.client.request(method, &path)).await;
            if known.contains(&method) {
                assert_ne!(reply.status, 405, "{method} {path}");
                continue;
            }
            assert_eq!(reply.status, 405, "{method} {path}");
            assert_eq!(reply.header("allow"), Some(&*known.join(", ")));
            if method != "HEAD" {
                assert_eq!(reply.problem().0, "MethodNotAllowed");
            }
        }
    }
}

#[tokio::test]
async fn there_is_nothing_at_any_other_path() {
    let app = spawn_app();
    for path in [
        "/api",
        "/api/",
        "/api/tasks/",
        "/api/tasks/x/y",
        "/API/tasks",
        "/tasks",
        "//api/tasks",
        "/api/operations/",
        "/api/operations/x/",
        "/api/operations/x/results",
        "/api/health/x",
        "/favicon.ico",
    ] {
        for method in METHODS {
            let reply = app.client.send(app.client.request(method, path)).await;
            assert_eq!(reply.status, 404, "{method} {path}");
            if method != "HEAD" {
                assert_eq!(reply.problem().0, "NotFound");
            }
        }
    }
}

#[tokio::test]
async fn the_routes_of_the_host_are_not_there_without_a_host() {
    let app = spawn_app();
    for path in ["/queue_worker", "/timer_worker", "/api/queue_worker"] {
        let request = app.client.request("POST", path).body("{}");
        assert_eq!(app.client.send(request).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_query_that_means_nothing_changes_nothing() {
    let app = spawn_app();
    for query in [
        "?api-version=1&api-version=2",
        "?api-version",
        "?%zz&=&&a=b",
        "?x=api-version",
    ] {
        let path = format!("/api/tasks{query}");
        let request = app.client.request("POST", &path).body(r#"{"number": 24}"#);
        assert_eq!(app.client.send(request).await.status, 202, "{query}");
    }
}
