//! The service over SQLite, against a server that answers a constant and against bare commits.

use super::super::http::HttpError;
use super::super::latencies::milliseconds;
use super::super::run::Run;
use super::super::stage::Stage;
use super::super::storage::Storage;
use super::super::workload::Mode;
use super::super::{commit, constant};
use super::{Budget, CONCURRENCY, clean};

pub(super) async fn measure() -> Result<Vec<Budget>, HttpError> {
    let constant = constant::requests_per_second(200_000, CONCURRENCY).await?;
    println!("constant route: {constant:.0} requests/s");
    let load = Run {
        mode: Mode::Phases,
        tasks: 50_000,
        concurrency: CONCURRENCY,
    };
    let load = clean(load.over(Storage::Embedded).await?)?;
    let stage = Stage::set(Storage::Embedded)?;
    let commit = milliseconds(commit::median(stage.folder(), 500)?);
    println!("bare commit: {commit:.3} ms");
    let wait = Run {
        mode: Mode::Wait,
        tasks: 500,
        concurrency: 1,
    };
    let wait = clean(wait.on(&stage).await?)?;
    let usage = load.usage.ok_or("a process of our own")?;
    let waiting = wait.result.ok_or("a latency of waiting")?;
    let idle = usage.idle_memory_kib as f64;
    Ok(vec![
        Budget::at_most("start to ready, ms", usage.start_ms, 50.0),
        Budget::at_most("idle memory, MB", idle * 1024.0 / 1e6, 20.0),
        Budget::at_least(
            "embedded: requests at two a task, share of a constant route's",
            2.0 * load.tasks_per_second / constant,
            0.08,
        ),
        Budget::at_most(
            "embedded: one task with Prefer: wait, in bare commits",
            waiting.p50_ms / commit,
            4.0,
        ),
    ])
}
