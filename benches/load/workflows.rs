//! Workflows under load: fan-outs, chains of steps with effects and without, and many short instances side by
//! side. What each takes, what it asks of storage for a step, and how much memory the service ever had.
//!
//! The kinds are this tool's own, so it is the service as well, in another process.

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Instant;

use async_request_reply::schemars::{self, JsonSchema};
use async_request_reply::workflow::{Flow, Workflow, callee};
use async_request_reply::{BlockingKind, Context, Failure, Handler, Kind, Policy};
use hyper::StatusCode;
use hyper::header::HeaderName;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::commit;
use super::floor;
use super::http::{Connection, HttpError, Origin};
use super::stage::Stage;
use super::storage::Storage;

/// Nothing is asked of storage while a client waits for the end.
const PATIENT: [(HeaderName, &str); 1] = [(HeaderName::from_static("prefer"), "wait=60")];

/// How many of them follow each other in the chains.
const STEPS: u64 = 100;

/// Short instances, how many steps each has, and clients.
const SHORT: (usize, u64, usize) = (200, 3, 32);

/// Calls that a bare client has under way in a fan-out.
const SIDE_BY_SIDE: usize = 16;

/// Is the service, until it is stopped.
pub(crate) fn serve() -> ExitCode {
    Handler::from_env()
        .kind("next", Next, Policy::default())
        .blocking_kind("pure-next", PureNext, Policy::default().pure())
        .workflow("chain", Chain, Policy::default())
        .workflow("pure-chain", PureChain, Policy::default())
        .workflow("fan-out", FanOut, Policy::default())
        .workflow("quick-fan-out", QuickFanOut, Policy::default())
        .run()
}

/// One more; for all that is known, with an effect.
struct Next;

impl Kind for Next {
    type Input = u64;
    type Output = u64;

    async fn run(&self, number: u64, _: &Context) -> Result<u64, Failure> {
        Ok(number + 1)
    }
}

/// The same without an effect, and at once.
struct PureNext;

impl BlockingKind for PureNext {
    type Input = u64;
    type Output = u64;

    fn is_quick(&self, _: &u64) -> bool {
        true
    }

    fn run(&self, number: u64, _: &Context) -> Result<u64, Failure> {
        Ok(number + 1)
    }
}

/// How many steps.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Steps {
    steps: u64,
}

struct Chain;

impl Workflow for Chain {
    type Input = Steps;
    type Output = Steps;

    async fn run(&self, flow: Flow, asked: Steps) -> Result<Steps, Failure> {
        let mut steps = 0;
        while steps < asked.steps {
            steps = flow.call(callee::kind::<Next>(), &steps).await?;
        }
        Ok(Steps { steps })
    }
}

struct PureChain;

impl Workflow for PureChain {
    type Input = Steps;
    type Output = Steps;

    async fn run(&self, flow: Flow, asked: Steps) -> Result<Steps, Failure> {
        let mut steps = 0;
        while steps < asked.steps {
            steps = flow.call(callee::blocking::<PureNext>(), &steps).await?;
        }
        Ok(Steps { steps })
    }
}

struct FanOut;

impl Workflow for FanOut {
    type Input = Steps;
    type Output = Steps;

    async fn run(&self, flow: Flow, asked: Steps) -> Result<Steps, Failure> {
        let numbers = (0..asked.steps).collect();
        let all = flow.all(callee::kind::<Next>(), numbers);
        let all: Vec<u64> = all.or_first_failure().await?;
        let steps = all.last().copied().unwrap_or_default();
        Ok(Steps { steps })
    }
}

struct QuickFanOut;

impl Workflow for QuickFanOut {
    type Input = Steps;
    type Output = Steps;

    async fn run(&self, flow: Flow, asked: Steps) -> Result<Steps, Failure> {
        let numbers = (0..asked.steps).collect();
        let all = flow.all(callee::blocking::<PureNext>(), numbers);
        let all: Vec<u64> = all.or_first_failure().await?;
        let steps = all.last().copied().unwrap_or_default();
        Ok(Steps { steps })
    }
}

/// What one sort of load has shown.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    storage: Storage,
    workflow: &'static str,
    instances: usize,
    steps: u64,
    seconds: f64,
    steps_per_second: f64,
    /// From the submission to the end of the last message, shares of the looks into the queue included.
    calls_per_step: f64,
    /// The most that the service ever had; each row has a service of its own.
    peak_memory_kib: u64,
    /// What a bare client takes that makes the same calls and nothing else, one after another or 16 side by side; on
    /// the embedded store, so many commits of one small row.
    floor_seconds: Option<f64>,
}

