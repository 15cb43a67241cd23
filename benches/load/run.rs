//! One run: a service over some storage, a workload, and what that took.

use super::http::HttpError;
use super::latencies::milliseconds;
use super::report::{PhaseTimes, Report, Usage, per_task};
use super::service::Service;
use super::stage::Stage;
use super::storage::Storage;
use super::workload::{self, Mode};

/// What to run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) mode: Mode,
    pub(crate) tasks: usize,
    pub(crate) concurrency: usize,
}

impl Run {
    /// Runs it on storage that is its own.
    pub(crate) async fn over(self, storage: Storage) -> Result<Report, HttpError> {
        self.on(&Stage::set(storage)?).await
    }

    /// Runs it with a service that is its own.
    pub(crate) async fn on(self, stage: &Stage) -> Result<Report, HttpError> {
        self.with(&stage.service().await?).await
    }

    pub(crate) async fn with(self, service: &Service) -> Result<Report, HttpError> {
        let Self {
            mode,
            tasks,
            concurrency,
        } = self;
        let before = service.metrics().await?;
        if mode.has_phases() && before.is_none() {
            return Err("the metrics tell where a phase ends, and they want a key: --key".into());
        }
        let cpu = service.process.map(|process| process.cpu_seconds());
        let mut measured = workload::run(service, mode, tasks, concurrency).await?;
        let count = tasks as f64;
        let usage = service.process.zip(cpu).map(|(process, before)| Usage {
            start_ms: milliseconds(process.started_in),
            cpu_s_per_10000_tasks: (process.cpu_seconds() - before) / count * 10_000.0,
            idle_memory_kib: process.idle_memory_kib,
            peak_memory_kib: process.peak_memory_kib(),
        });
        let after = service.metrics().await?;
        let operations = after
            .zip(before)
            .map(|(after, before)| per_task(after.operations_since(&before), &measured, tasks));
        Ok(Report {
            storage: service.storage,
            mode,
            tasks,
            concurrency,
            tasks_per_second: count / measured.wall.as_secs_f64(),
            phases: measured.phases.map(|phases| PhaseTimes::of(phases, tasks)),
            submit: measured.submit.spread(),
            result: measured.result.spread(),
            usage,
            operations_per_task: operations,
            polls: measured.polls,
            errors: measured.errors,
        })
    }
}
