//! The manifests agree with each other and with the code.
//!
//! What the host itself would refuse is refused while they are read, by the double of the host.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use async_request_reply::api::{Protection, ROUTES};
use async_request_reply::config::settings;
use async_request_reply::functions::{funcignore, functions as made};
use async_request_reply::triggers::{QUEUE_WORKER, TIMER_WORKER};
use engine::limits;
use functions_host::{
    AuthLevel, Function, HostManifest, LocalSettings, MessageEncoding, Routes, Settings, Trigger,
    read_functions,
};

/// What brings the folders up to date.
const WRITE: &str = "cargo run -- functions";

/// Functions that are called by their folder's name, and by the host alone.
const INTERNAL: [&str; 2] = [QUEUE_WORKER, TIMER_WORKER];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn host_json() -> HostManifest {
    HostManifest::read(root(), &Settings::default()).expect("a host.json the host takes")
}

fn functions() -> Vec<Function> {
    read_functions(root()).expect("functions the host takes")
}

fn trigger(name: &str) -> Trigger {
    let function = functions()
        .into_iter()
        .find(|function| function.name == name);
    function.expect("a function of this name").trigger
}

#[test]
fn the_committed_folders_are_those_of_the_tables() {
    let made = made(&[]).expect("functions that the host can tell apart");
    for function in &made {
        let path = root().join(&function.name).join("function.json");
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        let name = &function.name;
        assert_eq!(committed, function.manifest(), "{name}; run: {WRITE}");
    }
    let found: BTreeSet<_> = functions()
        .into_iter()
        .map(|function| function.name)
        .collect();
    let known = made.iter().map(|function| function.name.clone());
    assert_eq!(found, known.collect());
    let committed = std::fs::read_to_string(root().join(".funcignore")).unwrap();
    let expected = funcignore(Some(&committed), &made);
    assert_eq!(Some(committed), expected, "run: {WRITE}");
}

/// Runs `handler functions` on a folder; gives its exit code and all that it said.
fn write_functions(folder: &Path, more: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_handler"))
        .arg("functions")
        .arg(folder)
        .args(more)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn the_command_writes_what_is_committed_and_one_more_for_each_queue() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = write_functions(folder.path(), &["--queue", "slow-work"]);
    assert_eq!(code, Some(0), "{said}");
    let read = |root: &Path, name: &str| std::fs::read_to_string(root.join(name)).unwrap();
    for function in functions() {
        let file = format!("{}/function.json", function.name);
        assert_eq!(read(folder.path(), &file), read(root(), &file), "{file}");
    }
    let more = "queue_worker_slow-work";
    let ignored = read(root(), ".funcignore");
    let with_more = ignored.replace("!/timer_worker\n", &format!("!/{more}\n!/timer_worker\n"));
    assert_eq!(read(folder.path(), ".funcignore"), with_more);
    let written = read_functions(folder.path()).expect("functions the host takes");
    let more = written.into_iter().find(|function| function.name == more);
    let Some(Trigger::Queue(queue)) = more.map(|function| function.trigger) else {
        unreachable!("a queue function was asked for");
    };
    assert_eq!(queue.queue_name, "slow-work");
    let (_, said) = write_functions(folder.path(), &["--queue", "slow-work"]);
    assert_eq!(
        said,
        "nothing to write: all folders are as they should be\n"
    );
}

#[test]
fn the_command_refuses_a_queue_that_no_function_can_be_named_after() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = write_functions(folder.path(), &["--queue", "a.b"]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("queue_worker_a.b is no name of a function"),
        "{said}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn every_http_function_is_at_its_routes_path_and_asks_for_its_key() {
    let prefix = host_json().extensions.http.route_prefix;
    for route in ROUTES.iter() {
        let Trigger::Http(http) = trigger(route.function) else {
            unreachable!("{} is no HTTP function", route.function);
        };
        let path = format!("/{prefix}/{}", http.route.unwrap_or_default());
        // Several routes in one folder have what they begin with in common.
        match path.strip_suffix("{*rest}") {
            Some(beginning) => assert!(route.template.starts_with(beginning), "{path}"),
            None => assert_eq!(path, route.template),
        }
        let level = match route.protection {
            Protection::Open | Protection::OwnKey | Protection::SubmitKey => AuthLevel::Anonymous,
            Protection::Key => AuthLevel::Function,
        };
        assert_eq!(http.auth_level, level, "{path}");
    }
}

