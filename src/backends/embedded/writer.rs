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
        let sent = self.commands.send_timeout(command, PLACE_WAIT).await;
        if let Err(SendTimeoutError::Timeout(_)) = sent {
            return Err(overloaded(operation));
        }
        // A command that cannot be sent is dropped with its reply, as is one whose thread dies.
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
mod tests {
    use std::sync::mpsc as blocking;

    use super::*;

    fn writer() -> Writer {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE numbers (n INTEGER UNIQUE) STRICT")
            .unwrap();
        start(connection)
    }

    fn start(connection: Connection) -> Writer {
        Writer::start(connection, &CancellationToken::new()).unwrap()
    }

    fn insert(n: i64) -> impl FnOnce(&Connection) -> rusqlite::Result<usize> + Send + 'static {
        move |connection| connection.execute("INSERT INTO numbers VALUES (?1)", [n])
    }

    fn count(connection: &Connection) -> rusqlite::Result<i64> {
        connection.query_row("SELECT count(*) FROM numbers", [], |row| row.get(0))
    }

    /// Keeps the thread busy until the sender is dropped, so that what follows is one batch.
    async fn hold(writer: &Writer) -> blocking::Sender<()> {
        let (release, held) = blocking::channel();
        let (started, busy) = oneshot::channel();
        let command: Command = Box::new(move |_| {
            started.send(()).unwrap();
            let _ = held.recv();
            Box::new(|_| ())
        });
        assert!(writer.commands.send(command).await.is_ok());
        busy.await.unwrap();
        release
    }

    #[tokio::test]
    async fn writes_that_wait_together_share_a_commit() {
        let writer = writer();
        let release = hold(&writer).await;

        let (a, b, c, ()) = tokio::join!(
            writer.write("insert", insert(1)),
            writer.write("insert", insert(2)),
            writer.write("insert", insert(3)),
            async { drop(release) },
        );

        assert_eq!([a, b, c], [Ok(1), Ok(1), Ok(1)]);
        // The one that held the thread, and theirs.
        assert_eq!(writer.commits(), 2);
    }

    #[tokio::test]
    async fn a_failed_statement_leaves_its_neighbours_alone() {
        let writer = writer();
        let release = hold(&writer).await;

        let (a, b, c, ()) = tokio::join!(
            writer.write("insert", insert(1)),
            writer.write("insert", insert(1)),
            writer.write("insert", insert(2)),
            async { drop(release) },
        );

        assert_eq!(a, Ok(1));
        assert!(!b.unwrap_err().is_transient());
        assert_eq!(c, Ok(1));
        assert_eq!(writer.write("count", count).await, Ok(2));
    }

    #[tokio::test]
    async fn a_transaction_that_sqlite_gives_up_is_acknowledged_to_nobody() {
        let writer = writer();
        let release = hold(&writer).await;

        let (before, _, after, ()) = tokio::join!(
            writer.write("insert", insert(1)),
            writer.write("fill the disk", |c| c.execute_batch("ROLLBACK")),
            writer.write("insert", insert(2)),
            async { drop(release) },
        );

        assert!(before.unwrap_err().is_transient());
        assert_eq!(after, Ok(1));
        assert_eq!(writer.write("count", count).await, Ok(1));
    }

    #[tokio::test]
    async fn a_write_that_fails_folds_the_log_to_make_room() {
        let folder = tempfile::tempdir().unwrap();
        let [file, copy] = ["a.db", "b.db"].map(|name| folder.path().join(name));
        let connection = Connection::open(&file).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
                 CREATE TABLE numbers (n INTEGER UNIQUE) STRICT",
            )
            .unwrap();
        let writer = start(connection);
        writer.write("insert", insert(1)).await.unwrap();

        let failed = writer.write("fill the disk", |c| c.execute_batch("ROLLBACK"));

        assert!(failed.await.unwrap_err().is_transient());
        // Without its log, the file holds what was folded into it.
        std::fs::copy(&file, &copy).unwrap();
        assert_eq!(count(&Connection::open(&copy).unwrap()), Ok(1));
    }

    #[tokio::test]
    async fn a_dead_thread_is_a_permanent_failure_and_is_told() {
        let ended = CancellationToken::new();
        let writer = Writer::start(Connection::open_in_memory().unwrap(), &ended).unwrap();

        let killed = writer
            .write("insert", |_| -> rusqlite::Result<()> {
                panic!("on purpose")
            })
            .await;
        let later = writer.write("insert", insert(1)).await;

        ended.cancelled().await;
        assert_eq!(killed, Err(gone("insert")));
        assert_eq!(later, Err(gone("insert")));
    }

    #[tokio::test]
    async fn a_file_that_somebody_else_locks_is_a_transient_failure() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("numbers.db");
        let stranger = Connection::open(&file).unwrap();
        stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
        let connection = Connection::open(&file).unwrap();
        connection.busy_timeout(std::time::Duration::ZERO).unwrap();
        let writer = start(connection);

        let refused = writer.write("insert", insert(1)).await;

        assert!(refused.unwrap_err().is_transient());
    }
}
