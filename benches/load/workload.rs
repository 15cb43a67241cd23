//! What the clients do: submit, ask, fetch, and check every value.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hyper::StatusCode;
use hyper::header::HeaderName;
use num_bigint::BigUint;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::http::{Connection, HttpError};
use super::latencies::Latencies;

/// The numbers asked for are 0 to this: small work, so that the service itself is measured.
const NUMBERS: usize = 100;

/// The waits between two polls of a client that asks as often as makes sense.
const FIRST_POLL: Duration = Duration::from_millis(1);
const LONGEST_POLL: Duration = Duration::from_millis(50);

/// Lets the service hold its reply until the task has ended.
const PATIENT: [(HeaderName, &str); 1] = [(HeaderName::from_static("prefer"), "wait=60")];

/// How the clients go about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// Each client submits and fetches one task after the other. The fetch waits for the end of the
    /// task, and asks again when that takes longer.
    Mixed,
    /// All tasks are submitted; when all are done, all are fetched.
    Phases,
    /// Each client submits and waits for the result in the same request.
    Wait,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) wall: Duration,
    /// With phases: how long submitting took.
    pub(crate) submitting: Option<Duration>,
    /// With phases: how long it took from then on until all were done.
    pub(crate) draining: Option<Duration>,
    /// With phases: how long fetching took.
    pub(crate) fetching: Option<Duration>,
    pub(crate) submit: Latencies,
    /// From the submission to the result in the client's hands.
    pub(crate) result: Latencies,
    /// Requests that found no result yet.
    pub(crate) polls: u64,
    pub(crate) errors: u64,
}

#[derive(Deserialize)]
struct Accepted {
    id: String,
}

#[derive(Deserialize)]
struct Fetched {
    number: usize,
    calculation_result: String,
}

/// The clients of one run.
struct Clients {
    address: SocketAddr,
    expected: Vec<String>,
    tasks: usize,
    next: Cell<usize>,
    /// The ids of the tasks submitted, by number of the task.
    ids: RefCell<Vec<Option<String>>>,
    measured: RefCell<Measured>,
}

/// What a client does with one task.
#[derive(Clone, Copy)]
enum Step {
    All,
    Wait,
    Submit,
    Fetch,
}

/// Runs so many tasks with so many clients side by side.
pub(crate) async fn run(
    address: SocketAddr,
    mode: Mode,
    tasks: usize,
    concurrency: usize,
) -> Measured {
    let clients = Rc::new(Clients {
        address,
        expected: fibonacci(),
        tasks,
        next: Cell::new(0),
        ids: RefCell::new(vec![None; tasks]),
        measured: RefCell::default(),
    });
    let begun = Instant::now();
    match mode {
        Mode::Mixed => side_by_side(&clients, concurrency, Step::All).await,
        Mode::Wait => side_by_side(&clients, concurrency, Step::Wait).await,
        Mode::Phases => {
            side_by_side(&clients, concurrency, Step::Submit).await;
            let submitted = Instant::now();
            clients.drained().await;
            let drained = Instant::now();
            side_by_side(&clients, concurrency, Step::Fetch).await;
            let mut measured = clients.measured.borrow_mut();
            measured.submitting = Some(submitted - begun);
            measured.draining = Some(drained - submitted);
            measured.fetching = Some(drained.elapsed());
        }
    }
    let mut measured = clients.measured.take();
    measured.wall = begun.elapsed();
    measured
}

/// Lets each client take one task after the other until there are none left.
async fn side_by_side(clients: &Rc<Clients>, concurrency: usize, step: Step) {
    clients.next.set(0);
    let mut running = JoinSet::new();
    for _ in 0..concurrency {
        let clients = Rc::clone(clients);
        running.spawn_local(async move {
            let mut connection = Connection::to(clients.address);
            while let Some(index) = clients.take() {
                let done = match step {
                    Step::All => clients.all(&mut connection, index).await,
                    Step::Wait => clients.wait(&mut connection, index).await,
                    Step::Submit => clients.submit(&mut connection, index).await.map(drop),
                    Step::Fetch => clients.fetch(&mut connection, index).await,
                };
                if let Err(error) = done {
                    clients.failed(index, &*error);
                }
            }
        });
    }
    while running.join_next().await.is_some() {}
}

