//! Which function answers.

use functions_host::{FunctionsHost, Routes, read_functions};
use serde_json::json;
use tempfile::tempdir;

use super::forwarding::get;
use super::scripted::{Reply, ScriptedHandler};
use super::without_queue;
use crate::helpers::project::app;

/// The `function.json` of an open HTTP function.
fn open(route: &str, methods: Option<&[&str]>) -> String {
    let mut trigger = json!({
        "type": "httpTrigger",
        "direction": "in",
        "name": "req",
        "authLevel": "anonymous",
        "route": route,
    });
    if let Some(methods) = methods {
        trigger["methods"] = json!(methods);
    }
    let output = json!({"type": "http", "direction": "out", "name": "res"});
    json!({"bindings": [trigger, output]}).to_string()
}

/// The routes of an app with such functions: name, route, methods.
fn routes(functions: &[(&str, &str, Option<&[&str]>)]) -> Routes {
    let root = tempdir().unwrap();
    for (name, route, methods) in functions {
        let folder = root.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("function.json"), open(route, *methods)).unwrap();
    }
    Routes::new("api", &read_functions(root.path()).unwrap())
}

fn found<'a>(routes: &'a Routes, method: &str, path: &str) -> Option<&'a str> {
    routes.find(method, path).map(|(name, _)| name)
}

#[test]
fn the_first_function_by_name_answers_and_not_the_most_specific() {
    let d_exact = ("d_exact", "tasks/stats", Some(&["get"][..]));
    let c_number = ("c_number", "tasks/{id:int}", Some(&["get"][..]));
    let b_any = ("b_any", "tasks/{id}", Some(&["get"][..]));
    let a_rest = ("a_rest", "{*rest}", Some(&["post"][..]));
    let all = routes(&[d_exact, c_number, b_any, a_rest]);
    for (method, path, function) in [
        ("GET", "/api/tasks/stats", Some("b_any")),
        ("GET", "/API/Tasks/1/", Some("b_any")),
        // A method that does not match leaves the request to the next.
        ("POST", "/api/tasks/stats", Some("a_rest")),
        ("POST", "/api", Some("a_rest")),
        ("POST", "/api/", Some("a_rest")),
        ("GET", "/api//tasks/1", None),
        ("POST", "/api//tasks/1", None),
        ("DELETE", "/api/tasks/1", None),
    ] {
        assert_eq!(found(&all, method, path), function, "{method} {path}");
    }
    let two = routes(&[d_exact, c_number]);
    assert_eq!(found(&two, "GET", "/api/tasks/stats"), Some("d_exact"));
    assert_eq!(found(&two, "GET", "/api/tasks/x"), None);
}

#[test]
fn names_are_ordered_as_if_in_upper_case() {
    for (names, first) in [
        (["get_any", "getAny"], "getAny"),
        (["B", "a"], "a"),
        (["ops-x", "ops1"], "ops-x"),
        (["ops", "ops_all"], "ops"),
    ] {
        let routes = routes(&names.map(|name| (name, "{*rest}", None)));
        assert_eq!(found(&routes, "GET", "/api/x"), Some(first));
    }
}

#[test]
fn a_function_without_methods_has_all_and_one_without_a_route_its_name() {
    let routes = routes(&[("ping", "", None)]);
    for method in ["GET", "PATCH", "QUERY"] {
        assert_eq!(found(&routes, method, "/api/ping"), Some("ping"));
    }
    assert_eq!(found(&routes, "GET", "/api"), None);
}

#[actix_web::test]
async fn an_open_function_that_sorts_first_opens_every_keyed_route() {
    let handler = ScriptedHandler::start(|_| Reply::acknowledge());
    let app = app();
    app.write("a_page/function.json", &open("{*rest}", None))
        .unwrap();
    let (options, _) = without_queue();
    let options = options.handler_at(handler.port).enable_auth("sesame");
    let host = FunctionsHost::start(app, options).await.unwrap();
    for path in ["/api/metrics", "/api/operations", "/api"] {
        assert_eq!(get(&host, path).await.status.as_u16(), 200, "{path}");
    }
    host.finished("a_page", 3).await;
}

#[actix_web::test]
async fn a_parameter_takes_what_a_later_function_says_word_for_word() {
    let handler = ScriptedHandler::start(|_| Reply::acknowledge());
    let app = app();
    for (name, route) in [("ops_by_id", "ops/{id}"), ("ops_stats", "ops/stats")] {
        let file = format!("{name}/function.json");
        app.write(&file, &open(route, None)).unwrap();
    }
    let (options, _) = without_queue();
    let options = options.handler_at(handler.port);
    let host = FunctionsHost::start(app, options).await.unwrap();
    assert_eq!(get(&host, "/api/ops/stats").await.status.as_u16(), 200);
    host.finished("ops_by_id", 1).await;
}
