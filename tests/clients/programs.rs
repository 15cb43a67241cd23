//! Programs in other languages, each under a time limit.

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use crate::helpers::eventually::DEADLINE;

const SETUP: &str = "run: npm run setup --prefix tests";

const INSTALL_JAVA: &str = "run: apt-get install default-jdk-headless";

/// What a program said, and how it ended.
pub(super) struct Ended {
    pub(super) succeeded: bool,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Runs a script of this folder to its end, with the interpreter its name asks for. Every line is
/// shown to `watch` as it comes.
pub(super) async fn run(script: &str, arguments: &[&str], watch: impl Fn(&str)) -> Ended {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let (_, extension) = script.rsplit_once('.').unwrap();
    let interpreter = match extension {
        "java" => "java".into(),
        "mjs" => "node".into(),
        "py" => folder.join(".venv/bin/python"),
        _ => "bash".into(),
    };
    let mut command = Command::new(interpreter);
    command.arg(folder.join("clients").join(script));
    ended(command.args(arguments), watch).await
}

/// Runs a command to its end.
pub(super) async fn ended(command: &mut Command, watch: impl Fn(&str)) -> Ended {
    let running = async {
        let mut child = command
            // The service is on this machine, whatever proxy is set for others.
            .envs([("NO_PROXY", "127.0.0.1"), ("no_proxy", "127.0.0.1")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; {}", remedy(command)));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut stdout = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            watch(&line);
            stdout += &line;
            stdout.push('\n');
        }
        let mut stderr = String::new();
        let mut errors = child.stderr.take().unwrap();
        errors.read_to_string(&mut stderr).await.unwrap();
        (child.wait().await.unwrap(), stdout, stderr)
    };
    let (status, stdout, stderr): (ExitStatus, _, _) = timeout(DEADLINE, running)
        .await
        .expect("the program should end in time");
    for missing in ["ModuleNotFoundError", "ERR_MODULE_NOT_FOUND"] {
        assert!(!stderr.contains(missing), "{SETUP}\n{stderr}");
    }
    Ended {
        succeeded: status.success(),
        stdout,
        stderr,
    }
}

/// How to get a program that is not there.
fn remedy(command: &Command) -> &'static str {
    match command.as_std().get_program().to_str() {
        Some("java") => INSTALL_JAVA,
        _ => SETUP,
    }
}
