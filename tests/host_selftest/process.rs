//! The handler's process, with shell scripts in its place.

use functions_host::{Event, FunctionsHost, HostOptions, Level, Source};

use super::scripted::{Reply, ScriptedHandler};
use super::{start_before, without_queue};
use crate::helpers::project::app;

/// A host whose handler is `sh fake.sh`, found through `PATH`.
fn launch(text: &str) -> FunctionsHost {
    launch_with(text, |options| options)
}

fn launch_with(text: &str, change: impl FnOnce(HostOptions) -> HostOptions) -> FunctionsHost {
    let app = app();
    app.write("fake.sh", text).expect("a file");
    let description = "AzureFunctionsJobHost__customHandler__description";
    let (options, _) = without_queue();
    let options = options
        .setting(format!("{description}__defaultExecutablePath"), "sh")
        .setting(format!("{description}__arguments"), r#"["fake.sh"]"#);
    FunctionsHost::launch(app, change(options)).expect("manifests the host takes")
}

async fn stopped(host: &FunctionsHost) -> Vec<Event> {
    let over = |events: &[Event]| {
        let last = events
            .iter()
            .any(|event| matches!(event, Event::HostStopped { .. }));
        last.then(|| events.to_vec())
    };
    host.events().wait_for("stopped host", over).await
}

#[actix_web::test]
async fn the_built_handler_is_started_under_the_app_root() {
    let (options, _) = without_queue();
    let host = FunctionsHost::launch(app(), options).unwrap();
    let started = |events: &[Event]| {
        let start = |event: &Event| matches!(event, Event::WorkerStarted { process: Some(_) });
        events.iter().any(start).then_some(())
    };
    host.events().wait_for("started worker", started).await;
}

#[actix_web::test]
async fn a_crash_restarts_twice_and_the_third_stops_the_host() {
    let host = launch("echo up; echo oh no >&2; exit 3");
    let events = stopped(&host).await;
    let exits = events
        .iter()
        .filter(|event| **event == Event::WorkerExited { code: Some(3) });
    assert_eq!(exits.count(), 3);
}

#[actix_web::test]
async fn a_killed_handler_is_a_crash() {
    let host = launch("exec sleep 600");
    let first = host.worker_process().await;
    host.crash_worker().await;
    let restarted = |events: &[Event]| {
        let crash = Event::WorkerExited { code: None };
        let starts = events
            .iter()
            .filter(|event| matches!(event, Event::WorkerStarted { .. }));
        (events.contains(&crash) && starts.count() == 2).then_some(())
    };
    host.events().wait_for("restarted worker", restarted).await;
    assert_ne!(host.worker_process().await, first);
}

#[actix_web::test]
async fn what_only_the_first_process_is_told_the_second_does_not_know() {
    let text = "echo \"told: $LIMIT\"; exec sleep 600";
    let host = launch_with(text, |options| {
        options
            .setting("LIMIT", "all")
            .first_start("LIMIT", "first")
    });
    host.log_line("told: first").await;
    host.crash_worker().await;
    host.log_line("told: all").await;
}

#[actix_web::test]
async fn an_exit_with_zero_is_not_noticed() {
    let host = launch("exit 0");
    let exited = |events: &[Event]| {
        let exit = Event::WorkerExited { code: Some(0) };
        events.contains(&exit).then_some(())
    };
    host.events().wait_for("exit", exited).await;
    let finished = host.finished("timer_worker", 1).await;
    assert!(!finished[0].outcome.succeeded());
    assert!(!host.run_timer_now("timer_worker").await);
}

#[actix_web::test]
async fn a_handler_that_never_listens_is_killed_three_times() {
    let timeout = "AzureFunctionsJobHost__customHandler__initializationTimeout";
    let host = launch_with("exec sleep 600", |options| {
        options.setting(timeout, "00:00:01")
    });
    let events = stopped(&host).await;
    let kills = events.iter().filter(|event| **event == Event::WorkerKilled);
    assert_eq!(kills.count(), 3);
}

#[actix_web::test]
async fn output_becomes_log_lines_with_the_level_of_their_stream() {
    let text = "echo fine; echo a warning >&2; echo broken >&2; exec sleep 600";
    let host = launch(text);
    let expected = [
        ("fine", Level::Information, Source::Stdout),
        ("a warning", Level::Warning, Source::Stderr),
        ("broken", Level::Error, Source::Stderr),
    ];
    for (text, level, source) in expected {
        let line = host.log_line(text).await;
        assert_eq!((line.level, line.source), (level, source), "{text}");
    }
}

#[actix_web::test]
async fn the_handler_is_told_its_port_and_every_app_setting() {
    let host = launch_with("env; exec sleep 600", |options| {
        options.setting("MY_SETTING", "mine")
    });
    let port = host.handler_port();
    for line in [
        &format!("FUNCTIONS_CUSTOMHANDLER_PORT={port}"),
        &format!("FUNCTIONS_HTTPWORKER_PORT={port}"),
        "FUNCTIONS_CUSTOMHANDLER_WORKER_ID=",
        "FUNCTIONS_HTTPWORKER_ID=",
        "FUNCTIONS_APP_ROOT_PATH=/",
        "FUNCTIONS_WORKER_RUNTIME=custom",
        "BLOB_CONTAINER_NAME=hello-container",
        "AzureWebJobsStorage=",
        "MY_SETTING=mine",
    ] {
        host.log_line(line).await;
    }
}

#[actix_web::test]
async fn any_answer_means_ready() {
    let handler = ScriptedHandler::start(|_| Reply::acknowledge());
    let (options, _) = without_queue();
    start_before(&handler, options).await;
    assert_eq!(handler.calls("/")[0].method, "GET");
}

#[actix_web::test]
async fn stopping_the_host_kills_the_handler_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("told");
    let text = format!(
        "trap 'echo stop > {}' TERM INT HUP; echo $$; while :; do sleep 0.1; done",
        told.display()
    );
    let host = launch(&text);
    let process = host.worker_process().await;
    host.log_line(&process.to_string()).await;
    host.stop();
    let entry = format!("/proc/{process}");
    assert!(!std::path::Path::new(&entry).exists(), "{entry}");
    assert!(!told.exists(), "it was told before");
}
