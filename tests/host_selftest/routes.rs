//! Which function answers.

use functions_host::{Function, Routes, Trigger};

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
