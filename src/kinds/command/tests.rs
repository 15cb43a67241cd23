//! Real commands, most of them as nobody should write one: how the attempt ends, and who is left.

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use work::any::ResultLimit;
use work::{CancellationToken, Context, ContextParts, ErrorCode, Failure, Told};

use super::*;
use crate::kinds::Schemas;

const LIMIT: ResultLimit = ResultLimit::bytes(1_000);

fn command(words: &[&str]) -> Command {
    let mut words = words.iter().map(|word| (*word).to_owned());
    Command {
        program: words.next().unwrap(),
        arguments: words.collect(),
        folder: std::env::temp_dir(),
        pass_env: Vec::new(),
        exit_codes: ExitCodes::default(),
        schemas: Schemas::default(),
        watchdog: Arc::default(),
    }
}

fn shell(script: &str) -> Command {
    command(&["sh", "-c", script])
}

fn start(
    command: Command,
    input: &str,
    cx: &Context,
    limit: ResultLimit,
) -> impl Future<Output = Result<Box<RawValue>, Failure>> + Send + 'static {
    let input = RawValue::from_string(input.to_owned()).unwrap();
    match Arc::new(command).prepare(&input).unwrap() {
        Prepared::Waiting(start) => start(cx.clone(), limit),
        _ => panic!("a command does not wait"),
    }
}

async fn run(command: Command, input: &str) -> Result<String, Told> {
    let cx = Context::for_test();
    let result = start(command, input, &cx, LIMIT).await;
    result
        .map(|json| json.get().to_owned())
        .map_err(Failure::told)
}

fn permanent(code: &'static str, message: &str) -> Told {
    Told::Permanent {
        code: ErrorCode::new(code).unwrap(),
        message: message.to_owned(),
    }
}

fn transient(code: &'static str, message: &str) -> Told {
    Told::Transient {
        code: ErrorCode::new(code).unwrap(),
        message: message.to_owned(),
    }
}

/// Waits until something is so.
async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(30), "{what}");
        tokio::task::yield_now().await;
    }
}

/// A process that is a zombie has ended: whoever adopted it has not looked yet.
fn is_alive(process: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.trim()));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

async fn gone(process: &str) {
    eventually("a process is left", || !is_alive(process)).await;
}

/// An attempt that can be stopped.
fn stoppable() -> (Context, CancellationToken) {
    let parts = ContextParts::for_test();
    let stop = parts.stop.clone();
    (Context::new(parts), stop)
}

#[tokio::test]
async fn a_command_reads_its_input_to_the_end_and_writes_its_result() {
    let input = json!({"text": "x".repeat(900)}).to_string();
    assert_eq!(run(command(&["cat"]), &input).await, Ok(input));
    assert_eq!(
        run(shell("cat; echo; echo"), "[1]").await,
        Ok("[1]".to_owned())
    );
    assert_eq!(run(command(&["true"]), "24").await, Ok("null".to_owned()));
    assert_eq!(run(shell("echo"), "24").await, Ok("null".to_owned()));
}

