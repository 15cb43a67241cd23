//! A report for people.

use super::idle::Idle;
use super::report::Report;

/// One figure, or more of a kind.
fn line(name: &str, value: String) {
    println!("  {name:<28} {value}");
}

impl Report {
    /// Prints it.
    pub(crate) fn print(&self) {
        println!(
            "\n{:?}, {:?}: {} tasks, {} clients",
            self.storage, self.mode, self.tasks, self.concurrency
        );
        line(
            "tasks/s, end to end",
            format!("{:.0}", self.tasks_per_second),
        );
        if let Some(phases) = self.phases {
            line("submits/s", format!("{:.0}", phases.submits_per_second));
            let fetching = phases
                .fetching_s
                .map_or("none".to_owned(), |seconds| format!("{seconds:.2} s"));
            line(
                "submit, drain, fetch",
                format!(
                    "{:.2} s, {:.2} s, {fetching}",
                    phases.submitting_s, phases.draining_s
                ),
            );
        }
        for (name, spread) in [
            ("submit p50, p99", self.submit),
            ("result p50, p99", self.result),
        ] {
            if let Some(spread) = spread {
                line(
                    name,
                    format!("{:.2} ms, {:.2} ms", spread.p50_ms, spread.p99_ms),
                );
            }
        }
        if let Some(usage) = self.usage {
            line(
                "CPU per 10,000 tasks",
                format!("{:.2} s", usage.cpu_s_per_10000_tasks),
            );
            line(
                "memory idle, peak",
                format!(
                    "{} KiB, {} KiB",
                    usage.idle_memory_kib, usage.peak_memory_kib
                ),
            );
            line("start to ready", format!("{:.0} ms", usage.start_ms));
        }
        if let Some(calls) = self.operations() {
            line("calls to storage per task", format!("{calls:.2}"));
        }
        for (operation, calls) in self.operations_per_task.iter().flatten() {
            line(&format!("  {operation}"), format!("{calls:.3}"));
        }
        line("polls, errors", format!("{}, {}", self.polls, self.errors));
    }
}

impl Idle {
    /// Prints it.
    pub(crate) fn print(&self) {
        println!("\n{:?}, idle for {:.0} s", self.storage, self.window_s);
        if let Some(calls) = self.operations() {
            line("calls to storage per hour", format!("{calls:.0}"));
        }
        for (operation, calls) in self.operations_per_hour.iter().flatten() {
            line(&format!("  {operation}"), format!("{calls:.0}"));
        }
        line(
            "one task with Prefer: wait",
            format!(
                "{:.2} ms, {:.2} ms when busy before",
                self.idle_wait_ms, self.busy_wait_ms
            ),
        );
    }
}
