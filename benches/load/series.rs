//! Latency over load: the same run with more and more clients.

use super::http::HttpError;
use super::report::Report;
use super::run::Run;
use super::service::Service;
use super::storage::Storage;
use super::workload::Mode;

/// Tasks for each client, and the least in all: the slowest hundredth has to be some.
const TASKS_PER_CLIENT: usize = 250;
const LEAST_TASKS: usize = 1_000;

/// The most tasks over the emulator: every minute it collects what tens of thousands of calls have
/// left in its memory, and answers nobody for minutes.
const MOST_EMULATED_TASKS: usize = 3_000;

/// The most clients: well past where throughput stops growing.
fn most_clients(storage: Storage) -> usize {
    match storage {
        Storage::Embedded => 256,
        Storage::Azurite | Storage::Hosted | Storage::Unknown => 64,
    }
}

fn most_tasks(storage: Storage) -> usize {
    match storage {
        Storage::Embedded | Storage::Unknown => usize::MAX,
        Storage::Azurite | Storage::Hosted => MOST_EMULATED_TASKS,
    }
}

/// Runs it with 1, 2, 4, … clients, each with so many tasks at most: with a service that runs, or
/// each on storage of its own.
pub(crate) async fn measure(
    running: Option<&Service>,
    storage: Storage,
    mode: Mode,
    tasks: usize,
) -> Result<Vec<Report>, HttpError> {
    if mode.has_phases() {
        return Err("phases have no latency from submission to result".into());
    }
    let storage = running.map_or(storage, |service| service.storage);
    let most_tasks = tasks.min(most_tasks(storage));
    let mut reports = Vec::new();
    let mut concurrency = 1;
    while concurrency <= most_clients(storage) {
        let tasks = (concurrency * TASKS_PER_CLIENT).max(LEAST_TASKS);
        let run = Run {
            mode,
            tasks: tasks.min(most_tasks),
            concurrency,
        };
        let report = match running {
            Some(service) => run.with(service).await?,
            None => run.over(storage).await?,
        };
        report.print();
        reports.push(report);
        concurrency *= 2;
    }
    Ok(reports)
}