#[tokio::test]
async fn a_command_sees_its_task_and_nothing_of_the_service() {
    // What the shell itself was given, one JSON string for each variable.
    let script = r#"printf '["folder=%s"' "$(pwd -P)"; tr '\0' '\n' </proc/$$/environ | sed 's/.*/,"&"/'; echo ']'"#;
    let folder = tempfile::tempdir().unwrap();
    let parts = ContextParts {
        traceparent: Some("00-trace".to_owned()),
        ..ContextParts::for_test()
    };
    let cx = Context::new(parts);
    let mut seen = Vec::new();
    for pass_env in [
        vec![],
        vec!["CARGO_MANIFEST_DIR".to_owned(), "NOWHERE".to_owned()],
    ] {
        let command = Command {
            folder: folder.path().to_owned(),
            pass_env,
            ..shell(script)
        };
        let result = start(command, "null", &cx, ResultLimit::bytes(100_000)).await;
        let variables: Vec<String> = serde_json::from_str(result.unwrap().get()).unwrap();
        let variables: BTreeMap<String, String> = variables
            .iter()
            .filter_map(|variable| variable.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        seen.push(variables);
    }
    let [plain, passed] = &seen[..] else {
        panic!("two were run");
    };
    assert_eq!(plain["TASK_ID"], cx.task_id());
    assert_eq!(plain["TASK_KIND"], "test");
    assert_eq!(plain["TASK_ATTEMPT"], "1");
    assert_eq!(plain["TRACEPARENT"], "00-trace");
    assert!(plain["TASK_DEADLINE"].starts_with("20") && plain["TASK_DEADLINE"].ends_with('Z'));
    assert_eq!(
        Path::new(&plain["folder"]),
        folder.path().canonicalize().unwrap()
    );
    let known = [
        "HOME",
        "LANG",
        "PATH",
        "TASK_ATTEMPT",
        "TASK_DEADLINE",
        "TASK_ID",
        "TASK_KIND",
        "TRACEPARENT",
        "TZ",
        "folder",
    ];
    for name in plain.keys() {
        assert!(known.contains(&&**name), "{name}");
    }
    assert_eq!(passed["CARGO_MANIFEST_DIR"], env!("CARGO_MANIFEST_DIR"));
    assert_eq!(passed.len(), plain.len() + 1);
}

#[tokio::test]
async fn what_is_no_json_is_an_invalid_result() {
    let invalid = permanent(
        "InvalidResult",
        "the command did not write one JSON document",
    );
    for script in [
        "echo hello",
        "echo '{} {}'",
        "echo '{'",
        r"printf '\377'",
        "printf '\\0'",
    ] {
        assert_eq!(
            run(shell(script), "1").await,
            Err(invalid.clone()),
            "{script}"
        );
    }
}

#[tokio::test]
async fn a_result_over_the_limit_is_not_read_and_its_command_is_killed() {
    let too_large = permanent("ResultTooLarge", "the result is larger than 1000 bytes");
    for script in [
        "head -c 1000000000 /dev/zero",
        "yes",
        "printf %1003d 1; sleep 1000",
    ] {
        assert_eq!(
            run(shell(script), "1").await,
            Err(too_large.clone()),
            "{script}"
        );
    }
    let largest = run(shell(r#"printf '"%0998d"\r\n' 1"#), "1").await.unwrap();
    assert_eq!(largest.len(), LIMIT.get());
}

#[tokio::test]
async fn a_command_need_not_read_its_input() {
    let input = format!("\"{}\"", "x".repeat(1_000_000));
    assert_eq!(run(shell("echo 1"), &input).await, Ok("1".to_owned()));
    let closing = "exec <&-; echo '@progress 1' >&2; echo 2";
    assert_eq!(run(shell(closing), &input).await, Ok("2".to_owned()));
}

#[tokio::test]
async fn a_command_may_close_its_pipes_before_it_ends() {
    let script = "echo 1; exec >&- 2>&-; cat; exit 3";
    let failed = transient("CommandFailed", "the command ended with exit status: 3");
    assert_eq!(run(shell(script), "1").await, Err(failed));
    let script = "echo 1; exec >&- 2>&-; read -r line; true";
    assert_eq!(run(shell(script), "1").await, Ok("1".to_owned()));
}

#[tokio::test]
async fn a_command_says_how_far_it_is_and_why_it_failed() {
    let cx = Context::for_test();
    let error = r#"echo '@error {"code": "NoPicture", "message": "it is no picture"}' >&2;"#;
    let script = format!("printf '@progress 42\\r\\nhello\\n@progress x\\n' >&2; {error} exit 65");
    let failure = start(shell(&script), "1", &cx, LIMIT).await.unwrap_err();
    assert_eq!(failure.told(), permanent("NoPicture", "it is no picture"));
    assert_eq!(cx.percent(), Some(42));

    let told = run(shell(&format!("{error} exit 1")), "1").await;
    assert_eq!(told, Err(transient("NoPicture", "it is no picture")));
    let told = run(shell("echo '@retry-after 7' >&2; exit 75"), "1").await;
    let after = Duration::from_secs(7);
    assert_eq!(told, Err(Told::Later { after }));
    // Without the end of its line, and its word for a failure that did not happen.
    assert_eq!(
        run(shell(&format!("echo 1; {error} printf @ >&2")), "1").await,
        Ok("1".to_owned())
    );
}

#[tokio::test]
async fn a_command_that_a_signal_ended_is_tried_again() {
    let told = run(shell("echo 1; kill -KILL $$"), "1").await;
    let message = "the command ended with signal: 9 (SIGKILL)";
    assert_eq!(told, Err(transient("CommandFailed", message)));
}

#[tokio::test]
async fn a_command_that_cannot_be_started_is_tried_again_and_named_to_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plain.txt");
    fs::write(&file, "hello").unwrap();
    let rubbish = folder.path().join("rubbish");
    fs::write(&rubbish, "\0\0").unwrap();
    fs::set_permissions(&rubbish, fs::Permissions::from_mode(0o755)).unwrap();
    for (program, reason) in [
        (
            "no-such-program",
            "no-such-program: no folder of PATH has it",
        ),
        ("./no-such-program", "./no-such-program: No such file"),
        ("./plain.txt", "./plain.txt: Permission denied"),
        ("./rubbish", "./rubbish: Exec format error"),
    ] {
        let command = Command {
            folder: folder.path().to_owned(),
            ..command(&[program])
        };
        let cx = Context::for_test();
        let failure = start(command, "1", &cx, LIMIT).await.unwrap_err();
        let source = failure.source().unwrap().to_string();
        assert!(source.starts_with(reason), "{source}");
        let message = "the command of this kind cannot be started";
        assert_eq!(failure.told(), transient("CannotStart", message));
    }
}

#[tokio::test]
async fn what_a_command_leaves_behind_is_not_waited_for_and_does_not_stay() {
    let begin = Instant::now();
    let left = run(shell("sleep 1000 & echo $!"), "1").await.unwrap();
    gone(&left).await;
    // It has left the group, and holds the pipes open: that is all it can do.
    let away = run(shell("setsid sleep 60 & sleep 0.2; echo $!"), "1")
        .await
        .unwrap();
    assert!(begin.elapsed() < Duration::from_secs(30));
    if is_alive(&away) {
        let _ = std::process::Command::new("kill").arg(&away).status();
    }
}

#[tokio::test]
async fn a_command_that_is_stopped_may_end_by_itself_and_its_result_does_not_count() {
    let (cx, stop) = stoppable();
    let script = "trap 'echo 1; exit 0' TERM; echo '@progress 1' >&2; while :; do sleep 0.01; done";
    let attempt = tokio::spawn(start(shell(script), "1", &cx, LIMIT));
    eventually("it begins", || cx.percent().is_some()).await;
    stop.cancel();
    assert_eq!(attempt.await.unwrap().unwrap_err().told(), Told::Stopped);
    let stopped = start(shell("echo 1"), "1", &cx, LIMIT).await;
    assert_eq!(stopped.unwrap_err().told(), Told::Stopped);
}

#[tokio::test]
async fn a_command_that_ignores_the_signal_to_end_is_killed_after_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let (cx, stop) = stoppable();
    let script = "trap '' TERM; echo $$ >leader; (sleep 1000 & echo $! >other; wait) & \
                  while [ ! -s other ]; do :; done; echo '@progress 1' >&2; \
                  while :; do sleep 1000; done";
    let stubborn = Command {
        folder: folder.path().to_owned(),
        ..shell(script)
    };
    let attempt = tokio::spawn(start(stubborn, "1", &cx, LIMIT));
    eventually("it begins", || cx.percent().is_some()).await;
    // From here on, time passes when nothing else can happen.
    tokio::time::pause();
    let begin = tokio::time::Instant::now();
    stop.cancel();
    assert_eq!(attempt.await.unwrap().unwrap_err().told(), Told::Stopped);
    assert!(begin.elapsed() >= Duration::from_secs(10));
    tokio::time::resume();
    for name in ["leader", "other"] {
        gone(&fs::read_to_string(folder.path().join(name)).unwrap()).await;
    }
}

#[tokio::test]
async fn an_attempt_that_is_given_up_leaves_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let cx = Context::for_test();
    let command = Command {
        folder: folder.path().to_owned(),
        ..shell("echo $$ >leader; echo '@progress 1' >&2; exec sleep 1000")
    };
    let attempt = tokio::spawn(start(command, "1", &cx, LIMIT));
    eventually("it begins", || cx.percent().is_some()).await;
    attempt.abort();
    gone(&fs::read_to_string(folder.path().join("leader")).unwrap()).await;
}

#[tokio::test]
async fn many_that_write_on_stderr_without_end_are_ended_with_their_leader() {
    let cx = Context::for_test();
    let script = "echo '@progress 7' >&2; \
                  i=0; while [ $i -lt 50 ]; do yes '@progress 7' >&2 & i=$((i+1)); done; \
                  read -r line; echo $!";
    let left = start(shell(script), "\"line\"", &cx, LIMIT).await.unwrap();
    gone(left.get()).await;
    assert_eq!(cx.percent(), Some(7));
}

#[tokio::test]
async fn an_input_that_the_schema_refuses_is_not_prepared() {
    let schema = json!({"type": "object", "required": ["width"]});
    let command = Arc::new(Command {
        schemas: Schemas::default().with_input(schema.clone()).unwrap(),
        ..command(&["cat"])
    });
    let input = RawValue::from_string("{}".to_owned()).unwrap();
    let refusal = InvalidInput::new("width", "missing field `width`");
    assert_eq!(command.check(&input), Err(refusal.clone()));
    assert_eq!(command.input_schema(), Some(schema));
    assert_eq!(command.prepare(&input).err(), Some(refusal));
}