/// Measures both storages; the largest fan-out has so many members.
pub(crate) async fn measure(most: u64) -> Result<Vec<Row>, HttpError> {
    let mut rows = Vec::new();
    for storage in [Storage::Azurite, Storage::Embedded] {
        let (short, steps, clients) = SHORT;
        for (workflow, instances, steps, clients) in [
            ("fan-out", 1, most.min(1_000), 1),
            ("fan-out", 1, most, 1),
            ("quick-fan-out", 1, most, 1),
            ("chain", 1, STEPS, 1),
            ("pure-chain", 1, STEPS, 1),
            ("chain", short, steps, clients),
        ] {
            let row = row(storage, workflow, (instances, steps), clients).await?;
            row.print();
            rows.push(row);
        }
    }
    Ok(rows)
}

async fn row(
    storage: Storage,
    workflow: &'static str,
    (instances, steps): (usize, u64),
    clients: usize,
) -> Result<Row, HttpError> {
    let stage = Stage::set(storage)?;
    let service = stage.service_of_workflows().await?;
    // So that nobody's first connection counts.
    run(service.origin.clone(), workflow, (1, 1), 1).await?;
    let calls = async || -> Result<f64, HttpError> {
        let metrics = service.metrics().await?.ok_or("no metrics")?;
        Ok(metrics.operations().values().sum())
    };
    let (before, begun) = (calls().await?, Instant::now());
    run(
        service.origin.clone(),
        workflow,
        (instances, steps),
        clients,
    )
    .await?;
    let seconds = begun.elapsed().as_secs_f64();
    let calls = calls().await? - before;
    let other = Stage::set(storage)?;
    let floor = match (other.place(), workflow, instances) {
        // More messages than that at once make the emulator slower, and we do not send them.
        (Some(place), "fan-out", 1) if steps <= 1_000 => {
            Some(floor::fan_out(place, steps as usize, SIDE_BY_SIDE).await?)
        }
        (Some(place), "chain", 1) => Some(floor::chain(place, steps as usize).await?),
        (Some(place), "chain", _) => {
            Some(floor::chains(place, (instances, steps as usize), clients).await?)
        }
        (None, "chain", 1) => {
            let commit = commit::median(other.folder(), steps as usize)?;
            Some(commit * u32::try_from(steps)?)
        }
        _ => None,
    };
    let steps = steps * instances as u64;
    Ok(Row {
        storage,
        workflow,
        instances,
        steps,
        seconds,
        steps_per_second: steps as f64 / seconds,
        calls_per_step: calls / steps as f64,
        peak_memory_kib: service
            .process
            .map_or(0, |process| process.peak_memory_kib()),
        floor_seconds: floor.map(|took| took.as_secs_f64()),
    })
}

/// Runs instances, and checks what each gives.
async fn run(
    origin: Origin,
    workflow: &'static str,
    (instances, steps): (usize, u64),
    clients: usize,
) -> Result<(), HttpError> {
    let left = Rc::new(Cell::new(instances));
    let mut running = JoinSet::new();
    for _ in 0..clients {
        let (left, origin) = (Rc::clone(&left), origin.clone());
        running.spawn_local(async move {
            let mut connection = Connection::to(origin);
            while let Some(rest) = left.get().checked_sub(1) {
                left.set(rest);
                let ended = instance(&mut connection, workflow, steps).await;
                ended.map_err(|error| error.to_string())?;
            }
            Ok::<_, String>(())
        });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Accepted {
    id: String,
}

/// Submits an instance and waits for its end.
async fn instance(
    connection: &mut Connection,
    workflow: &str,
    steps: u64,
) -> Result<(), HttpError> {
    let body = format!(r#"{{"kind": "{workflow}", "input": {{"steps": {steps}}}}}"#);
    let mut answer = connection.post("/api/tasks", &PATIENT, body).await?;
    if answer.status == StatusCode::ACCEPTED {
        let Accepted { id } = serde_json::from_slice(&answer.body)?;
        let path = format!("/api/tasks/{id}");
        answer = connection.get(&path, &PATIENT).await?;
        while answer.status == StatusCode::NOT_FOUND {
            answer = connection.get(&path, &PATIENT).await?;
        }
    }
    let ended: Steps = serde_json::from_slice(&answer.body)
        .map_err(|_| format!("{}: {:?}", answer.status, answer.body))?;
    match ended.steps == steps {
        true => Ok(()),
        false => Err(format!("{workflow} of {steps} gave {}", ended.steps).into()),
    }
}

impl Row {
    fn print(&self) {
        let Self {
            storage,
            workflow,
            instances,
            steps,
            seconds,
            steps_per_second,
            calls_per_step,
            peak_memory_kib,
            floor_seconds,
        } = self;
        let what = format!("{storage:?}: {instances} x {workflow}, {steps} steps");
        println!(
            "{what:<42} {seconds:>8.3} s {steps_per_second:>8.0} steps/s {calls_per_step:>6.2} calls a step, at most {peak_memory_kib} KiB"
        );
        if let Some(floor) = floor_seconds {
            println!(
                "{:<42} {floor:>8.3} s",
                "  a bare client with the same calls"
            );
        }
    }
}
