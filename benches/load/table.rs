//! A report for people.

use super::run::Report;

impl Report {
    /// Prints it.
    pub(crate) fn print(&self) {
        println!(
            "\n{:?}, {:?}: {} tasks, {} clients",
            self.storage, self.mode, self.tasks, self.concurrency
        );
        let line = |name: &str, value: String| println!("  {name:<28} {value}");
        line(
            "tasks/s, end to end",
            format!("{:.0}", self.tasks_per_second),
        );
        if let (Some(rate), Some(submitting), Some(draining), Some(fetching)) = (
            self.submits_per_second,
            self.submitting_s,
            self.draining_s,
            self.fetching_s,
        ) {
            line("submits/s", format!("{rate:.0}"));
            line(
                "submit, drain, fetch",
                format!("{submitting:.2} s, {draining:.2} s, {fetching:.2} s"),
            );
        }
        for (name, p50, p99) in [
            ("submit p50, p99", self.submit_p50_ms, self.submit_p99_ms),
            ("result p50, p99", self.result_p50_ms, self.result_p99_ms),
        ] {
            if p50 > 0.0 {
                line(name, format!("{p50:.2} ms, {p99:.2} ms"));
            }
        }
        line(
            "CPU per 10,000 tasks",
            format!("{:.2} s", self.cpu_s_per_10000_tasks),
        );
        line(
            "memory idle, peak",
            format!("{} KiB, {} KiB", self.idle_memory_kib, self.peak_memory_kib),
        );
        line("start to ready", format!("{:.0} ms", self.start_ms));
        line(
            "calls to storage per task",
            format!("{:.2}", self.operations()),
        );
        for (operation, calls) in &self.operations_per_task {
            line(&format!("  {operation}"), format!("{calls:.3}"));
        }
        line("polls, errors", format!("{}, {}", self.polls, self.errors));
    }
}
