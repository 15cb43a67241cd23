//! Threads that block for async callers: each has what it works with, and takes the next job.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::errors::{gone, overloaded};
use super::thread::Joined;
use crate::TURN_WAIT;
use ports::{StorageError, budget};

/// The most jobs that wait before callers have to, for [`TURN_WAIT`].
const WAITING: usize = 256;

type Job<R> = Box<dyn FnOnce(&R) + Send>;

/// A handle to the threads, which finish what is waiting and end when this is dropped.
#[derive(Debug)]
pub(super) struct Pool<R> {
    jobs: mpsc::Sender<Job<R>>,
    _threads: Vec<Joined>,
}

impl<R: Send + 'static> Pool<R> {
    /// Starts one thread of this name for each of these; the end of any cancels `ended`.
    pub(super) fn start(name: &str, each: Vec<R>, ended: &CancellationToken) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        let threads = each
            .into_iter()
            .map(|own| {
                let waiting = Arc::clone(&waiting);
                Joined::spawn(name, ended, move || run(&own, &waiting))
            })
            .collect::<io::Result<_>>()?;
        Ok(Self {
            jobs,
            _threads: threads,
        })
    }

    /// Does a job on the first thread that is free, unless the caller's budget is spent before.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        job: impl FnOnce(&R) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (reply, answer) = oneshot::channel();
        let job: Job<R> = Box::new(move |own| {
            let _ = reply.send(job(own));
        });
        let sent = self.jobs.send_timeout(job, budget::at_most(TURN_WAIT));
        // A job that cannot be sent is dropped here with its reply, as is one whose thread dies.
        if let Err(SendTimeoutError::Timeout(_)) = sent.await {
            return Err(overloaded(operation));
        }
        match budget::bounded(answer).await {
            Ok(answer) => answer.unwrap_or_else(|_| Err(gone(operation))),
            Err(budget::Spent) => Err(overloaded(operation)),
        }
    }
}

fn run<R>(own: &R, waiting: &Mutex<mpsc::Receiver<Job<R>>>) {
    loop {
        // One thread waits for the channel, the others for the lock; nobody works under it.
        let job = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .blocking_recv();
        let Some(job) = job else { return };
        job(own);
    }
}
