//! What a client does with one task: submit, ask, fetch, and check the value.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use hyper::StatusCode;
use hyper::header::HeaderName;
use num_bigint::BigUint;
use serde::Deserialize;

use super::http::{Connection, HttpError, Origin};
use super::measured::Measured;

/// The numbers asked for are 0 to this: small work, so that the service itself is measured.
const NUMBERS: usize = 100;

/// The waits between two polls of a client that asks as often as makes sense.
const FIRST_POLL: Duration = Duration::from_millis(1);
const LONGEST_POLL: Duration = Duration::from_millis(50);

/// Lets the service hold its reply until the task has ended.
const PATIENT: [(HeaderName, &str); 1] = [(HeaderName::from_static("prefer"), "wait=60")];

/// One pass over the tasks.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    All,
    Wait,
    Submit,
    Fetch,
}

/// The clients of one run, and their tasks.
pub(crate) struct Clients {
    origin: Origin,
    expected: Vec<String>,
    tasks: usize,
    next: Cell<usize>,
    /// The ids of the tasks submitted, by number of the task.
    ids: RefCell<Vec<Option<String>>>,
    pub(crate) measured: RefCell<Measured>,
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

impl Clients {
    pub(crate) fn of(origin: Origin, tasks: usize) -> Self {
        Self {
            origin,
            expected: fibonacci(),
            tasks,
            next: Cell::new(0),
            ids: RefCell::new(vec![None; tasks]),
            measured: RefCell::default(),
        }
    }

    /// Begins a pass: all tasks are to be taken again.
    pub(crate) fn begin(&self) {
        self.next.set(0);
    }

    /// One client: takes one task after the other until there are none left.
    pub(crate) async fn live(&self, step: Step) {
        let mut connection = Connection::to(self.origin.clone());
        while let Some(index) = self.take() {
            let done = match step {
                Step::All => self.all(&mut connection, index).await,
                Step::Wait => self.wait(&mut connection, index).await,
                Step::Submit => self.submit(&mut connection, index).await,
                Step::Fetch => self.fetch(&mut connection, index).await,
            };
            if let Err(error) = done {
                self.failed(index, &*error);
            }
        }
    }

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
