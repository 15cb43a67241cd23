//! The one thread that writes, and its group commit.
//!
//! A commit waits for the disk, so it is shared: the thread takes every write that is waiting, runs
//! them in one transaction, commits, and only then answers each caller. Writes that come meanwhile
//! make up the next transaction. Each write must be a single statement: SQLite undoes a failed one
//! alone, and its neighbours go on.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::vec;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::errors::{gone, overloaded, rolled_back, storage_error};
use super::thread::Joined;
use crate::backends::PLACE_WAIT;
use crate::ports::StorageError;

/// The most writes that share a commit, and the most that wait before callers have to: for
/// [`PLACE_WAIT`], first come, first served.
const BATCH: usize = 256;

/// A write: runs in a transaction, or learns why there is none, and leaves its answer.
type Command = Box<dyn FnOnce(Result<&Connection, &rusqlite::Error>) -> Answer + Send>;

/// Tells the caller, once the transaction has ended.
type Answer = Box<dyn FnOnce(Result<(), &rusqlite::Error>)>;

/// A handle to the thread, which finishes what is waiting and ends when this is dropped.
#[derive(Debug)]
pub(super) struct Writer {
    commands: mpsc::Sender<Command>,
    commits: Arc<AtomicU64>,
    _thread: Joined,
}

impl Writer {
    /// Starts the thread, whose end cancels `ended`.
    pub(super) fn start(connection: Connection, ended: &CancellationToken) -> io::Result<Self> {
        let (commands, waiting) = mpsc::channel(BATCH);
        let commits = Arc::new(AtomicU64::new(0));
        let counter = commits.clone();
        let thread = Joined::spawn("embedded-writer", ended, move || {
            run(connection, waiting, &counter);
        })?;
        Ok(Self {
            commands,
            commits,
            _thread: thread,
        })
    }

    /// Runs one statement, and returns when its transaction is on the disk. A caller who stops
    /// waiting does not stop the write.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        statement: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (reply, answer) = oneshot::channel();
        let command: Command = Box::new(move |transaction| {
            let result = match transaction {
                Ok(connection) => statement(connection).map_err(|e| storage_error(operation, &e)),
                Err(error) => Err(storage_error(operation, error)),
            };
            Box::new(move |committed| {
                let result = result.and_then(|value| {
                    committed.map_err(|error| storage_error(operation, error))?;
                    Ok(value)
                });
                let _ = reply.send(result);
            })
        });
        let sent = self.commands.send_timeout(command, PLACE_WAIT);
        // A command that cannot be sent is dropped here with its reply, as is one whose thread dies.
        if let Err(SendTimeoutError::Timeout(_)) = sent.await {
            return Err(overloaded(operation));
        }
        answer.await.unwrap_or_else(|_| Err(gone(operation)))
    }

    /// How many transactions have been committed.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }
}

fn run(mut connection: Connection, mut waiting: mpsc::Receiver<Command>, commits: &AtomicU64) {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.blocking_recv_many(&mut batch, BATCH) > 0 {
        let mut commands = batch.drain(..);
        while commands.len() > 0 {
            share_a_commit(&mut connection, &mut commands, commits);
        }
    }
}

/// Runs the commands in one transaction and answers them. Leaves some for the next one when SQLite
/// gives up the transaction on the way.
fn share_a_commit(
    connection: &mut Connection,
    commands: &mut vec::Drain<Command>,
    commits: &AtomicU64,
) {
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            for command in commands {
                command(Err(&error))(Err(&error));
            }
            return;
        }
    };
    let mut answers = Vec::with_capacity(commands.len());
    // Back in autocommit mode, each further statement would be a transaction of its own.
    while !transaction.is_autocommit()
        && let Some(command) = commands.next()
    {
        answers.push(command(Ok(&transaction)));
    }
    let committed = if transaction.is_autocommit() {
        drop(transaction);
        Err(rolled_back())
    } else {
        transaction.commit()
    };
    if committed.is_ok() {
        commits.fetch_add(1, Ordering::Relaxed);
    }
    if committed.is_err() {
        make_room(connection);
    }
    for answer in answers {
        answer(committed.as_ref().copied());
    }
}

/// Folds the write-ahead log into the file, so that the next write begins at the front of the log.
///
/// On a full disk the log cannot grow, and SQLite folds it only after a commit: not even what frees
/// pages could be written until somebody makes room. The log and the free pages of the file are often
/// room enough. Fails when they are not, or while a reader needs the log; the next failed write tries
/// again.
fn make_room(connection: &Connection) {
    let folded = connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()));
    if let Err(error) = folded {
        log::debug!("{}", storage_error("fold the log", &error));
    }
}

#[cfg(test)]
mod tests;
