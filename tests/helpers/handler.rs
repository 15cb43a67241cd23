//! A `handler` process, with nothing in its environment but what a test puts there.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::client::{Client, KEY};
use super::eventually::eventually;
use super::lines::Lines;

/// A process under way. Killed when dropped.
pub(crate) struct Handler {
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

/// How a process ended, and what it had written since a test last read.
pub(crate) struct Ended {
    /// `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A process that serves.
pub(crate) struct Serving {
    pub(crate) handler: Handler,
    pub(crate) client: Client,
    /// What it says first of where it serves.
    pub(crate) first_line: String,
    /// What it says before that.
    pub(crate) said_before: Vec<String>,
}

impl Handler {
    /// Starts it in this folder with these environment variables, and no others.
    pub(crate) fn start(folder: &Path, settings: &[(&str, &str)]) -> Self {
        Self::start_with(folder, settings, &[])
    }

    pub(crate) fn start_with(folder: &Path, settings: &[(&str, &str)], flags: &[&str]) -> Self {
        let command = Command::new(env!("CARGO_BIN_EXE_handler"));
        Self::start_as(command, folder, settings, flags)
    }

    /// Starts it by a command that ends with its name.
    pub(crate) fn start_as(
        mut command: Command,
        folder: &Path,
        settings: &[(&str, &str)],
        flags: &[&str],
    ) -> Self {
        let mut child = command
            .args(flags)
            .current_dir(folder)
            .env_clear()
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            stdout: Lines::of(child.stdout.take().unwrap()),
            stderr: Lines::of(child.stderr.take().unwrap()),
            child,
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of its log.
    pub(crate) fn line(&self) -> Option<String> {
        self.stdout.next()
    }

    /// Waits for a line of its log that contains `text`.
    pub(crate) async fn line_with(&self, text: &str) -> String {
        self.stdout.with(text).await
    }

    /// Sends a signal, by its name without `SIG`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.expect("`kill` should be installed").success());
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> Ended {
        let status = eventually("the process ends", async || self.child.try_wait().unwrap()).await;
        Ended {
            code: status.code(),
            stdout: self.stdout.rest(),
            stderr: self.stderr.rest(),
        }
    }

    /// Kills it, and waits until it is dead: until then it has the lock of its folder.
    pub(crate) fn kill(&mut self) {
        // Fails when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Serving {
    /// Starts it on a free port with the key of all tests, and reads where that is.
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    pub(crate) fn start_with(folder: &Path, settings: &[(&str, &str)]) -> Self {
        let command = Command::new(env!("CARGO_BIN_EXE_handler"));
        Self::start_as(command, folder, settings)
    }

    /// Starts it in a shell that has done this first.
    pub(crate) fn start_after(script: &str, folder: &Path) -> Self {
        let mut command = Command::new("sh");
        let script = format!(r#"{script}; exec "$0" "$@""#);
        command.args(["-c", &script, env!("CARGO_BIN_EXE_handler")]);
        Self::start_as(command, folder, &[])
    }

    /// Starts it by a command that ends with its name.
    pub(crate) fn start_as(command: Command, folder: &Path, settings: &[(&str, &str)]) -> Self {
        let flags = ["--bind-address", "127.0.0.1:0"];
        let settings = [&[("API_KEY", KEY)], settings].concat();
        let handler = Handler::start_as(command, folder, &settings, &flags);
        let mut said_before = Vec::new();
        let first_line = loop {
            let line = handler.line().expect("it should say where it serves");
            if line.contains("http://") {
                break line;
            }
            said_before.push(line);
        };
        let (_, rest) = first_line.split_once("http://").expect(&first_line);
        let (address, _) = rest.split_once(',').expect(&first_line);
        Self {
            client: Client::new(address.parse().unwrap()),
            handler,
            first_line,
            said_before,
        }
    }

    /// Sends a signal and waits for the end.
    pub(crate) async fn stop(self, signal: &str) -> Ended {
        self.handler.signal(signal);
        self.handler.ended().await
    }
}
