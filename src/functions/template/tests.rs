//! Which templates meet, and what is left of one that is cut.

use super::*;

fn template(text: &str) -> Template {
    Template::parse(text).unwrap_or_else(|| unreachable!("{text} is a template"))
}

#[test]
fn two_templates_meet_when_there_is_a_path_for_both() {
    for (one, other, meets) in [
        ("tasks", "Tasks", true),
        ("tasks", "task", false),
        ("tasks", "tasks/{id}", false),
        ("tasks/{id}", "tasks/stats", true),
        ("tasks/{id}", "tasks/{name}", true),
        ("tasks/{id}", "operations/{id}", false),
        ("tasks/{id}", "tasks/{id}/result", false),
        ("tasks/{id:guid}", "tasks/stats", false),
        ("tasks/{id:guid}", "tasks/{name}", true),
        ("tasks/{id:guid}", "tasks/dead-beef", true),
        ("tasks/{id}:cancel", "tasks/{id}", true),
        ("tasks/{id}:cancel", "tasks/{id:guid}", false),
        ("tasks/{id:guid}:cancel", "tasks/{id}", true),
        ("tasks/{id:guid}:cancel", "tasks/{id:guid}", false),
        ("tasks/{id:guid}:cancel", "tasks/{id}:retry", false),
        ("tasks/{id}:cancel", "tasks/{id}:retry", false),
        ("tasks/{id}:cancel", "tasks/:cancel", false),
        ("tasks/{id}:cancel", "tasks/x:cancel", true),
        ("tasks/a{id}", "tasks/{id}b", true),
        ("tasks/a{id}", "tasks/b{id}", false),
        ("queue/{*rest}", "queue", true),
        ("queue/{*rest}", "queue/a/b/c", true),
        ("queue/{*rest}", "queues/a", false),
        ("queue/{*rest}", "queue/messages/{*rest}", true),
        ("{*rest}", "tasks/{id:guid}", true),
    ] {
        let (first, second) = (template(one), template(other));
        assert_eq!(first.meets(&second), meets, "{one} {other}");
        assert_eq!(second.meets(&first), meets, "{other} {one}");
    }
}

#[test]
fn a_form_that_is_not_in_use_is_no_template() {
    for text in [
        "",
        "a//b",
        "a/",
        "{id",
        "{id?}",
        "{a=b}",
        "{id:int}",
        "{}",
        "{*}",
        "x{*rest}",
        "{*rest}/x",
        "{a}{b}",
        "a}",
    ] {
        assert_eq!(Template::parse(text), None, "{text}");
    }
}

#[test]
fn a_path_can_be_cut_where_a_parameter_may_be_anything() {
    let cut = |text: &str| template(text).cut();
    assert_eq!(cut("operations/{id:guid}:cancel"), []);
    assert_eq!(
        cut("operations/{id}:cancel"),
        [template("operations"), template("operations/{id}")]
    );
    assert_eq!(
        cut("files/a{id}b/x"),
        [template("files/a"), template("files/a{id}")]
    );
    assert_eq!(
        cut("files/{*rest}"),
        [template("files"), template("files/{*rest}")]
    );
}

#[test]
fn several_paths_are_in_one_catch_all_below_what_they_begin_with() {
    for (templates, around) in [
        (&["kinds/{name}"][..], Some("kinds/{name}")),
        (&["kinds/{name}", "kinds/{name}"], Some("kinds/{name}")),
        (&["kinds", "kinds/{name}"], Some("kinds/{*rest}")),
        (
            &["queue/messages/{id}", "queue/messages/{id}/receipt"],
            Some("queue/messages/{*rest}"),
        ),
        (&["queue/a/x", "queue/b"], Some("queue/{*rest}")),
        (&["kinds", "tasks"], None),
        (&["{a}/x", "{a}/y"], None),
    ] {
        let made = Template::around(templates);
        assert_eq!(made.as_deref(), around, "{templates:?}");
    }
}
