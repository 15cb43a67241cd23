//! What tests wait for most, on top of the journals, and the one thing they break.

use std::process::Command;

use super::{Event, Finished, FunctionsHost, LogLine};

impl FunctionsHost {
    /// Waits until `count` invocations of a function are over, and returns them in that order.
    pub async fn finished(&self, function: &str, count: usize) -> Vec<Finished> {
        let over = |events: &[Event]| {
            let finished = events.iter().filter_map(|event| match event {
                Event::InvocationFinished(finished) => Some(finished.clone()),
                _ => None,
            });
            let own: Vec<_> = finished
                .filter(|finished| finished.invocation.function == function)
                .collect();
            (own.len() >= count).then_some(own)
        };
        let what = format!("{count} finished invocations of {function}");
        self.events().wait_for(&what, over).await
    }

    /// Waits for a log line that contains `text`, and returns it.
    pub async fn log_line(&self, text: &str) -> LogLine {
        let find = |lines: &[LogLine]| lines.iter().find(|line| line.text.contains(text)).cloned();
        self.logs().wait_for(&format!("line {text:?}"), find).await
    }

    /// The running handler's process id, once it was started.
    pub async fn worker_process(&self) -> u32 {
        let latest = |events: &[Event]| {
            events.iter().rev().find_map(|event| match event {
                Event::WorkerStarted { process } => *process,
                _ => None,
            })
        };
        self.events().wait_for("worker process", latest).await
    }

    /// Kills the handler behind the host's back, which is a crash to the host.
    pub async fn crash_worker(&self) {
        self.signal_worker("KILL").await;
    }

    /// Sends the handler a signal, by its name without `SIG`.
    pub async fn signal_worker(&self, name: &str) {
        let command = format!("kill -s {name} {}", self.worker_process().await);
        let status = Command::new("sh").args(["-c", &command]).status();
        assert!(status.expect("a shell").success(), "{command}");
    }
}
