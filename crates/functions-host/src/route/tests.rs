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
        ("tasks/{id?}/{part?}", "tasks", true),
        ("tasks/{id?}/part", "tasks", false),
        ("tasks/{id?}/part", "tasks/1/part", true),
        ("tasks/{id:int?}", "tasks", true),
        ("tasks/{id:int?}", "tasks/x", false),
        ("tasks/{id:int}", "tasks/-7", true),
        ("tasks/{id:int}", "tasks/2147483648", false),
        ("tasks/{page=1}", "tasks", true),
        ("tasks/{page=1}", "tasks/2", true),
        ("tasks/{page=1}", "tasks/2/3", false),
        ("tasks/{page:int=1}", "tasks", true),
        ("tasks/{page:int=1}", "tasks/x", false),
        // The default is held to the constraint as well.
        ("tasks/{page:int=x}", "tasks", false),
        ("{page=1}", "", true),
        ("operations/{id}:cancel", "operations/1:cancel", true),
        ("operations/{id}:cancel", "operations/1:CANCEL/", true),
        ("operations/{id}:cancel", "operations/1:2:cancel", true),
        ("operations/{id}:cancel", "operations/1", false),
        ("operations/{id}:cancel", "operations/:cancel", false),
        ("operations/{id}:cancel", "operations/1:cancel/x", false),
        ("operations/{id}", "operations/1:cancel", true),
        ("{*rest}", "", true),
        ("{*rest}", "a/b/c", true),
        ("{*rest}", "/a", false),
        ("{*rest}", "a//b", true),
        ("files/{*rest}", "files", true),
        ("files/{*rest}", "files/", true),
        ("files/{*rest}", "Files/a/b", true),
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
        "{*}",
        "a{*rest}",
        "{id?}:cancel",
        "{id=1}:cancel",
        "{=1}",
        "{id:what}",
    ] {
        assert!(Template::parse(route).is_err(), "{route}");
    }
}
