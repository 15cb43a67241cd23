//! The budgets: ratios of two figures of one run on one machine, so that its noise cancels out.

use std::fs;

use serde::Serialize;

use super::http::HttpError;
use super::run::{Run, Stage, Storage, milliseconds};
use super::workload::Mode;
use super::{commit, constant, floor};

/// As many requests under way as the budgets are made for.
const CONCURRENCY: usize = 64;

/// A figure and what it should be.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Budget {
    name: &'static str,
    value: f64,
    target: f64,
    met: bool,
}

/// At least so much.
fn at_least(name: &'static str, value: f64, target: f64) -> Budget {
    Budget {
        name,
        value,
        target,
        met: value >= target,
    }
}

/// At most so much.
fn at_most(name: &'static str, value: f64, target: f64) -> Budget {
    Budget {
        name,
        value,
        target,
        met: value <= target,
    }
}

/// Measures all of them, and prints the runs they are made of.
pub(crate) async fn measure() -> Result<Vec<Budget>, HttpError> {
    let mut budgets = process()?;
    budgets.extend(embedded().await?);
    budgets.extend(azurite().await?);
    Ok(budgets)
}

fn process() -> Result<Vec<Budget>, HttpError> {
    #[expect(clippy::cast_precision_loss, reason = "a size in bytes")]
    let binary = fs::metadata(env!("CARGO_BIN_EXE_handler"))?.len() as f64;
    Ok(vec![at_most("binary, MB", binary / 1e6, 20.0)])
}

async fn embedded() -> Result<Vec<Budget>, HttpError> {
    let constant = constant::requests_per_second(200_000, CONCURRENCY).await?;
    println!("constant route: {constant:.0} requests/s");
    let load = Run {
        storage: Storage::Embedded,
        mode: Mode::Phases,
        tasks: 50_000,
        concurrency: CONCURRENCY,
    };
    let load = load.go().await?;
    load.print();
    let stage = Stage::set(Storage::Embedded)?;
    let commit = commit::median(stage.folder(), 500)?;
    println!("bare commit: {:.3} ms", milliseconds(commit));
    let wait = Run {
        storage: Storage::Embedded,
        mode: Mode::Wait,
        tasks: 500,
        concurrency: 1,
    };
    let wait = wait.go_on(&stage).await?;
    wait.print();
    #[expect(clippy::cast_precision_loss, reason = "sizes in KiB")]
    let idle = load.idle_memory_kib as f64;
    Ok(vec![
        at_most("start to ready, ms", load.start_ms, 50.0),
        at_most("idle memory, MB", idle * 1024.0 / 1e6, 20.0),
        at_least(
            "embedded: requests at two a task, share of a constant route's",
            2.0 * load.tasks_per_second / constant,
            0.08,
        ),
        at_most(
            "embedded: one task with Prefer: wait, in bare commits",
            wait.result_p50_ms / milliseconds(commit),
            4.0,
        ),
    ])
}

/// Mixed, as the bare client is: a queue of thousands of messages is what the emulator is slow at.
async fn azurite() -> Result<Vec<Budget>, HttpError> {
    const TASKS: usize = 3_000;
    let stage = Stage::set(Storage::Azurite)?;
    let place = stage.place().ok_or("the emulator has an account")?;
    let floor = floor::run(place, TASKS, CONCURRENCY).await?;
    #[expect(clippy::cast_precision_loss, reason = "a count of tasks")]
    let tasks = TASKS as f64;
    let (floor_rate, floor_cpu) = (
        tasks / floor.wall.as_secs_f64(),
        floor.cpu_seconds / tasks * 10_000.0,
    );
    println!("bare client: {floor_rate:.0} tasks/s, {floor_cpu:.1} CPU s per 10,000 tasks");
    let load = Run {
        storage: Storage::Azurite,
        mode: Mode::Mixed,
        tasks: TASKS,
        concurrency: CONCURRENCY,
    };
    let load = load.go_on(&stage).await?;
    load.print();
    Ok(vec![
        at_least(
            "azurite: tasks/s, share of a bare client's",
            load.tasks_per_second / floor_rate,
            0.9,
        ),
        at_most("azurite: calls to storage per task", load.operations(), 6.1),
        at_most(
            "azurite: CPU per task, times a bare client's",
            load.cpu_s_per_10000_tasks / floor_cpu,
            2.5,
        ),
    ])
}

/// One line for each budget.
pub(crate) fn print(budgets: &[Budget]) {
    println!("\n{:<66} {:>9} {:>9}", "budget", "measured", "target");
    for Budget {
        name,
        value,
        target,
        met,
    } in budgets
    {
        let verdict = if *met { "met" } else { "NOT met" };
        println!("{name:<66} {value:>9.3} {target:>9.3}  {verdict}");
    }
}
