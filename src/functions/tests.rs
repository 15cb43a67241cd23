//! Functions that are refused, and what becomes of folders that are there.

use std::fs;

use super::*;

fn http(name: &str, route: &str, methods: &[&str], level: Level) -> Function {
    Function {
        name: name.to_owned(),
        start: Start::Http(Http {
            route: route.to_owned(),
            methods: methods.iter().map(|method| (*method).to_owned()).collect(),
            level,
        }),
    }
}

/// What is said of these functions.
fn fault(functions: &[Function]) -> Option<String> {
    let checked = check::names(functions).and_then(|()| check::overlaps(functions));
    checked.err().map(|fault| fault.to_string())
}

const OPEN: Level = Level::Anonymous;
const KEYED: Level = Level::Function;

#[test]
fn the_functions_of_the_table_cannot_take_each_others_requests() {
    let names: Vec<_> = functions(&[])
        .unwrap()
        .into_iter()
        .map(|f| f.name)
        .collect();
    // Those about instances share two.
    let of_instances = |path: &str| {
        path.starts_with("/api/orchestrators/") || path.starts_with("/api/durabletask/")
    };
    let alone = ROUTES
        .iter()
        .filter(|route| !of_instances(&route.path))
        .count();
    assert_eq!(names.len(), alone + 2 + 2);
    let more = functions(&["slow-work"]).unwrap();
    assert!(more.iter().any(|f| f.name == "queue_worker_slow-work"));
    assert_eq!(
        functions(&["a", "a"]),
        Err(Fault::Twice("queue_worker_a".to_owned()))
    );
    assert_eq!(
        functions(&["a.b"]),
        Err(Fault::Name("queue_worker_a.b".to_owned()))
    );
}

#[test]
fn two_functions_that_can_take_one_request_are_refused() {
    let said = "functions a_rest and ops can both take a GET of one path: {*rest} and ops";
    let rest = http("a_rest", "{*rest}", &["post", "get"], OPEN);
    let ops = http("ops", "ops", &["get"], KEYED);
    assert_eq!(fault(&[rest, ops]).as_deref(), Some(said));
    let by_id = http("a", "ops/{id:guid}", &["get"], OPEN);
    let stats = http("b", "ops/stats", &["get"], OPEN);
    let delete = http("c", "ops/{id}", &["delete"], OPEN);
    assert_eq!(fault(&[by_id, stats, delete]), None);
}

#[test]
fn an_open_function_that_leads_to_a_keyed_one_is_refused() {
    let retry = http("retry", "ops/{id}:retry", &["post"], KEYED);
    let cancel = |id: &str| http("cancel", &format!("ops/{id}:cancel"), &["post"], OPEN);
    let said = "open function cancel takes paths that, cut at an encoded mark, are keyed retry's";
    assert_eq!(
        fault(&[cancel("{id}"), retry.clone()]).as_deref(),
        Some(said)
    );
    assert_eq!(fault(&[cancel("{id:guid}"), retry]), None);
    // Cut behind the slash, which is nothing to the host.
    let list = http("list", "ops", &["get"], KEYED);
    let one = http("one", "ops/{id}", &["get"], OPEN);
    assert!(fault(&[list.clone(), one]).is_some());
    let keyed = http("one", "ops/{id}", &["get"], KEYED);
    assert_eq!(fault(&[list, keyed]), None);
}

#[test]
fn a_form_that_nobody_here_understands_is_refused() {
    let said = "function a has a route of a form that is not in use: x/{id?}";
    let function = http("a", "x/{id?}", &["get"], OPEN);
    assert_eq!(fault(&[function]).as_deref(), Some(said));
}

async fn nothing() -> actix_web::HttpResponse {
    actix_web::HttpResponse::NoContent().finish()
}

#[test]
fn routes_that_share_a_function_share_its_protection_and_a_prefix() {
    let kinds = |path| Route::get("list_kinds", path, nothing).in_function("get_kinds");
    let shared = of_routes(&[kinds("/api/kinds"), kinds("/api/kinds/{name}")]).unwrap();
    assert_eq!(
        shared,
        [http("get_kinds", "kinds/{*rest}", &["get", "head"], OPEN)]
    );
    let keyed = kinds("/api/kinds/{name}").keyed();
    assert_eq!(
        of_routes(&[kinds("/api/kinds"), keyed]),
        Err(Fault::Mixed("get_kinds".to_owned()))
    );
    assert_eq!(
        of_routes(&[kinds("/api/kinds"), kinds("/api/other")]),
        Err(Fault::Apart("get_kinds".to_owned()))
    );
}

#[test]
fn what_was_written_is_not_written_again_and_what_is_not_ours_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir(root.join("mine")).unwrap();
    fs::write(root.join("mine/function.json"), "{}").unwrap();
    let functions = functions(&[]).unwrap();
    let written = write(root, &functions).unwrap();
    assert_eq!(written.changed.len(), functions.len() + 1);
    assert_eq!(written.others, ["mine"]);
    let again = write(root, &functions).unwrap();
    assert!(again.changed.is_empty(), "{again:?}");
    // Lines of others stay.
    let path = root.join(".funcignore");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("!/get_task\n", "") + "!/work\n").unwrap();
    write(root, &functions).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), text + "!/work\n");
}

#[test]
fn a_key_that_was_asked_for_by_hand_goes_on_being_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let functions = functions(&[]).unwrap();
    write(root, &functions).unwrap();
    let path = root.join("create_task/function.json");
    let closed = fs::read_to_string(&path)
        .unwrap()
        .replace("anonymous", "function");
    fs::write(&path, closed.replace("function\"", "Function\"")).unwrap();
    write(root, &functions).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), closed);
}

#[test]
fn what_cannot_be_understood_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let functions = functions(&[]).unwrap();
    let ignored = root.join(".funcignore");
    fs::write(&ignored, "/*\n").unwrap();
    let refused = write(root, &functions).unwrap_err().to_string();
    assert!(refused.contains("\"# functions\""), "{refused}");
    let manifest = root.join("create_task/function.json");
    fs::write(&manifest, "{").unwrap();
    let refused = write(root, &functions).unwrap_err().to_string();
    assert!(
        refused.contains("create_task/function.json is not JSON"),
        "{refused}"
    );
    assert_eq!(fs::read_to_string(&manifest).unwrap(), "{");
}
