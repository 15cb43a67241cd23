//! What the embedded backend promises about its folder and its file.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use backends::embedded::{Embedded, OpenError};
use ports::{Clock, Queue, RawQueue, RawQueues, Step, TaskStore, Text, Timestamp, Written};
use rusqlite::Connection;
use tempfile::TempDir;

use super::record_store::{create, document};
use crate::helpers::clock::ManualClock;
use crate::helpers::queues::{self, TestQueues, delete, length, renew};
use crate::helpers::stranger::while_nobody_writes;

const NOW: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_secs(300);

fn try_open(data_dir: &Path) -> Result<Embedded, OpenError> {
    Embedded::open(data_dir, Arc::new(ManualClock::new()))
}

fn open(data_dir: &Path) -> Embedded {
    try_open(data_dir).unwrap()
}

/// The sentence that refuses a folder.
fn refusal(data_dir: &Path) -> String {
    match try_open(data_dir) {
        Ok(_) => panic!("the folder was opened"),
        Err(error) => error.to_string(),
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn a_missing_folder_is_created() {
    let folder = folder();
    let data_dir = folder.path().join("some/data");

    open(&data_dir).tasks().check().await.unwrap();

    assert!(data_dir.join("tasks.db").is_file());
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_reopen() {
    let folder = folder();
    let etag = {
        let embedded = open(folder.path());
        embedded.queue().send("message", NOW).await.unwrap();
        create(&*embedded.tasks(), "a", &document("queued", "record")).await
    };

    let embedded = open(folder.path());

    let stored = embedded.tasks().read("a").await.unwrap().unwrap();
    assert_eq!(stored.body, "record");
    assert_eq!(stored.etag, etag);
    let messages = embedded.queue().receive(32, LONG).await.unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].text, "message");
}

#[tokio::test]
async fn closing_leaves_the_file_and_no_log() {
    let folder = folder();
    let embedded = open(folder.path());
    create(&*embedded.tasks(), "a", &document("queued", "record")).await;
    assert!(embedded.tasks().read("a").await.unwrap().is_some());
    assert!(folder.path().join("tasks.db-wal").is_file());

    drop(embedded);

    assert!(!folder.path().join("tasks.db-wal").exists());
}

#[tokio::test]
async fn a_hidden_message_is_visible_after_a_reopen_and_keeps_its_count() {
    let folder = folder();
    let before = {
        let embedded = open(folder.path());
        for queue in [embedded.queue(), embedded.poison_queue()] {
            queue.send("1", NOW).await.unwrap();
            assert_eq!(queue.receive(32, LONG).await.unwrap().len(), 1);
        }
        embedded.queue()
    };
    drop(before);

    let embedded = open(folder.path());

    for queue in [embedded.queue(), embedded.poison_queue()] {
        let messages = queue.receive(32, LONG).await.unwrap();
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].dequeue_count, 2);
    }
}

#[tokio::test]
async fn a_message_that_waits_for_its_time_goes_on_waiting_after_a_reopen() {
    let folder = folder();
    let clock = Arc::new(ManualClock::new());
    let open = || Embedded::open(folder.path(), clock.clone()).unwrap();
    let embedded = open();
    embedded.queue().send("later", LONG).await.unwrap();
    embedded.queue().send("held", NOW).await.unwrap();
    assert_eq!(embedded.queue().receive(32, LONG).await.unwrap().len(), 1);
    drop(embedded);

    let queue = open().queue();

    let texts = async || -> Vec<String> {
        let messages = queue.receive(32, LONG * 2).await.unwrap();
        messages.into_iter().map(|message| message.text).collect()
    };
    assert_eq!(texts().await, ["held"]);
    clock.advance(LONG);
    assert_eq!(texts().await, ["later"]);
}

/// Sends a message at once and one for later, of which somebody holds a third; then the clock is put back.
async fn clock_put_back(clock: &ManualClock, queue: &dyn Queue) {
    queue.send("held", NOW).await.unwrap();
    assert_eq!(queue.receive(32, LONG).await.unwrap().len(), 1);
    queue.send("at once", NOW).await.unwrap();
    queue.send("later", LONG).await.unwrap();
    clock.rewind(LONG * 100);
}