#[test]
fn no_request_from_outside_reaches_a_function_of_the_host() {
    let prefix = host_json().extensions.http.route_prefix;
    assert!(!prefix.is_empty());
    let functions = functions();
    for function in &functions {
        if let Trigger::Http(http) = &function.trigger {
            let template = http.template(&function.name).unwrap();
            let looks_for_itself = ["durabletask", "orchestrators"].contains(&&*function.name);
            assert_eq!(
                template.is_catch_all(),
                looks_for_itself,
                "{}",
                function.name
            );
        }
    }
    let routes = Routes::new(&prefix, &functions);
    for name in INTERNAL {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            for path in [
                format!("/{name}"),
                format!("/{prefix}/{name}"),
                format!("//{name}"),
            ] {
                assert_eq!(routes.find(method, &path), None, "{method} {path}");
            }
        }
    }
}

#[test]
fn each_route_reaches_its_own_function() {
    let prefix = host_json().extensions.http.route_prefix;
    let functions = functions();
    let routes = Routes::new(&prefix, &functions);
    let id = "6f1c2b3e-0000-4000-8000-000000000007";
    for (method, path, function) in [
        ("GET", "operations", "list_operations"),
        ("GET", "operations/{}", "get_operation"),
        ("DELETE", "operations/{}", "delete_operation"),
        ("POST", "operations/{}:cancel", "cancel_operation"),
        ("POST", "operations/{}:retry", "retry_operation"),
        ("GET", "operations/{}/result", "get_operation_result"),
        ("GET", "dead-letters", "list_dead_letters"),
        ("DELETE", "dead-letters", "delete_dead_letters"),
        ("POST", "dead-letters:replay", "replay_dead_letters"),
        ("GET", "dead-letters/{}", "get_dead_letter"),
        ("POST", "dead-letters/{}:replay", "replay_dead_letter"),
        ("POST", "queue/messages", "create_message"),
        ("GET", "queue/messages", "get_messages"),
        ("DELETE", "queue/messages", "clear_messages"),
        ("GET", "queue/messages/pop", "get_next_message"),
        ("POST", "queue/messages/pop", "pop_message"),
        ("POST", "queue/messages/lease", "lease_messages"),
        ("GET", "queue/messages/peek", "peek_messages"),
        ("PUT", "queue/messages/{}", "update_message"),
        ("GET", "queue/length", "get_queue_length"),
    ] {
        let path = path.replace("{}", id);
        let found = routes.find(method, &format!("/{prefix}/{path}"));
        assert_eq!(found.map(|(name, _)| name), Some(function), "{path}");
    }
    for path in ["/{}", "/{}:stop", ""] {
        let path = path.replace("{}", id);
        let found = routes.find("POST", &format!("/{prefix}/operations{path}"));
        assert_eq!(found, None, "{path}");
    }
}

#[test]
fn no_open_function_leads_to_what_a_keyed_one_guards() {
    let prefix = host_json().extensions.http.route_prefix;
    let functions = functions();
    let routes = Routes::new(&prefix, &functions);
    let id = "6f1c2b3e-0000-4000-8000-000000000007";
    // A host cuts the path it forwards at an encoded mark.
    for mark in ["%23", "%3F", "%3f"] {
        for (method, path) in [
            ("POST", format!("{id}:retry{mark}:cancel")),
            ("GET", mark.to_owned()),
            ("GET", format!("{mark}/result")),
        ] {
            let found = routes.find(method, &format!("/{prefix}/operations/{path}"));
            assert_eq!(found, None, "{path}");
        }
    }
}