impl Clients {
    fn take(&self) -> Option<usize> {
        let index = self.next.get();
        self.next.set(index + 1);
        (index < self.tasks).then_some(index)
    }

    fn failed(&self, index: usize, error: &dyn std::error::Error) {
        let mut measured = self.measured.borrow_mut();
        measured.errors += 1;
        if measured.errors <= 5 {
            eprintln!("task {index}: {error}");
        }
    }

    async fn submit(&self, connection: &mut Connection, index: usize) -> Result<(), HttpError> {
        let begun = Instant::now();
        let body = format!(r#"{{"number":{}}}"#, index % NUMBERS);
        let answer = connection.post("/api/tasks", &[], body).await?;
        if answer.status != StatusCode::ACCEPTED {
            return Err(format!("submission answered with {}", answer.status).into());
        }
        let accepted: Accepted = serde_json::from_slice(&answer.body)?;
        self.ids.borrow_mut()[index] = Some(accepted.id);
        self.measured.borrow_mut().submit.add(begun.elapsed());
        Ok(())
    }

    /// Asks until the result is there, which consumes it.
    async fn fetch(&self, connection: &mut Connection, index: usize) -> Result<(), HttpError> {
        let id = self.ids.borrow_mut()[index]
            .take()
            .ok_or("never submitted")?;
        let path = format!("/api/tasks/{id}");
        let mut poll = FIRST_POLL;
        loop {
            let answer = connection.get(&path, &PATIENT).await?;
            match answer.status {
                StatusCode::OK => return self.check(index, &answer.body),
                StatusCode::NOT_FOUND => {}
                other => return Err(format!("fetch answered with {other}").into()),
            }
            self.measured.borrow_mut().polls += 1;
            tokio::time::sleep(poll).await;
            poll = (poll * 2).min(LONGEST_POLL);
        }
    }

    async fn all(&self, connection: &mut Connection, index: usize) -> Result<(), HttpError> {
        let begun = Instant::now();
        self.submit(connection, index).await?;
        self.fetch(connection, index).await?;
        self.measured.borrow_mut().result.add(begun.elapsed());
        Ok(())
    }

    async fn wait(&self, connection: &mut Connection, index: usize) -> Result<(), HttpError> {
        let begun = Instant::now();
        let body = format!(r#"{{"number":{}}}"#, index % NUMBERS);
        let answer = connection.post("/api/tasks", &PATIENT, body).await?;
        if answer.status != StatusCode::OK {
            return Err(format!("waiting submission answered with {}", answer.status).into());
        }
        self.measured.borrow_mut().result.add(begun.elapsed());
        self.check(index, &answer.body)
    }

    fn check(&self, index: usize, body: &[u8]) -> Result<(), HttpError> {
        let fetched: Fetched = serde_json::from_slice(body)?;
        let number = index % NUMBERS;
        if fetched.number == number && fetched.calculation_result == self.expected[number] {
            Ok(())
        } else {
            Err(format!("wrong value for {number}").into())
        }
    }

    /// Returns when the service has no message left to work on.
    async fn drained(&self) {
        let mut connection = Connection::to(self.address);
        loop {
            if let Ok(answer) = connection.get("/api/metrics", &[]).await {
                let text = String::from_utf8_lossy(&answer.body);
                if text.lines().any(|line| line == "queue_messages 0") {
                    return;
                }
            }
            tokio::time::sleep(LONGEST_POLL).await;
        }
    }
}

/// The expected values, by addition.
fn fibonacci() -> Vec<String> {
    let (mut this, mut next) = (BigUint::ZERO, BigUint::from(1_u8));
    (0..NUMBERS)
        .map(|_| {
            let text = this.to_string();
            let sum = &this + &next;
            this = std::mem::replace(&mut next, sum);
            text
        })
        .collect()
}
