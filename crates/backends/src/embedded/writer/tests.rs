//! Who shares a commit, who learns how it ended, and when.

use std::sync::mpsc as blocking;
use std::time::Duration;

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
    let run: Statement = Box::new(move |_| {
        started.send(()).unwrap();
        let _ = held.recv();
        Box::new(|_| ())
    });
    let until = Until::Committed;
    let command = Command { until, run };
    assert!(writer.commands.send(command).await.is_ok());
    busy.await.unwrap();
    release
}

#[tokio::test]
async fn writes_that_wait_together_share_a_commit() {
    let writer = writer();
    let release = hold(&writer).await;

    let (a, b, c, ()) = tokio::join!(
        writer.write("insert", Until::OnDisk, insert(1)),
        writer.write("insert", Until::OnDisk, insert(2)),
        writer.write("insert", Until::OnDisk, insert(3)),
        async { drop(release) },
    );

    assert_eq!([a, b, c], [Ok(1), Ok(1), Ok(1)]);
    // The one that held the thread, and theirs.
    assert_eq!(writer.commits(), 2);
}

#[tokio::test]
async fn what_is_acknowledged_is_committed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("numbers.db");
    let connection = Connection::open(&file).unwrap();
    connection
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE numbers (n INTEGER) STRICT")
        .unwrap();
    let writer = Writer::start(connection, &CancellationToken::new()).unwrap();
    let stranger = Connection::open(&file).unwrap();
    for n in 1..=50 {
        writer
            .write("insert", Until::OnDisk, insert(n))
            .await
            .unwrap();
        assert_eq!(count(&stranger), Ok(n));
    }
}

#[tokio::test]
async fn a_failed_statement_leaves_its_neighbours_alone() {
    let writer = writer();
    let release = hold(&writer).await;

    let (a, b, c, ()) = tokio::join!(
        writer.write("insert", Until::OnDisk, insert(1)),
        writer.write("insert", Until::OnDisk, insert(1)),
        writer.write("insert", Until::OnDisk, insert(2)),
        async { drop(release) },
    );

    assert_eq!(a, Ok(1));
    assert!(!b.unwrap_err().is_transient());
    assert_eq!(c, Ok(1));
    assert_eq!(writer.write("count", Until::OnDisk, count).await, Ok(2));
}

#[tokio::test]
async fn a_transaction_that_sqlite_gives_up_is_acknowledged_to_nobody() {
    let writer = writer();
    let release = hold(&writer).await;

    let (before, _, after, ()) = tokio::join!(
        writer.write("insert", Until::OnDisk, insert(1)),
        writer.write("fill the disk", Until::OnDisk, |c| c
            .execute_batch("ROLLBACK")),
        writer.write("insert", Until::OnDisk, insert(2)),
        async { drop(release) },
    );

    assert!(before.unwrap_err().is_transient());
    assert_eq!(after, Ok(1));
    assert_eq!(writer.write("count", Until::OnDisk, count).await, Ok(1));
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
    writer
        .write("insert", Until::OnDisk, insert(1))
        .await
        .unwrap();

    let failed = writer.write("fill the disk", Until::OnDisk, |c| {
        c.execute_batch("ROLLBACK")
    });

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
        .write("insert", Until::OnDisk, |_| -> rusqlite::Result<()> {
            panic!("on purpose")
        })
        .await;
    ended.cancelled().await;
    let later = writer.write("insert", Until::OnDisk, insert(1)).await;

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

    let refused = writer.write("insert", Until::OnDisk, insert(1)).await;

    assert!(refused.unwrap_err().is_transient());
}

/// A writer on a file in this folder, with a journal of this mode.
fn writer_on_file(folder: &tempfile::TempDir, journal_mode: &str) -> Writer {
    let connection = Connection::open(folder.path().join("numbers.db")).unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = {journal_mode}; CREATE TABLE numbers (n INTEGER) STRICT"
        ))
        .unwrap();
    start(connection)
}

#[tokio::test]
async fn only_what_has_to_waits_for_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer_on_file(&folder, "WAL");
    let steps = [
        (Until::Committed, 0),
        (Until::OnDisk, 1),
        (Until::OnDisk, 2),
        (Until::Committed, 2),
        (Until::OnDisk, 3),
    ];
    for (step, (until, syncs)) in (1..).zip(steps) {
        writer.write("insert", until, insert(step)).await.unwrap();
        assert_eq!((writer.commits(), writer.syncs()), (step as u64, syncs));
    }
}

#[tokio::test]
async fn sqlite_is_told_what_waits_for_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer_on_file(&folder, "WAL");
    // "PRAGMA synchronous": 1 is NORMAL, 2 is FULL.
    for (until, level) in [
        (Until::OnDisk, 2),
        (Until::Committed, 1),
        (Until::OnDisk, 2),
        (Until::Committed, 1),
    ] {
        let told = writer.write("ask", until, |c| {
            c.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0))
        });
        assert_eq!(told.await, Ok(level));
    }
}

#[tokio::test]
async fn one_that_waits_for_the_disk_makes_all_wait_that_share_its_commit() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer_on_file(&folder, "WAL");
    let release = hold(&writer).await;

    let (a, b, c, ()) = tokio::join!(
        writer.write("insert", Until::Committed, insert(1)),
        writer.write("insert", Until::OnDisk, insert(2)),
        writer.write("insert", Until::Committed, insert(3)),
        async { drop(release) },
    );

    assert_eq!([a, b, c], [Ok(1), Ok(1), Ok(1)]);
    assert_eq!((writer.commits(), writer.syncs()), (2, 1));
}

#[tokio::test]
async fn without_a_write_ahead_log_all_wait_for_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer_on_file(&folder, "TRUNCATE");
    for n in 1..=3 {
        let insert = writer.write("insert", Until::Committed, insert(n));
        insert.await.unwrap();
    }
    assert_eq!((writer.commits(), writer.syncs()), (3, 3));
}

#[tokio::test]
async fn a_write_that_outlasts_the_budget_is_unanswered_and_done_all_the_same() {
    let writer = writer();
    let release = hold(&writer).await;
    let write = writer.write("insert", Until::OnDisk, insert(1));
    let short = Duration::from_millis(20);
    let error = budget::within(Some(short), write).await.unwrap_err();
    assert!(error.is_unanswered());
    drop(release);
    assert_eq!(writer.write("count", Until::Committed, count).await, Ok(1));
}
