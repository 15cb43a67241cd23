//! What more tasks and more records cost: nothing but their share.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::super::http::HttpError;
use super::super::report::Report;
use super::super::run::Run;
use super::super::service::Service;
use super::super::stage::Stage;
use super::super::storage::Storage;
use super::super::workload::Mode;
use super::{Budget, CONCURRENCY, clean};

/// Records in the store that is called full.
const RECORDS: usize = 1_000_000;

/// The first of them: after these and a sweep over them, all caches and buffers have their size.
const FIRST: usize = 50_000;

/// Two sweeps are a minute apart.
const SWEEP_PATIENCE: Duration = Duration::from_secs(120);

pub(super) async fn measure() -> Result<Vec<Budget>, HttpError> {
    let mut budgets = vec![linear().await?];
    budgets.extend(million().await?);
    Ok(budgets)
}

/// All tasks are submitted before the first is fetched, so that a longer queue would show as well.
/// The short run is over in seconds: the middle one of three counts.
async fn linear() -> Result<Budget, HttpError> {
    let mut few = [
        phases(20_000).await?,
        phases(20_000).await?,
        phases(20_000).await?,
    ];
    few.sort_by(f64::total_cmp);
    let many = phases(200_000).await?;
    Ok(Budget::at_least(
        "embedded: tasks/s of 200,000 tasks, share of that of 20,000",
        many / few[1],
        0.8,
    ))
}

/// Tasks/s of a service of its own.
async fn phases(tasks: usize) -> Result<f64, HttpError> {
    let run = Run {
        mode: Mode::Phases,
        tasks,
        concurrency: CONCURRENCY,
    };
    let report = clean(run.over(Storage::Embedded).await?)?;
    Ok(report.tasks_per_second)
}

/// One service from an empty store to a full one.
async fn million() -> Result<Vec<Budget>, HttpError> {
    let stage = Stage::set(Storage::Embedded)?;
    let service = stage.service().await?;
    // Twice, since two measurements of the same differ as well.
    let empty = [mixed(&service).await?, mixed(&service).await?];
    unfetched(&service, FIRST).await?;
    // It holds a page of 5,000 records, which is memory that the first tasks do not take.
    swept(&service).await?;
    let first = peak_memory(&service)?;
    unfetched(&service, RECORDS - FIRST).await?;
    let full = peak_memory(&service)?;
    let then = [mixed(&service).await?, mixed(&service).await?];
    let rate = |reports: &[Report; 2]| reports[0].tasks_per_second + reports[1].tasks_per_second;
    println!(
        "the same twice on the empty store: {:.3}, on the full one: {:.3}",
        empty[1].tasks_per_second / empty[0].tasks_per_second,
        then[1].tasks_per_second / then[0].tasks_per_second,
    );
    Ok(vec![
        Budget::at_least(
            "embedded: tasks/s over a million records, share of that over none",
            rate(&then) / rate(&empty),
            0.8,
        ),
        Budget::at_most(
            "embedded: peak memory after a million tasks, times that after 50,000",
            full / first,
            1.25,
        ),
    ])
}

async fn mixed(service: &Service) -> Result<Report, HttpError> {
    let run = Run {
        mode: Mode::Mixed,
        tasks: 20_000,
        concurrency: CONCURRENCY,
    };
    clean(run.with(service).await?)
}

/// Leaves so many results in the store.
async fn unfetched(service: &Service, tasks: usize) -> Result<(), HttpError> {
    let run = Run {
        mode: Mode::Submit,
        tasks,
        concurrency: CONCURRENCY,
    };
    clean(run.with(service).await?).map(drop)
}

/// Returns after the next sweep has gone over the records.
async fn swept(service: &Service) -> Result<(), HttpError> {
    let begun = Instant::now();
    let before = service.metrics().await?.ok_or("metrics of our own")?;
    while begun.elapsed() < SWEEP_PATIENCE {
        sleep(Duration::from_secs(1)).await;
        let now = service.metrics().await?.ok_or("metrics of our own")?;
        if now.operations_since(&before).get("list_records") > Some(&0.0) {
            return Ok(());
        }
    }
    Err("no sweep has gone over the records".into())
}

fn peak_memory(service: &Service) -> Result<f64, HttpError> {
    let process = service.process.ok_or("a process of our own")?;
    let peak = process.peak_memory_kib();
    println!("peak memory: {peak} KiB");
    Ok(peak as f64)
}
