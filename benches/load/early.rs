//! Work that begins where it was accepted, beside work that waits for a look into the queue: how long a task
//! takes a service that had nothing to do, what it asks of storage, and what both do under load.
//!
//! Two services of each sort, one with `EARLY_START=off`, are asked in turns, so that a busy moment of the
//! machine hits both.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hyper::StatusCode;
use hyper::header::HeaderName;
use serde::{Deserialize, Serialize};
use testkit::random::Random;
use tokio::time::sleep;

use super::http::{Connection, HttpError};
use super::latencies::{Latencies, milliseconds};
use super::run::Run;
use super::service::Service;
use super::stage::Stage;
use super::storage::Storage;
use super::workload::Mode;

/// The pause between two submissions to a service is twice this in the middle: longer or shorter by a
/// third, so as not to keep step with the looks into the queue.
const HALF_A_PAUSE: std::ops::Range<usize> = 1_000..2_000;

/// Between two looks at a monitor.
const POLL: Duration = Duration::from_millis(5);

/// How long a task may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Clients side by side, and tasks for each submission that is timed.
const CONCURRENCY: usize = 32;
const TASKS_UNDER_LOAD: usize = 40;

/// How a client learns of the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Client {
    /// It waits for it in its submission (`Prefer: wait`).
    Waits,
    /// It looks at the monitor until that says so.
    Polls,
}

/// What one service has shown.
#[derive(Debug, Serialize)]
pub(crate) struct Early {
    storage: Storage,
    early_start: &'static str,
    client: Client,
    tasks: usize,
    p50_ms: f64,
    p95_ms: f64,
    /// By operation, without what the polls of the client ask.
    operations_per_task: BTreeMap<String, f64>,
    /// With many clients side by side, each of which waits for its task.
    tasks_per_second: f64,
}

/// Lets so many tasks be submitted to each service by each sort of client.
pub(crate) async fn measure(submissions: usize) -> Result<Vec<Early>, HttpError> {
    let mut figures = Vec::new();
    for storage in [Storage::Hosted, Storage::Azurite] {
        for client in [Client::Waits, Client::Polls] {
            figures.extend(compare(storage, client, submissions).await?);
        }
    }
    Ok(figures)
}

async fn compare(
    storage: Storage,
    client: Client,
    submissions: usize,
) -> Result<Vec<Early>, HttpError> {
    let mut subjects = Vec::new();
    for early_start in ["off", "all"] {
        let stage = Stage::set(storage)?;
        let settings = [("EARLY_START", early_start)];
        let service = stage.service_with(&settings).await?;
        subjects.push(Subject::new(early_start, service, stage));
    }
    // A first task, so that nobody's first connection counts.
    for subject in &mut subjects {
        subject.task(client).await?;
        subject.begin().await?;
    }
    let mut random = Random::of(1, "pauses", 0);
    for _ in 0..submissions {
        for subject in &mut subjects {
            sleep(random.millis(HALF_A_PAUSE.start, HALF_A_PAUSE.end)).await;
            let took = subject.task(client).await?;
            subject.latencies.add(took);
        }
    }
    let mut figures = Vec::new();
    for subject in subjects {
        let figure = subject.end(storage, client, submissions).await?;
        figure.print();
        figures.push(figure);
    }
    Ok(figures)
}

/// A service, and what was seen of it.
struct Subject {
    early_start: &'static str,
    service: Service,
    connection: Connection,
    latencies: Latencies,
    polls: u64,
    before: BTreeMap<String, f64>,
    /// Ends after the service.
    _stage: Stage,
}

#[derive(Deserialize)]
struct Accepted {
    id: String,
}

#[derive(Deserialize)]
struct Monitor {
    status: String,
}

impl Subject {
    fn new(early_start: &'static str, service: Service, stage: Stage) -> Self {
        Self {
            early_start,
            connection: Connection::to(service.origin.clone()),
            service,
            latencies: Latencies::default(),
            polls: 0,
            before: BTreeMap::new(),
            _stage: stage,
        }
    }

