//! The threads that read, each with a read-only connection.
//!
//! They see every commit that was acknowledged, and none of them waits for a commit: a large record
//! is read while the disk is busy with a write.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::errors::{gone, overloaded, storage_error};
use super::thread::Joined;
use crate::TURN_WAIT;
use ports::{StorageError, budget};

/// The most reads that wait before callers have to, for [`TURN_WAIT`].
const WAITING: usize = 256;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// A handle to the threads, which finish what is waiting and end when this is dropped.
#[derive(Debug)]
pub(super) struct Readers {
    jobs: mpsc::Sender<Job>,
    _threads: Vec<Joined>,
}

impl Readers {
    /// Starts one thread for each connection; the end of any cancels `ended`.
    pub(super) fn start(
        connections: Vec<Connection>,
        ended: &CancellationToken,
    ) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        let threads = connections
            .into_iter()
            .map(|connection| {
                let waiting = waiting.clone();
                Joined::spawn("embedded-reader", ended, move || run(&connection, &waiting))
            })
            .collect::<io::Result<_>>()?;
        Ok(Self {
            jobs,
            _threads: threads,
        })
    }

    /// Runs a query on the first thread that is free, unless the caller's budget is spent before.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let _ = reply.send(query(connection).map_err(|e| storage_error(operation, &e)));
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

fn run(connection: &Connection, waiting: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        // One thread waits for the channel, the others for the lock; nobody works under it.
        let job = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .blocking_recv();
        let Some(job) = job else { return };
        job(connection);
    }
}
