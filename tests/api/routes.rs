//! Paths and methods that lead nowhere.

use async_request_reply::api::ROUTES;

use crate::helpers::app::spawn_app;
use crate::helpers::reply::Reply;

const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE",
];

#[tokio::test]
async fn a_route_names_its_methods_to_every_other() {
    let app = spawn_app();
    for route in ROUTES.iter() {
        let path = route
            .path
            .replace("{task_id}", "x")
            .replace("{id}", "x")
            .replace("{message_id}", "x");
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

/// What a reply says, but for the path it was asked at.
fn told(reply: &Reply) -> (u16, Option<&str>, Option<String>) {
    let sentence = reply.header("x-ms-error-code").map(|_| match reply.text() {
        "" => String::new(),
        _ => reply.problem().2,
    });
    (reply.status, reply.header("allow"), sentence)
}

#[tokio::test]
async fn a_path_is_taken_in_any_case_and_with_a_slash_at_the_end() {
    let app = spawn_app();
    for route in ROUTES.iter() {
        let path = |id: &str| {
            let path = route
                .path
                .replace("{task_id}", id)
                .replace("{id}", id)
                .replace("{message_id}", id)
                .replace("{function}", id)
                .replace("{instance}", id)
                .replace("{event}", id);
            path.replace("{file}", "x")
        };
        let plain = path("x");
        let shouted = path("X").to_ascii_uppercase();
        for method in METHODS {
            let send = async |path: &str| app.client.send(app.client.request(method, path)).await;
            let expected = send(&plain).await;
            for other in [
                shouted.clone(),
                format!("{plain}/"),
                format!("{shouted}/?a=b"),
            ] {
                // Its links would lead elsewhere from there.
                if other.to_lowercase().contains("/api/docs/") && expected.status == 200 {
                    continue;
                }
                let reply = send(&other).await;
                assert_eq!(told(&reply), told(&expected), "{method} {other}");
            }
        }
    }
}

#[tokio::test]
async fn a_task_is_found_under_every_spelling_of_its_path() {
    let app = spawn_app();
    let id = app.client.run(r#"{"number": 24}"#).await;
    let shouted = id.to_ascii_uppercase();
    for (path, status) in [
        (format!("/API/Operations/{id}/"), 200),
        (format!("/api/operations/{id}/RESULT"), 200),
        // A UUID in capitals is the same one.
        (format!("/Api/operations/{shouted}"), 200),
        (format!("/API/TASKS/{id}/"), 200),
    ] {
        assert_eq!(app.client.get(&path).await.status, status, "{path}");
    }
    let canceled = format!("/api/operations/{id}:Cancel");
    let reply = app.client.send(app.client.request("POST", &canceled)).await;
    assert_eq!(reply.status, 404, "it was consumed");
    assert_eq!(reply.json()["instance"], canceled);
}

#[tokio::test]
async fn the_page_with_a_slash_behind_it_leads_to_the_one_without() {
    let app = spawn_app();
    let reply = app.client.get("/api/docs/").await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (308, Some("../docs"))
    );
}

#[tokio::test]
async fn there_is_nothing_at_any_other_path() {
    let app = spawn_app();
    for path in [
        "/api",
        "/api/",
        "/api/tasks//",
        "/api/tasks/x/y",
        "/api//tasks",
        "/api//Health",
        "/tasks",
        "//api/tasks",
        "/api/operations//",
        "/api/operations/x//",
        "/api/operations/x/results",
        "/queue_worker/",
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
