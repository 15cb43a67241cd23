//! Which paths a template matches, and which templates the host would not take.

use super::Template;

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
