//! Starting the handler's executable: where it is, what it is told, what it prints.
//!
//! Protocol: Start; Environment; Output becomes logs. `%NAME%` in path and arguments, and the
//! working and worker directories, are left out.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use uuid::Uuid;

use super::Host;
use super::events::{Level, LogLine, Source};
use super::manifest::Description;

/// Variables of the test run that reach the handler. The host passes on its whole environment; a
/// developer's own `AZURE_…` variables must not decide a test.
const INHERITED: [&str; 4] = ["PATH", "HOME", "TMPDIR", "LLVM_PROFILE_FILE"];

/// What to start.
#[derive(Clone, Debug)]
pub(crate) struct Executable {
    app_root: PathBuf,
    path: PathBuf,
    arguments: Vec<String>,
}

impl Executable {
    /// Resolves `defaultExecutablePath`: under the app root if it is there, else through `PATH`.
    pub(crate) fn resolve(description: &Description, app_root: &Path) -> Self {
        let named = Path::new(&description.default_executable_path);
        let under_root = app_root.join(named);
        Self {
            app_root: app_root.to_owned(),
            path: match under_root.is_file() {
                true => under_root,
                false => named.to_owned(),
            },
            // The command line is not quoted: an argument with a blank becomes two.
            arguments: description
                .arguments
                .iter()
                .flat_map(|argument| argument.split_whitespace().map(str::to_owned))
                .collect(),
        }
    }

    /// Starts the process; its output goes to the host's log line by line.
    pub(crate) fn start(&self, port: u16, host: &Arc<Host>) -> std::io::Result<Child> {
        let first_start = std::mem::take(&mut *host.first_start.lock().expect("a plain list"));
        let worker_id = Uuid::now_v7().to_string();
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            .current_dir(&self.app_root)
            .env_clear();
        for name in INHERITED {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let mut child = command
            .envs(host.settings.iter())
            .envs(first_start)
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
            .env("FUNCTIONS_HTTPWORKER_PORT", port.to_string())
            .env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", &worker_id)
            .env("FUNCTIONS_HTTPWORKER_ID", &worker_id)
            .env("FUNCTIONS_APP_ROOT_PATH", &self.app_root)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // For a test that panics: the process must not outlive it.
            .kill_on_drop(true)
            .spawn()?;
        if let Some(stdout) = child.stdout.take() {
            capture(stdout, Source::Stdout, host);
        }
        if let Some(stderr) = child.stderr.take() {
            capture(stderr, Source::Stderr, host);
        }
        Ok(child)
    }
}

fn capture(stream: impl AsyncRead + Unpin + Send + 'static, source: Source, host: &Arc<Host>) {
    let host = Arc::clone(host);
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(text)) = lines.next_line().await {
            let level = match source {
                Source::Stderr if text.to_ascii_lowercase().contains("warn") => Level::Warning,
                Source::Stderr => Level::Error,
                _ => Level::Information,
            };
            host.logs.push(LogLine {
                level,
                source,
                text,
            });
        }
    });
}
