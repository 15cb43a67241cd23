//! What the log tells of work that goes wrong. The logger is one for a process, so the first test starts
//! itself once more, and plays the scene there.

use std::process::Command;

use async_request_reply::config::LogFormat;
use async_request_reply::{logging, panics};

use super::bench::Bench;

/// What a panic may say at most, and then some.
const LONG: usize = 5_000;

/// Tells the process that it is the one to play the scene.
const SCENE: &str = "LOGGED_SCENE";

/// Everything goes wrong.
async fn scene() {
    panics::log_panics();
    let _flush = logging::init("info", LogFormat::Text);
    let bench = Bench::new();
    for (kind, input) in [
        ("panics", "0"),
        ("panics", r#""quick""#),
        ("hopeless", "0"),
        ("flaky", r#"{"failures":1}"#),
    ] {
        bench.submit(kind, input).await;
        bench.deliver().await;
    }
    for panic in [
        || std::panic::panic_any(7),
        || panic!("one line\nanother {}", "x".repeat(LONG)),
    ] {
        // Threads without a name.
        assert!(std::thread::spawn(panic).join().is_err());
    }
}

/// The log of a process that plays the scene.
fn log() -> Vec<String> {
    let name = concat!(
        module_path!(),
        "::a_defect_is_logged_once_with_its_text_its_place_and_its_task"
    );
    let (_, name) = name.split_once("::").unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(SCENE, "1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let is_of_log = |line: &&str| line.starts_with("20") && line.contains("Z ");
    text.lines().filter(is_of_log).map(str::to_owned).collect()
}

fn of_level<'a>(log: &'a [String], level: &str) -> Vec<&'a str> {
    let level = format!("Z {level:5} ");
    let lines = log.iter().map(|line| line.split_once(&*level));
    lines.flatten().map(|(_, said)| said).collect()
}

#[tokio::test]
async fn a_defect_is_logged_once_with_its_text_its_place_and_its_task() {
    if std::env::var_os(SCENE).is_some() {
        return scene().await;
    }
    let log = log();
    let errors = of_level(&log, "ERROR");
    assert_eq!(errors.len(), 4, "{log:#?}");
    for error in &errors[..2] {
        let said = "a defect at tests/helpers/kinds/failing.rs:";
        assert!(error.starts_with(said), "{error}");
        let said = " broke off what was under way: the test kind's defect task.id=";
        assert!(error.contains(said), "{error}");
        assert!(error.contains(" task.kind=panics"), "{error}");
    }
    assert!(errors[2].ends_with(": it has no text"), "{}", errors[2]);
    assert!(
        errors[3].contains(r": one line\nanother xxx"),
        "{}",
        errors[3]
    );
    assert!(errors[3].len() < 1_200, "{}", errors[3].len());
}

#[test]
fn a_failure_is_a_warning_that_says_why() {
    let log = log();
    let warnings = of_level(&log, "WARN");
    for (said, why) in [
        (
            "task failed task.id=",
            r#"error.code=NoHope error.message="there never was any""#,
        ),
        (
            "attempt failed, another follows: NotYet task.id=",
            r#"error.message="attempt 1 failed""#,
        ),
        (
            "attempt failed, another follows: WorkPanicked task.id=",
            r#"error.message="the work broke off because of a defect""#,
        ),
    ] {
        let is_said = |line: &&&str| line.starts_with(said) && line.ends_with(why);
        assert!(
            warnings.iter().any(|line| is_said(&line)),
            "{said}\n{log:#?}"
        );
    }
}