#[test]
fn the_host_starts_the_binary_cargo_builds() {
    let host = host_json();
    let description = &host.custom_handler.description;
    let built = Path::new(env!("CARGO_BIN_EXE_handler"));
    let stem = built.file_stem().unwrap().to_str().unwrap();
    // Written without "./": the published zip marks only an entry of exactly this name executable.
    assert_eq!(description.default_executable_path, stem);
    assert!(description.arguments.is_empty());
    // Newer hosts proxy, older ones do not know the word.
    assert!(host.custom_handler.enable_forwarding_http_request);
    assert!(host.custom_handler.enable_proxying_http_request);
}

#[test]
fn the_queue_trigger_listens_where_the_settings_say() {
    let Trigger::Queue(queue) = trigger("queue_worker") else {
        unreachable!("queue_worker is no queue function");
    };
    assert_eq!(queue.name, "message");
    assert_eq!(queue.queue_name, "%queue_name%");
    assert_eq!(queue.connection, "AzureWebJobsStorage");

    let values = LocalSettings::read(root())
        .expect("settings func takes")
        .values;
    let value = |name: &str| values.get(name).map(String::as_str);
    for name in ["queue_name", "BLOB_CONTAINER_NAME"] {
        let setting = settings()
            .into_iter()
            .find(|setting| setting.variable == name)
            .unwrap();
        assert_eq!(value(name), setting.default.as_deref(), "{name}");
    }
    assert_eq!(
        value("AzureWebJobsStorage"),
        Some("UseDevelopmentStorage=true")
    );
    assert_eq!(value("FUNCTIONS_WORKER_RUNTIME"), Some("custom"));
}

#[test]
fn the_timer_sweeps_every_minute_and_at_start_up() {
    let Trigger::Timer(timer) = trigger("timer_worker") else {
        unreachable!("timer_worker is no timer function");
    };
    assert_eq!(timer.name, "timer");
    assert_eq!(timer.schedule, "0 */1 * * * *");
    assert_eq!(limits::SWEEP_INTERVAL, Duration::from_secs(60));
    assert!(timer.run_on_startup && !timer.use_monitor);
}

#[test]
fn messages_are_plain_text_and_retried_as_the_code_expects() {
    let queues = host_json().extensions.queues;
    assert_eq!(queues.message_encoding, MessageEncoding::None);
    assert_eq!(queues.max_dequeue_count, limits::MAX_DEQUEUE_COUNT);
    assert_eq!(queues.visibility_timeout, limits::RELEASE_DELAY);
}

#[test]
fn no_invocation_outlasts_the_functions_timeout() {
    // Past it the host kills the process, and every other invocation with it.
    let longest = limits::SLOT_WAIT + limits::ATTEMPT_TIME_LIMIT + limits::SWEEP_BUDGET;
    assert!(longest + Duration::from_secs(60) <= host_json().function_timeout);
}

#[test]
fn the_queue_trigger_has_its_extension_bundle() {
    let bundle = host_json().extension_bundle.expect("a bundle");
    assert_eq!(bundle.id, "Microsoft.Azure.Functions.ExtensionBundle");
    assert_eq!(bundle.version, "[4.*, 5.0.0)");
}

#[test]
fn the_published_zip_holds_the_handler_and_the_manifests() {
    let text = std::fs::read_to_string(root().join(".funcignore")).unwrap();
    let rules: BTreeSet<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let published = functions().into_iter().map(|function| function.name);
    let published = published.chain(["handler", "host.json"].map(str::to_owned));
    let rule = published
        .map(|name| format!("!/{name}"))
        .chain(["/*".to_owned()]);
    let expected: BTreeSet<_> = rule.collect();
    assert_eq!(rules, expected.iter().map(String::as_str).collect());
}

/// README's first command names no binary.
#[test]
fn what_cargo_runs_is_the_handler() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(root())
        .output()
        .expect("Cargo");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let ours = packages
        .iter()
        .find(|package| package["name"] == env!("CARGO_PKG_NAME"))
        .expect("the service");
    assert_eq!(ours["default_run"], "handler");
}
