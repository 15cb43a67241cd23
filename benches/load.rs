//! The load tool: starts the service as it is released, submits tasks, fetches and checks every
//! result, and prints what that took.
//!
//! ```sh
//! cargo bench --bench load -- --storage embedded --mode phases --tasks 50000 --concurrency 64
//! cargo bench --bench load -- --budgets
//! ```

use std::fs;
use std::path::PathBuf;

use clap::Parser;
use tokio::task::LocalSet;

#[expect(
    dead_code,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "the tests' emulator, of which this needs a part"
)]
#[path = "../tests/helpers/azurite.rs"]
mod azurite;
#[path = "load/budgets.rs"]
mod budgets;
#[path = "load/commit.rs"]
mod commit;
#[path = "load/constant.rs"]
mod constant;
#[path = "load/floor.rs"]
mod floor;
#[path = "load/http.rs"]
mod http;
#[path = "load/latencies.rs"]
mod latencies;
#[path = "load/run.rs"]
mod run;
#[path = "load/service.rs"]
mod service;
#[path = "load/table.rs"]
mod table;
#[path = "load/workload.rs"]
mod workload;

use self::http::HttpError;
use self::run::{Run, Storage};
use self::workload::Mode;

/// Puts load on the service and measures it.
#[derive(Debug, Parser)]
struct Args {
    /// Where the service keeps its tasks.
    #[arg(long, value_enum, default_value_t = Storage::Embedded)]
    storage: Storage,
    /// How the clients go about it.
    #[arg(long, value_enum, default_value_t = Mode::Mixed)]
    mode: Mode,
    /// The same as `--mode wait`: one round trip a task.
    #[arg(long)]
    prefer_wait: bool,
    /// Tasks in all.
    #[arg(long, default_value_t = 20_000)]
    tasks: usize,
    /// Clients side by side, each with a connection of its own.
    #[arg(long, default_value_t = 64)]
    concurrency: usize,
    /// Measures every budget, and says whether it is met.
    #[arg(long)]
    budgets: bool,
    /// Where to write the figures as JSON, too.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Given by cargo, and without meaning here.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<(), HttpError> {
    if std::env::args().nth(1).as_deref() == Some(constant::FLAG) {
        return Ok(constant::serve()?);
    }
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(LocalSet::new().run_until(go(args)))
}

async fn go(args: Args) -> Result<(), HttpError> {
    let json = if args.budgets {
        let budgets = budgets::measure().await?;
        budgets::print(&budgets);
        serde_json::to_string_pretty(&budgets)?
    } else {
        let run = Run {
            storage: args.storage,
            mode: if args.prefer_wait {
                Mode::Wait
            } else {
                args.mode
            },
            tasks: args.tasks,
            concurrency: args.concurrency,
        };
        let report = run.go().await?;
        report.print();
        serde_json::to_string_pretty(&report)?
    };
    if let Some(file) = args.json {
        fs::write(file, json)?;
    }
    Ok(())
}
