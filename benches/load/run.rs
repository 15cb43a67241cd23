//! One run: a service over some storage, a workload, and what that took.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use tempfile::TempDir;

use super::azurite::{Azurite, KEY};
use super::floor::Place;
use super::http::HttpError;
use super::service::Service;
use super::workload::{self, Mode};

/// Where the tasks are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Storage {
    /// A SQLite file.
    Embedded,
    /// The emulator of Azure Storage, in memory.
    Azurite,
}

/// What to run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) storage: Storage,
    pub(crate) mode: Mode,
    pub(crate) tasks: usize,
    pub(crate) concurrency: usize,
}

/// What it took.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) storage: Storage,
    pub(crate) mode: Mode,
    pub(crate) tasks: usize,
    pub(crate) concurrency: usize,
    pub(crate) start_ms: f64,
    pub(crate) submits_per_second: Option<f64>,
    pub(crate) tasks_per_second: f64,
    pub(crate) submitting_s: Option<f64>,
    pub(crate) draining_s: Option<f64>,
    pub(crate) fetching_s: Option<f64>,
    pub(crate) submit_p50_ms: f64,
    pub(crate) submit_p99_ms: f64,
    pub(crate) result_p50_ms: f64,
    pub(crate) result_p99_ms: f64,
    pub(crate) cpu_s_per_10000_tasks: f64,
    pub(crate) idle_memory_kib: u64,
    pub(crate) peak_memory_kib: u64,
    /// By operation, without what polls, the checks of this tool and the sweep at the start ask.
    pub(crate) operations_per_task: BTreeMap<String, f64>,
    pub(crate) polls: u64,
    pub(crate) errors: u64,
}

/// Storage, ready to be used by a service.
pub(crate) struct Stage {
    folder: TempDir,
    azurite: Option<Azurite>,
}

impl Stage {
    pub(crate) fn set(storage: Storage) -> Result<Self, HttpError> {
        Ok(Self {
            folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?,
            azurite: (storage == Storage::Azurite).then(Azurite::start_in_memory),
        })
    }

    pub(crate) async fn service(&self) -> Result<Service, HttpError> {
        let account = self.azurite.as_ref().map(Azurite::connection_string);
        let settings = account
            .iter()
            .map(|text| ("AzureWebJobsStorage", text.as_str()));
        Service::start(self.folder.path(), &settings.collect::<Vec<_>>()).await
    }

    /// The emulator, for a bare client.
    pub(crate) fn place(&self) -> Option<Place> {
        let account = self.azurite.as_ref()?.account();
        Some(Place {
            blobs: account.blob_endpoint,
            queues: account.queue_endpoint,
            account: "devstoreaccount1".to_owned(),
            key: KEY.to_owned(),
        })
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

impl Run {
    /// Runs it on a stage that is its own.
    pub(crate) async fn go(self) -> Result<Report, HttpError> {
        self.go_on(&Stage::set(self.storage)?).await
    }

    pub(crate) async fn go_on(self, stage: &Stage) -> Result<Report, HttpError> {
        let Self {
            storage,
            mode,
            tasks,
            concurrency,
        } = self;
        let service = stage.service().await?;
        let idle_memory_kib = service.memory_kib("VmRSS");
        let before = service.storage_operations().await?;
        let cpu = service.cpu_seconds();
        let mut measured = workload::run(service.address, mode, tasks, concurrency).await;
        let cpu = service.cpu_seconds() - cpu;
        let after = service.storage_operations().await?;
        #[expect(clippy::cast_precision_loss, reason = "counts of tasks and calls")]
        let (count, polls) = (tasks as f64, measured.polls as f64);
        let per_second = |time: Duration| count / time.as_secs_f64();
        let operations_per_task = after
            .into_iter()
            .filter_map(|(operation, total)| {
                #[expect(clippy::cast_precision_loss, reason = "a count of calls")]
                let calls = (total - before.get(&operation).unwrap_or(&0)) as f64;
                let calls = match operation.as_str() {
                    "read_record" => calls - polls,
                    "count_messages" | "peek_message" | "check_store" => 0.0,
                    _ => calls,
                };
                (calls > 0.0).then(|| (operation, calls / count))
            })
            .collect();
        Ok(Report {
            storage,
            mode,
            tasks,
            concurrency,
            start_ms: milliseconds(service.started_in),
            submits_per_second: measured.submitting.map(per_second),
            tasks_per_second: per_second(measured.wall),
            submitting_s: measured.submitting.map(|time| time.as_secs_f64()),
            draining_s: measured.draining.map(|time| time.as_secs_f64()),
            fetching_s: measured.fetching.map(|time| time.as_secs_f64()),
            submit_p50_ms: milliseconds(measured.submit.quantile(0.5)),
            submit_p99_ms: milliseconds(measured.submit.quantile(0.99)),
            result_p50_ms: milliseconds(measured.result.quantile(0.5)),
            result_p99_ms: milliseconds(measured.result.quantile(0.99)),
            cpu_s_per_10000_tasks: cpu / count * 10_000.0,
            idle_memory_kib,
            peak_memory_kib: service.memory_kib("VmHWM"),
            operations_per_task,
            polls: measured.polls,
            errors: measured.errors,
        })
    }
}

impl Report {
    /// All calls to storage of one task.
    pub(crate) fn operations(&self) -> f64 {
        self.operations_per_task.values().sum()
    }
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
