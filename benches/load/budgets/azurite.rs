//! The service over the emulator, against a bare client; and what it asks when it has nothing to do.

use std::time::Duration;

use super::super::http::HttpError;
use super::super::run::Run;
use super::super::stage::Stage;
use super::super::storage::Storage;
use super::super::workload::Mode;
use super::super::{floor, idle};
use super::{Budget, CONCURRENCY, clean};

/// How long the service is left alone: four polls and two sweeps.
const IDLE: Duration = Duration::from_secs(120);

/// Mixed, as the bare client is: a queue of thousands of messages is what the emulator is slow at.
pub(super) async fn measure() -> Result<Vec<Budget>, HttpError> {
    const TASKS: usize = 3_000;
    let stage = Stage::set(Storage::Azurite)?;
    let place = stage.place().ok_or("the emulator has an account")?;
    let floor = floor::run(place, TASKS, CONCURRENCY).await?;
    let tasks = TASKS as f64;
    let (floor_rate, floor_cpu) = (
        tasks / floor.wall.as_secs_f64(),
        floor.cpu_seconds / tasks * 10_000.0,
    );
    println!("bare client: {floor_rate:.0} tasks/s, {floor_cpu:.1} CPU s per 10,000 tasks");
    let load = Run {
        mode: Mode::Mixed,
        tasks: TASKS,
        concurrency: CONCURRENCY,
    };
    let service = stage.service().await?;
    let load = clean(load.with(&service).await?)?;
    let idle = idle::measure(&service, IDLE).await?;
    idle.print();
    let usage = load.usage.ok_or("a process of our own")?;
    Ok(vec![
        Budget::at_least(
            "azurite: tasks/s, share of a bare client's",
            load.tasks_per_second / floor_rate,
            0.9,
        ),
        Budget::at_most(
            "azurite: calls to storage per task",
            load.operations().ok_or("metrics of our own")?,
            6.1,
        ),
        Budget::at_most(
            "azurite: CPU per task, times a bare client's",
            usage.cpu_s_per_10000_tasks / floor_cpu,
            2.5,
        ),
        Budget::at_most(
            "azurite: calls to storage per idle hour",
            idle.operations().ok_or("metrics of our own")?,
            240.0,
        ),
        // A loop that slept on would take seconds: half of its interval is 15.
        Budget::at_most(
            "azurite: a task submitted while idle, ms",
            idle.idle_wait_ms,
            500.0,
        ),
    ])
}