    async fn operations(&self) -> Result<BTreeMap<String, f64>, HttpError> {
        let metrics = self.service.metrics().await?;
        Ok(metrics.ok_or("metrics of our own")?.operations())
    }

    /// From here on it counts.
    async fn begin(&mut self) -> Result<(), HttpError> {
        self.polls = 0;
        self.before = self.operations().await?;
        Ok(())
    }

    /// How long one task takes, from its submission to the client's knowing of its end.
    async fn task(&mut self, client: Client) -> Result<Duration, HttpError> {
        let begun = Instant::now();
        let (patient, expected) = match client {
            Client::Waits => (
                vec![(HeaderName::from_static("prefer"), "wait=60")],
                StatusCode::OK,
            ),
            Client::Polls => (Vec::new(), StatusCode::ACCEPTED),
        };
        let body = r#"{"number":24}"#.to_owned();
        let answer = self.connection.post("/api/tasks", &patient, body).await?;
        if answer.status != expected {
            return Err(format!("submission answered with {}", answer.status).into());
        }
        if client == Client::Polls {
            let Accepted { id } = serde_json::from_slice(&answer.body)?;
            self.poll(&id, begun).await?;
        }
        Ok(begun.elapsed())
    }

    async fn poll(&mut self, id: &str, begun: Instant) -> Result<(), HttpError> {
        let path = format!("/api/operations/{id}");
        while begun.elapsed() < PATIENCE {
            let answer = self.connection.get(&path, &[]).await?;
            self.polls += 1;
            let Monitor { status } = serde_json::from_slice(&answer.body)?;
            match status.as_str() {
                "Succeeded" => return Ok(()),
                "NotStarted" | "Running" => sleep(POLL).await,
                other => return Err(format!("the task has ended as {other}").into()),
            }
        }
        Err("the task does not end".into())
    }

    async fn end(
        mut self,
        storage: Storage,
        client: Client,
        tasks: usize,
    ) -> Result<Early, HttpError> {
        // The last message is deleted after the client knows.
        sleep(Duration::from_secs(1)).await;
        let after = self.operations().await?;
        let per_task = after.into_iter().filter_map(|(operation, calls)| {
            let before = self.before.get(&operation).unwrap_or(&0.0);
            let own = match operation.as_str() {
                "read_record" => self.polls as f64,
                // What the metrics themselves ask.
                "count_messages" | "peek_message" => return None,
                _ => 0.0,
            };
            let calls = (calls - before - own) / tasks as f64;
            (calls > 0.0).then_some((operation, calls))
        });
        let operations_per_task = per_task.collect();
        let load = Run {
            mode: Mode::Wait,
            tasks: tasks * TASKS_UNDER_LOAD,
            concurrency: CONCURRENCY,
        };
        let load = load.with(&self.service).await?;
        if load.errors > 0 {
            return Err(format!("{} tasks went wrong", load.errors).into());
        }
        Ok(Early {
            storage,
            early_start: self.early_start,
            client,
            tasks,
            p50_ms: milliseconds(self.latencies.quantile(0.5)),
            p95_ms: milliseconds(self.latencies.quantile(0.95)),
            operations_per_task,
            tasks_per_second: load.tasks_per_second,
        })
    }
}

impl Early {
    fn print(&self) {
        println!(
            "{:?}, EARLY_START={}, the client {}: p50 {:.1} ms, p95 {:.1} ms; {:.0} tasks/s with \
             {CONCURRENCY} clients",
            self.storage,
            self.early_start,
            match self.client {
                Client::Waits => "waits",
                Client::Polls => "polls",
            },
            self.p50_ms,
            self.p95_ms,
            self.tasks_per_second,
        );
        let total: f64 = self.operations_per_task.values().sum();
        println!("  calls to storage per task    {total:.2}");
        for (operation, calls) in &self.operations_per_task {
            println!("    {operation:<26} {calls:.3}");
        }
    }
}
