//! Route templates, and which function answers.

use crate::host::route::Template;
use crate::host::{Function, Routes, Trigger};

#[test]
fn a_template_matches_the_paths_of_its_form() {
    let guid = "6f1c2b3e-0000-4000-8000-000000000007";
    let cases = [
        ("tasks", "tasks", true),
        ("tasks", "TASKS/", true),
        ("tasks", "tasks//", false),
        ("tasks", "tasks/1", false),
        ("tasks/{id}", "tasks/1", true),
        ("tasks/{id}", "tasks", false),
        ("tasks/{id}", "tasks//", false),
        ("tasks/{id}", "tasks/1/2", false),
        ("tasks/{id:guid}", guid, false),
        ("tasks/{id:guid}", &format!("tasks/{guid}"), true),
        ("tasks/{id:guid}", "tasks/1", false),
        ("tasks/{id?}", "tasks", true),
        ("tasks/{id?}", "tasks/1", true),
        ("operations/{id}:cancel", "operations/1:cancel", true),
        ("operations/{id}:cancel", "operations/1:CANCEL/", true),
        ("operations/{id}:cancel", "operations/1:2:cancel", true),
        ("operations/{id}:cancel", "operations/1", false),
        ("operations/{id}:cancel", "operations/:cancel", false),
        ("operations/{id}:cancel", "operations/1:cancel/x", false),
        ("operations/{id}", "operations/1:cancel", true),
        ("{*rest}", "", true),
        ("{*rest}", "a/b/c", true),
        ("files/{*rest}", "file", false),
    ];
    for (template, path, matches) in cases {
        let parsed = Template::parse(template).unwrap();
        assert_eq!(parsed.matches(path), matches, "{template} {path}");
    }
}

#[test]
fn the_first_function_by_name_answers_and_not_the_most_specific() {
    let function = |name: &str, route: &str, methods: &[&str]| {
        let trigger = serde_json::from_value(serde_json::json!({
            "name": "req",
            "direction": "in",
            "authLevel": "anonymous",
            "route": route,
            "methods": methods,
        }));
        Function {
            name: name.to_owned(),
            trigger: Trigger::Http(trigger.unwrap()),
        }
    };
    let functions = [
        function("d_exact", "tasks/stats", &["get"]),
        function("c_number", "tasks/{id:int}", &["get"]),
        function("b_any", "tasks/{id}", &["get"]),
        function("a_rest", "{*rest}", &["post"]),
    ];
    let routes = Routes::new("api", &functions);
    for (method, path, found) in [
        ("GET", "/api/tasks/stats", Some("b_any")),
        ("GET", "/API/Tasks/1/", Some("b_any")),
        // A method that does not match leaves the request to the next.
        ("POST", "/api/tasks/stats", Some("a_rest")),
        ("POST", "/api", Some("a_rest")),
        ("POST", "/api/", Some("a_rest")),
        ("GET", "/api//tasks/1", None),
        ("DELETE", "/api/tasks/1", None),
    ] {
        let function = routes.find(method, path).map(|(name, _)| name);
        assert_eq!(function, found, "{method} {path}");
    }
    let routes = Routes::new("api", &functions[..2]);
    let find = |path| routes.find("GET", path).map(|(name, _)| name);
    assert_eq!(find("/api/tasks/stats"), Some("d_exact"));
    assert_eq!(find("/api/tasks/x"), None);
}

#[test]
fn a_route_the_host_keeps_for_itself_is_refused() {
    for route in [
        "admin",
        "administrators",
        "runtime/x",
        "a//b",
        "{id",
        "{*rest}/x",
        "{id:what}",
    ] {
        assert!(Template::parse(route).is_err(), "{route}");
    }
}
