//! A handler process that is killed at random and started again.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::helpers::client::{Client, KEY};
use crate::helpers::eventually::DEADLINE;
use crate::helpers::project::handler_with_flows;
use crate::keeper::Keeping;

/// How often a process is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// How long nobody starts it again, in milliseconds. A supervisor takes about as long.
const DEATH: (usize, usize) = (0, 500);

/// How its life ends: mostly without a warning.
const SIGNALS: [&str; 6] = ["KILL", "KILL", "KILL", "KILL", "KILL", "TERM"];

/// What a handler is started with.
pub(crate) struct Plan {
    pub(crate) name: String,
    /// It works here, and its logs go here, one file for each start.
    pub(crate) folder: PathBuf,
    pub(crate) settings: Vec<(String, String)>,
    /// How long it lives before it is killed, in milliseconds.
    pub(crate) life: (usize, usize),
}

/// A process, killed when dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Fails when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Keeps a handler going until told to stop.
pub(crate) fn keep(plan: &Plan, mut keeping: Keeping) {
    for start in 0.. {
        let log = plan.folder.join(format!("{}-{start}.log", plan.name));
        let mut process = Process::start(plan, &log);
        let life = keeping.random.millis(plan.life.0, plan.life.1);
        let death = keeping.random.millis(DEATH.0, DEATH.1);
        let signal = *keeping.random.pick(&SIGNALS);
        let born = Instant::now();
        let mut serves = false;
        let ended = loop {
            if let Some(ended) = process.0.try_wait().unwrap() {
                break ended;
            }
            if !serves && let Some(address) = address(&log) {
                keeping.opens(Client::new(address));
                serves = true;
            }
            if keeping.is_stopped() {
                process.end("TERM");
            } else if born.elapsed() >= life && keeping.may_kill() {
                process.end(signal);
                let what = format!("handlers ended by SIG{signal}");
                keeping.ledger.count(&what);
            }
            thread::sleep(LOOK);
        };
        keeping.read(&fs::read_to_string(&log).unwrap());
        if keeping.is_stopped() {
            return;
        }
        if ended.code().is_some_and(|code| code != 0) {
            // Storage was away when it started.
            keeping.ledger.count("handlers ended by themselves");
        }
        thread::sleep(death);
    }
}

impl Process {
    fn start(plan: &Plan, log: &Path) -> Self {
        let log = File::create(log).unwrap();
        let process = Command::new(handler_with_flows())
            .current_dir(&plan.folder)
            .env_clear()
            .env("BIND_ADDRESS", "127.0.0.1:0")
            .env("API_KEY", KEY)
            .envs(plan.settings.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        Self(process.unwrap())
    }

    /// Sends a signal and waits for the end.
    fn end(&mut self, signal: &str) {
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status();
        assert!(sent.expect("`kill` should be installed").success());
        let begun = Instant::now();
        while self.0.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < DEADLINE, "it lives on after SIG{signal}");
            thread::sleep(LOOK);
        }
    }
}

/// Where a process says that it serves.
fn address(log: &Path) -> Option<SocketAddr> {
    let text = fs::read_to_string(log).unwrap();
    let (_, rest) = text.split_once("on http://")?;
    let (address, _) = rest.split_once(',')?;
    address.parse().ok()
}
