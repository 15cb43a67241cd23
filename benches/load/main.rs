//! The load tool: starts the service as it is released, or goes to one that runs, submits tasks,
//! fetches and checks every result, and prints what that took.
//!
//! ```sh
//! cargo bench --bench load -- --storage embedded --mode phases --tasks 50000 --concurrency 64
//! cargo bench --bench load -- --storage azurite --tasks 3000 --idle 120
//! cargo bench --bench load -- --storage embedded --plot latency.svg
//! cargo bench --bench load -- --budgets
//! cargo bench --bench load -- --budgets kinds
//! cargo bench --bench load -- --early-start 50
//! cargo bench --bench load -- --workflows
//! ```

mod budgets;
mod client;
mod commit;
mod constant;
mod early;
mod floor;
mod http;
mod idle;
mod latencies;
mod log;
mod measured;
mod metrics;
mod plot;
mod process;
mod report;
mod run;
mod scale_out;
mod series;
mod service;
mod stage;
mod storage;
mod table;
mod workflows;
mod workload;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde::Serialize;
use serde_json::to_string_pretty;
use testkit::{azurite, random};
use tokio::task::LocalSet;

use self::budgets::{Budget, Part};
use self::http::HttpError;
use self::idle::Idle;
use self::report::Report;
use self::run::Run;
use self::service::Service;
use self::stage::Stage;
use self::storage::Storage;
use self::workload::Mode;

/// What says how a run is to be: everything else has its own.
const OF_A_RUN: [&str; 8] = [
    "storage",
    "url",
    "mode",
    "prefer_wait",
    "tasks",
    "concurrency",
    "idle",
    "plot",
];

/// Puts load on the service and measures it.
#[derive(Debug, Parser)]
struct Args {
    /// Where the service keeps its tasks.
    #[arg(long, value_enum, default_value_t = Storage::Embedded)]
    storage: Storage,
    /// A service that runs already, such as <http://localhost:7071>: its processor time and memory
    /// stay unknown.
    #[arg(long, conflicts_with = "storage")]
    url: Option<String>,
    /// That service's key, to read its metrics.
    #[arg(long, requires = "url")]
    key: Option<String>,
    /// How the clients go about it.
    #[arg(long, value_enum, default_value_t = Mode::Mixed)]
    mode: Mode,
    /// The same as `--mode wait`: one round trip a task.
    #[arg(long)]
    prefer_wait: bool,
    /// Tasks in all; 0 puts no load on it.
    #[arg(long, default_value_t = 20_000)]
    tasks: usize,
    /// Clients side by side, each with a connection of its own.
    #[arg(long, default_value_t = 64)]
    concurrency: usize,
    /// Then leaves the service alone, and counts for so many seconds what it asks of storage.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    idle: Option<u64>,
    /// Runs with 1, 2, 4, … clients, and draws latency over load into this file.
    #[arg(long, conflicts_with_all = ["idle", "concurrency"])]
    plot: Option<PathBuf>,
    /// Measures every budget, or those of a part, and fails if one is not met.
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "all", conflicts_with_all = OF_A_RUN, conflicts_with = "scale_out")]
    budgets: Option<Part>,
    /// Simulates deployments side by side under the limits of Azure Storage.
    #[arg(long, conflicts_with_all = OF_A_RUN)]
    scale_out: bool,
    /// Compares tasks that begin where they were accepted with those that wait for a look into the queue:
    /// so many of each, three seconds apart, under the host's double and over the emulator.
    #[arg(
        long,
        conflicts_with_all = OF_A_RUN,
        conflicts_with_all = ["budgets", "scale_out"],
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    early_start: Option<u16>,
    /// Measures workflows on the emulator and on the embedded store, in a process of this tool's own; the largest
    /// fan-out has so many members.
    #[arg(
        long,
        num_args = 0..=1,
        default_missing_value = "10000",
        conflicts_with_all = OF_A_RUN,
        conflicts_with_all = ["budgets", "scale_out", "early_start"],
        value_parser = clap::value_parser!(u64).range(1..=10_000)
    )]
    workflows: Option<u64>,
    /// Where to write the figures as JSON, too.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Given by cargo, and without meaning here.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What one run says.
#[derive(Serialize)]
struct Figures {
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Report>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle: Option<Idle>,
}

fn main() -> Result<ExitCode, HttpError> {
    if std::env::args().nth(1).as_deref() == Some(constant::FLAG) {
        constant::serve()?;
        return Ok(ExitCode::SUCCESS);
    }
    if std::env::var_os(stage::SERVES).is_some() {
        return Ok(workflows::serve());
    }
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (figures, passed) = runtime.block_on(LocalSet::new().run_until(measure(&args)))?;
    if let Some(file) = args.json {
        fs::write(file, figures)?;
    }
    Ok(ExitCode::from(u8::from(!passed)))
}

/// The figures as JSON, and whether they are what they should be.
async fn measure(args: &Args) -> Result<(String, bool), HttpError> {
    if let Some(part) = args.budgets {
        let budgets = budgets::measure(part).await?;
        budgets::print(&budgets);
        let met = budgets.iter().all(Budget::is_met);
        return Ok((to_string_pretty(&budgets)?, met));
    }
    if args.scale_out {
        return Ok((to_string_pretty(&scale_out::simulate()?)?, true));
    }
    if let Some(submissions) = args.early_start {
        let figures = early::measure(submissions.into()).await?;
        return Ok((to_string_pretty(&figures)?, true));
    }
    if let Some(most) = args.workflows {
        return Ok((to_string_pretty(&workflows::measure(most).await?)?, true));
    }
    let running = match &args.url {
        Some(url) => Some(Service::running(url, args.key.clone()).await?),
        None => None,
    };
    let mode = match args.prefer_wait {
        true => Mode::Wait,
        false => args.mode,
    };
    if let Some(file) = &args.plot {
        let reports = series::measure(running.as_ref(), args.storage, mode, args.tasks).await?;
        plot::draw(file, &reports)?;
        let clean = reports.iter().all(|report| report.errors == 0);
        return Ok((to_string_pretty(&reports)?, clean));
    }
    let stage = Stage::set(args.storage)?;
    let service = match running {
        Some(service) => service,
        None => stage.service().await?,
    };
    let mut figures = Figures {
        run: None,
        idle: None,
    };
    if args.tasks > 0 {
        let run = Run {
            mode,
            tasks: args.tasks,
            concurrency: args.concurrency,
        };
        let report = run.with(&service).await?;
        report.print();
        figures.run = Some(report);
    }
    if let Some(seconds) = args.idle {
        let idle = idle::measure(&service, Duration::from_secs(seconds)).await?;
        idle.print();
        figures.idle = Some(idle);
    }
    let clean = figures.run.iter().all(|report| report.errors == 0);
    Ok((to_string_pretty(&figures)?, clean))
}