#[tokio::test]
async fn a_clock_that_is_put_back_takes_what_is_hidden_with_it() {
    let folder = folder();
    let clock = Arc::new(ManualClock::new());
    let embedded = Embedded::open(folder.path(), clock.clone()).unwrap();
    let queue = embedded.queue();
    clock_put_back(&clock, &*queue).await;

    // Also when it is another queue that is looked into first.
    assert_eq!(embedded.poison_queue().receive(32, LONG).await, Ok(vec![]));
    let messages = queue.receive(32, LONG * 2).await.unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].text, "at once");
    clock.advance(LONG);
    assert_eq!(queue.receive(32, LONG).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_clock_that_was_put_back_while_nobody_looked_hides_nothing() {
    let folder = folder();
    let clock = Arc::new(ManualClock::new());
    let open = || Embedded::open(folder.path(), clock.clone()).unwrap();
    let embedded = open();
    clock_put_back(&clock, &*embedded.queue()).await;
    drop(embedded);

    // What is to come later tells so itself.
    let messages = open().queue().receive(32, LONG).await.unwrap();

    assert_eq!(messages.len(), 3);
}

/// What is there now, held from now on.
async fn texts(queue: &dyn RawQueue) -> Vec<String> {
    let messages = queue.receive(32, LONG).await.unwrap();
    let texts = messages.into_iter().map(|leased| leased.message.text);
    texts.collect()
}

fn since_1970(clock: &ManualClock) -> Duration {
    (clock.now() - Timestamp::UNIX_EPOCH).try_into().unwrap()
}

#[tokio::test]
async fn a_clock_that_is_put_back_takes_clients_own_messages_with_it() {
    let folder = folder();
    let clock = Arc::new(ManualClock::new());
    let open = || Embedded::open(folder.path(), clock.clone()).unwrap();
    for is_open_meanwhile in [true, false] {
        let mut embedded = open();
        let mut queue = embedded.open_raw(&queues::name("own"));
        queue.put("at once", None, NOW).await.unwrap().unwrap();
        queue.put("later", None, LONG).await.unwrap().unwrap();
        if is_open_meanwhile {
            clock.rewind(LONG * 100);
        } else {
            drop((queue, embedded));
            clock.rewind(LONG * 100);
            embedded = open();
            queue = embedded.open_raw(&queues::name("own"));
        }
        assert_eq!(texts(&*queue).await, ["at once"], "{is_open_meanwhile}");
        clock.advance(LONG);
        assert_eq!(texts(&*queue).await, ["at once", "later"]);
        queue.clear().await.unwrap();
        assert_eq!(queue.length().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_clock_that_was_lost_and_is_set_again_ends_no_delay_and_no_hold() {
    for is_open_meanwhile in [true, false] {
        let folder = folder();
        let clock = Arc::new(ManualClock::new());
        let open = || Embedded::open(folder.path(), clock.clone()).unwrap();
        let mut embedded = open();
        let mut queue = embedded.open_raw(&queues::name("own"));
        queue.put("held", None, NOW).await.unwrap().unwrap();
        assert_eq!(texts(&*queue).await, ["held"]);
        queue.put("later", None, LONG).await.unwrap().unwrap();
        let lost = since_1970(&clock);
        if is_open_meanwhile {
            clock.rewind(lost);
        } else {
            drop((queue, embedded));
            clock.rewind(lost);
            embedded = open();
            queue = embedded.open_raw(&queues::name("own"));
        }
        queue.put("meanwhile", None, NOW).await.unwrap().unwrap();
        assert_eq!(texts(&*queue).await, ["meanwhile"], "{is_open_meanwhile}");
        clock.advance(lost);
        assert_eq!(texts(&*queue).await, ["meanwhile"], "{is_open_meanwhile}");
        clock.advance(LONG);
        assert_eq!(texts(&*queue).await, ["held", "later", "meanwhile"]);
    }
}

#[tokio::test]
async fn a_clock_that_is_lost_with_every_start_takes_clients_own_messages_with_it() {
    let folder = folder();
    let clock = Arc::new(ManualClock::new());
    clock.rewind(since_1970(&clock));
    let open = || Embedded::open(folder.path(), clock.clone()).unwrap();
    let embedded = open();
    clock.advance(LONG * 100);
    let queue = embedded.open_raw(&queues::name("own"));
    queue.put("at once", None, NOW).await.unwrap().unwrap();
    queue.put("later", None, LONG).await.unwrap().unwrap();
    drop((queue, embedded));
    clock.rewind(LONG * 100);
    let queue = open().open_raw(&queues::name("own"));
    assert_eq!(texts(&*queue).await, ["at once"]);
    clock.advance(LONG);
    assert_eq!(texts(&*queue).await, ["at once", "later"]);
}

#[tokio::test]
async fn many_messages_are_cleared_and_others_are_left() {
    let folder = folder();
    let clock = Arc::new(ManualClock::new());
    let embedded = Embedded::open(folder.path(), clock.clone()).unwrap();
    let [own, other] = ["own", "other"].map(|text| embedded.open_raw(&queues::name(text)));
    other.put("stays", None, NOW).await.unwrap().unwrap();
    for _ in 0..1_100 {
        own.put("goes", Some(LONG), NOW).await.unwrap().unwrap();
    }
    own.clear().await.unwrap();
    assert_eq!(
        (own.length().await.unwrap(), other.length().await.unwrap()),
        (0, 1)
    );
    for _ in 0..1_100 {
        own.put("ends", Some(LONG), NOW).await.unwrap().unwrap();
    }
    clock.advance(LONG * 2);
    // What has come to its end is not seen, though its rows go by and by.
    assert_eq!(own.length().await.unwrap(), 0);
    assert!(own.receive(32, LONG).await.unwrap().is_empty());
    own.put("stays", None, NOW).await.unwrap().unwrap();
    assert_eq!(own.receive(32, LONG).await.unwrap().len(), 1);
}

#[test]
fn a_folder_in_use_is_refused() {
    let folder = folder();
    let _first = open(folder.path());

    assert_eq!(
        refusal(folder.path()),
        format!(
            "another handler uses the data folder {}: stop it, \
             or give this one a folder of its own",
            folder.path().display()
        )
    );
}

#[tokio::test]
async fn a_folder_is_in_use_until_the_last_handle_is_dropped() {
    let folder = folder();
    let embedded = open(folder.path());
    let (tasks, queue): (Arc<dyn TaskStore>, Arc<dyn Queue>) =
        (embedded.tasks(), embedded.clone().queue());

    drop(embedded);
    assert!(try_open(folder.path()).is_err());
    drop(tasks);
    assert!(try_open(folder.path()).is_err());
    drop(queue);

    open(folder.path());
}

#[test]
fn a_file_in_the_folders_place_is_refused() {
    let folder = folder();
    let file = folder.path().join("data");
    fs::write(&file, "not a folder").unwrap();

    for data_dir in [file.clone(), file.join("deeper")] {
        assert_eq!(
            refusal(&data_dir),
            format!(
                "the data folder {} is not a folder: name another one",
                data_dir.display()
            )
        );
    }
}

#[test]
fn a_file_of_a_newer_schema_is_refused_and_left_alone() {
    let folder = folder();
    let file = folder.path().join("tasks.db");
    let connection = Connection::open(&file).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);

    assert_eq!(
        refusal(folder.path()),
        format!(
            "{} has schema version 99, and this handler knows versions up to 6: \
             install the release that wrote it, or a later one",
            file.display()
        )
    );
    let connection = Connection::open(&file).unwrap();
    let tables: u32 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 0);
}

#[test]
fn a_damaged_file_is_refused() {
    let folder = folder();
    let file = folder.path().join("tasks.db");
    fs::write(&file, "no database at all. ".repeat(500)).unwrap();

    assert_eq!(
        refusal(folder.path()),
        format!(
            "{} is damaged or not a database: restore it from a backup, \
             or move it away to start empty",
            file.display()
        )
    );
}

#[tokio::test]
async fn a_burst_of_writes_shares_its_commits() {
    let folder = folder();
    let embedded = open(folder.path());
    let before = embedded.commits();
    let writes = (0..200).map(|n| {
        let tasks = embedded.tasks();
        async move { create(&*tasks, &format!("task-{n}"), &document("queued", "1")).await }
    });

    let written = while_nobody_writes(folder.path(), writes).await;

    assert_eq!(written.len(), 200);
    // Those that the thread took at once, and the others.
    let commits = embedded.commits() - before;
    assert!(commits <= 2, "{commits} commits for 200 writes");
}

#[tokio::test]
async fn a_task_waits_for_the_disk_when_it_is_accepted_ended_and_deleted() {
    let folder = folder();
    let embedded = open(folder.path());
    let (tasks, queue) = (embedded.tasks(), embedded.queue());
    let document = document("queued", "1");
    let assert_syncs = |expected: u64| assert_eq!(embedded.syncs(), expected);

    let steps = [
        Step::Create {
            name: "a",
            document: &document,
        },
        Step::Send {
            queue: &queues::tasks(),
            text: Text::Fixed("a"),
            delay: NOW,
            held: false,
        },
    ];
    let created = tasks.write(&steps).await.unwrap().into_etag().unwrap();
    assert_syncs(1);
    let message = queue.receive(1, LONG).await.unwrap().remove(0);
    let renewed = renew(&*queue, &message, LONG).await.unwrap();
    assert_syncs(1);
    let ended = tasks.replace("a", &document, &created).await.unwrap();
    assert!(ended.is_some());
    assert_syncs(2);
    assert!(delete(&*queue, &renewed).await);
    assert_syncs(2);
    assert!(tasks.delete("a", None).await.unwrap());
    assert_syncs(3);
    create(&*tasks, "b", &document).await;
    assert_syncs(4);
    queue.send("b", NOW).await.unwrap();
    assert_syncs(5);
    tasks.check().await.unwrap();
    assert_syncs(6);
}

#[tokio::test]
async fn work_whose_message_cannot_be_written_leaves_no_record_and_its_neighbours_alone() {
    let folder = folder();
    let embedded = open(folder.path());
    let tasks = embedded.tasks();
    let document = document("queued", "1");
    let (document, queue) = (&document, &queues::tasks());
    let accept = async |name: &str, text: &str| {
        let delay = NOW;
        let text = Text::Fixed(text);
        let steps = [
            Step::Create { name, document },
            Step::Send {
                queue,
                text,
                delay,
                held: false,
            },
        ];
        tasks.write(&steps).await.map(Written::into_etag)
    };
    let stranger = Connection::open(folder.path().join("tasks.db")).unwrap();
    stranger
        .execute_batch(
            "CREATE TRIGGER no_room BEFORE INSERT ON messages WHEN new.text <> 'small'
             BEGIN SELECT RAISE(ABORT, 'no room'); END",
        )
        .unwrap();

    let (before, refused, after) = tokio::join!(
        accept("before", "small"),
        accept("refused", "too large"),
        accept("after", "small"),
    );

    assert!(before.unwrap().is_some() && after.unwrap().is_some());
    refused.unwrap_err();
    assert_eq!(tasks.read("refused").await, Ok(None));
    assert!(tasks.read("before").await.unwrap().is_some());
    assert!(tasks.read("after").await.unwrap().is_some());
    stranger.execute_batch("DROP TRIGGER no_room").unwrap();
    let again = accept("refused", "too large").await;
    assert!(again.unwrap().is_some());
    assert_eq!(length(&*embedded.queue()).await, 3);
}

#[tokio::test]
async fn a_message_that_cannot_be_read_does_not_hold_up_the_others() {
    let folder = folder();
    let embedded = open(folder.path());
    let stranger = Connection::open(folder.path().join("tasks.db")).unwrap();
    stranger
        .execute_batch(
            "INSERT INTO messages (queue, inserted_at, visible_at, text)
             VALUES ('tasks', 0, 0, CAST(x'ff' AS TEXT))",
        )
        .unwrap();
    let queue = embedded.queue();
    queue.send("a", NOW).await.unwrap();

    let messages = queue.receive(32, LONG).await.unwrap();

    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].text, "a");
    // Hidden as well: the next page is not full of such messages.
    assert_eq!(queue.receive(1, LONG).await, Ok(vec![]));
    assert_eq!(queue.front().await, Ok(None));
}
