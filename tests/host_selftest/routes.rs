//! Route templates, and which function answers.

use crate::host::route::Template;
use crate::host::{AppRoot, Routes, read_functions};

#[test]
fn a_template_matches_the_paths_of_its_form() {
    let guid = "6f1c2b3e-0000-4000-8000-000000000007";
    let cases = [
        ("tasks", "tasks", true),
        ("tasks", "TASKS/", true),
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
    let root = AppRoot::of_project().unwrap();
    let anything = r#"{"bindings": [
        {"type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous",
         "methods": ["get"], "route": "{*rest}"},
        {"type": "http", "direction": "out", "name": "res"}]}"#;
    root.write("a_first/function.json", anything).unwrap();
    let routes = Routes::new("api", &read_functions(root.path()).unwrap());
    let answers = |method, path| routes.find(method, path).map(|(function, _)| function);
    // A keyed route, open.
    assert_eq!(answers("GET", "/api/metrics"), Some("a_first"));
    assert_eq!(answers("GET", "/api"), None);
    assert_eq!(answers("GET", "/api/"), Some("a_first"));
    // A wrong method is for the next to answer.
    assert_eq!(answers("POST", "/api/tasks"), Some("create_task"));
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
