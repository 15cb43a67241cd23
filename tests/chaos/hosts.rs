//! A Functions host whose handler is killed at random. The host starts it again, and gives up at
//! the third crash, as the real one does; then somebody starts the host again. What a dead host held stays
//! hidden for the host's own ten minutes, so that sweeps have to send it again.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use functions_host::{Event, FunctionsHost, HostOptions};

use crate::helpers::client::Client;
use crate::helpers::project::{app_of, handler_with_flows};
use crate::keeper::Keeping;
use crate::run::BACKLOG;

/// How often the host is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How long a handler lives before it is killed, in milliseconds.
const LIFE: (usize, usize) = (1_000, 5_000);

/// What the sweep says of a task whose message it has missed.
const SENT_AGAIN: &str = "task had lost its message, sent again";

/// Keeps a host going until told to stop.
pub(crate) fn keep(connection_string: &str, name: &str, mut keeping: Keeping) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.unwrap();
    // Every other one delivers all there is, and so holds most when it dies.
    for early_start in ["off", "all"].into_iter().cycle() {
        if keeping.is_stopped() {
            return;
        }
        let options = HostOptions::new(connection_string)
            .setting("queue_name", name)
            .setting("BLOB_CONTAINER_NAME", name)
            .setting("MAX_QUEUE_LENGTH", BACKLOG)
            .setting("EARLY_START", early_start)
            .timer_schedule();
        let host = runtime
            .block_on(FunctionsHost::start(app_of(handler_with_flows()), options))
            .unwrap();
        keeping.opens(Client::of_host(&host));
        while !is_down(&host) && !keeping.is_stopped() {
            let life = keeping.random.millis(LIFE.0, LIFE.1);
            let born = Instant::now();
            while born.elapsed() < life && !is_down(&host) && !keeping.is_stopped() {
                thread::sleep(LOOK);
            }
            if keeping.may_kill() && kill(&host) {
                keeping.ledger.count("handlers ended by SIGKILL");
            }
        }
        if !keeping.is_stopped() {
            keeping.ledger.count("hosts that gave up");
        }
        let lines = host.logs().entries();
        let lines: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
        for _ in lines.iter().filter(|line| line.contains(SENT_AGAIN)) {
            keeping.ledger.count("tasks that a sweep sent again");
        }
        keeping.read(&lines.join("\n"));
    }
}

fn is_down(host: &FunctionsHost) -> bool {
    let is_stop = |event: &Event| matches!(event, Event::HostStopped { .. });
    host.events().entries().iter().any(is_stop)
}

/// Kills the handler, unless it is dead.
fn kill(host: &FunctionsHost) -> bool {
    let process = host
        .events()
        .entries()
        .iter()
        .rev()
        .find_map(|event| match event {
            Event::WorkerStarted { process } => *process,
            _ => None,
        });
    let id = process.unwrap().to_string();
    let sent = Command::new("kill").args(["-s", "KILL", &id]).output();
    sent.expect("`kill` should be installed").status.success()
}
