//! How the clients go about it, and what came of it.

use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::task::JoinSet;

use super::client::{Clients, Step};
use super::http::HttpError;
use super::measured::{Measured, Phases};
use super::service::Service;

/// How often the length of the queue is looked at.
const LOOK: Duration = Duration::from_millis(50);

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
    /// All tasks are submitted and done, and none is fetched.
    Submit,
}

impl Mode {
    /// Whether a task is fetched, if at all, long after it was submitted.
    pub(crate) fn has_phases(self) -> bool {
        matches!(self, Self::Phases | Self::Submit)
    }
}

/// Runs so many tasks with so many clients side by side.
pub(crate) async fn run(
    service: &Service,
    mode: Mode,
    tasks: usize,
    concurrency: usize,
) -> Result<Measured, HttpError> {
    let clients = Rc::new(Clients::of(service.origin.clone(), tasks));
    let begun = Instant::now();
    let phases = match mode {
        Mode::Mixed => {
            side_by_side(&clients, concurrency, Step::All).await;
            None
        }
        Mode::Wait => {
            side_by_side(&clients, concurrency, Step::Wait).await;
            None
        }
        Mode::Phases | Mode::Submit => {
            side_by_side(&clients, concurrency, Step::Submit).await;
            let submitted = Instant::now();
            drained(service).await?;
            let drained = Instant::now();
            let fetching = if mode == Mode::Phases {
                side_by_side(&clients, concurrency, Step::Fetch).await;
                Some(drained.elapsed())
            } else {
                None
            };
            Some(Phases {
                submitting: submitted - begun,
                draining: drained - submitted,
                fetching,
            })
        }
    };
    Ok(Measured {
        wall: begun.elapsed(),
        phases,
        ..clients.measured.take()
    })
}

/// Lets so many clients go through the tasks.
async fn side_by_side(clients: &Rc<Clients>, concurrency: usize, step: Step) {
    clients.begin();
    let mut running = JoinSet::new();
    for _ in 0..concurrency {
        let clients = Rc::clone(clients);
        running.spawn_local(async move { clients.live(step).await });
    }
    while running.join_next().await.is_some() {}
}

/// Returns when the service has no message left to work on.
async fn drained(service: &Service) -> Result<(), HttpError> {
    loop {
        let metrics = service.metrics().await?;
        if metrics.ok_or("no metrics any more")?.queue_messages() == Some(0.0) {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}
