//! The one thread that writes, and its group commit.
//!
//! A commit waits for the disk, so it is shared: the thread takes every write that is waiting, runs
//! them in one transaction, commits, and only then answers each caller. Writes that come meanwhile
//! make up the next transaction. Each write must be a single statement, which SQLite undoes
//! alone when it fails, or undo itself (a savepoint): its neighbours go on.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::durability::{Level, Until};
use super::errors::{gone, overloaded, rolled_back, storage_error, unanswered};
use super::thread::Joined;
use crate::TURN_WAIT;
use ports::{StorageError, budget};

/// The most writes that share a commit, and the most that wait before callers have to: for
/// [`TURN_WAIT`], first come, first served.
const BATCH: usize = 256;

struct Command {
    until: Until,
    run: Statement,
}

/// A write: runs in a transaction, or learns why there is none, and leaves its answer.
type Statement = Box<dyn FnOnce(Result<&Connection, &rusqlite::Error>) -> Answer + Send>;

/// Tells the caller, once the transaction has ended.
type Answer = Box<dyn FnOnce(Result<(), &rusqlite::Error>)>;

/// A handle to the thread, which finishes what is waiting and ends when this is dropped.
#[derive(Debug)]
pub(super) struct Writer {
    commands: mpsc::Sender<Command>,
    counters: Arc<Counters>,
    _thread: Joined,
}

/// What the thread has done so far.
#[derive(Debug, Default)]
struct Counters {
    commits: AtomicU64,
    syncs: AtomicU64,
}

impl Writer {
    /// Starts the thread, whose end cancels `ended`.
    pub(super) fn start(connection: Connection, ended: &CancellationToken) -> io::Result<Self> {
        let (commands, waiting) = mpsc::channel(BATCH);
        let counters = Arc::new(Counters::default());
        let counting = counters.clone();
        let thread = Joined::spawn("embedded-writer", ended, move || {
            run(connection, waiting, &counting);
        })?;
        Ok(Self {
            commands,
            counters,
            _thread: thread,
        })
    }

    /// Runs one statement, and returns when its transaction has come so far, or when the caller's budget is
    /// spent. A caller who stops waiting does not stop the write.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        until: Until,
        statement: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (reply, answer) = oneshot::channel();
        let run: Statement = Box::new(move |transaction| {
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
        let command = Command { until, run };
        let sent = self
            .commands
            .send_timeout(command, budget::at_most(TURN_WAIT));
        // A command that cannot be sent is dropped here with its reply, as is one whose thread dies.
        if let Err(SendTimeoutError::Timeout(_)) = sent.await {
            return Err(overloaded(operation));
        }
        match budget::bounded(answer).await {
            Ok(answer) => answer.unwrap_or_else(|_| Err(gone(operation))),
            Err(budget::Spent) => Err(unanswered(operation)),
        }
    }

    /// How many transactions have been committed.
    pub(super) fn commits(&self) -> u64 {
        self.counters.commits.load(Ordering::Relaxed)
    }

    /// How many of them waited for the disk.
    pub(super) fn syncs(&self) -> u64 {
        self.counters.syncs.load(Ordering::Relaxed)
    }
}

fn run(mut connection: Connection, mut waiting: mpsc::Receiver<Command>, counters: &Counters) {
    let mut level = Level::of(&connection);
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.blocking_recv_many(&mut batch, BATCH) > 0 {
        // The commit waits for the disk when one of those who share it does.
        let until = batch.iter().map(|command| command.until).max();
        let until = until.unwrap_or(Until::OnDisk);
        let mut commands = batch.drain(..).map(|command| command.run);
        while commands.len() > 0 {
            share_a_commit(&mut connection, &mut commands, &mut level, until, counters);
        }
    }
}

/// Runs the commands in one transaction and answers them. Leaves some for the next one when SQLite
/// gives up the transaction on the way.
fn share_a_commit(
    connection: &mut Connection,
    commands: &mut impl ExactSizeIterator<Item = Statement>,
    level: &mut Level,
    until: Until,
    counters: &Counters,
) {
    let (transaction, waits) = match begin(connection, level, until) {
        Ok(begun) => begun,
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
        counters.commits.fetch_add(1, Ordering::Relaxed);
        counters
            .syncs
            .fetch_add(u64::from(waits), Ordering::Relaxed);
    } else {
        make_room(connection);
    }
    for answer in answers {
        answer(committed.as_ref().copied());
    }
}

fn begin<'c>(
    connection: &'c mut Connection,
    level: &mut Level,
    until: Until,
) -> rusqlite::Result<(Transaction<'c>, bool)> {
    let waits = level.set(connection, until)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    Ok((transaction, waits))
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
