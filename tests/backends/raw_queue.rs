//! What a queue of clients' own messages promises: one suite for both backends that have such queues.
//!
//! On Azurite time passes as it does; on the embedded store a test moves the clock.

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backends::azure::Azure;
use backends::embedded::Embedded;
use ports::{Changed, Clock, Leased, NEVER, Queue, QueuedMessage, Queues, RawQueue, RawQueues};

use super::Time;
use crate::helpers::azurite::azurite;
use crate::helpers::clock::ManualClock;
use crate::helpers::queues;

const NOW: Duration = Duration::ZERO;
/// A timeout that a test waits for. Whole seconds, the unit of Azure's queues.
const SHORT: Duration = Duration::from_secs(2);
/// Long enough for the end of a short timeout to be past.
const PAST_SHORT: Duration = Duration::from_millis(2500);
/// A timeout that does not end during a test.
const LONG: Duration = Duration::from_secs(300);
/// A life that does not end during a test.
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Queues of one backend, empty and shared with no other test.
struct Subject {
    raw: Arc<dyn RawQueue>,
    second: Arc<dyn RawQueue>,
    /// Of tasks.
    tasks: Arc<dyn Queue>,
    time: Time,
    _guard: Box<dyn Any>,
}

impl Subject {
    async fn prepared<B: Queues + RawQueues>(backend: &B, time: Time, guard: Box<dyn Any>) -> Self {
        let name = format!("r{}", uuid::Uuid::new_v4().simple());
        let subject = Self {
            raw: backend.open_raw(&queues::name(&name)),
            second: backend.open_raw(&queues::name(&format!("{name}-2"))),
            tasks: backend.open(&queues::name(&format!("{name}-t"))),
            time,
            _guard: guard,
        };
        subject.raw.prepare().await.unwrap();
        subject.tasks.prepare().await.unwrap();
        subject
    }

    async fn pass_time(&self, duration: Duration) {
        self.time.pass(duration).await;
    }

    /// Does what must be done before a timeout ends that begins in it and is this long. `None` is that it found the
    /// timeout over: where that may be, it is done once more, with the queue empty again.
    async fn within<T>(&self, timeout: Duration, what: impl AsyncFn() -> Option<T>) -> T {
        loop {
            let begun = Instant::now();
            if let Some(done) = what().await {
                return done;
            }
            self.time.assert_over(begun, timeout);
            self.raw.clear().await.unwrap();
        }
    }

    async fn put(&self, text: &str) -> Leased {
        self.put_with(text, Some(WEEK), NOW).await
    }

    async fn put_with(&self, text: &str, life: Option<Duration>, delay: Duration) -> Leased {
        let put = self.raw.put(text, life, delay).await.unwrap();
        put.expect("it is not too long")
    }

    /// Takes the only visible message.
    async fn take(&self, hide: Duration) -> Leased {
        let mut taken = self.raw.receive(32, hide).await.unwrap();
        assert_eq!(taken.len(), 1, "{taken:?}");
        taken.remove(0)
    }

    async fn peek(&self) -> Vec<QueuedMessage> {
        self.raw.peek(32).await.unwrap()
    }

    async fn change(&self, of: &Leased, text: Option<&str>, hide: Duration) -> Changed {
        let (id, receipt) = (&of.message.id, &of.lease.pop_receipt);
        self.raw.update(id, receipt, text, hide).await.unwrap()
    }
}

async fn a_message_that_was_put_is_seen_and_taken(subject: &Subject) {
    subject.raw.prepare().await.unwrap();
    for text in [
        "{\"a\":1}",
        "<&>\"'",
        "é🦀",
        "no JSON",
        &"x".repeat(64 * 1024),
    ] {
        let put = subject.put(text).await;
        assert_eq!((&*put.message.text, put.message.dequeue_count), (text, 0));
        assert_eq!(put.message.expires_at - put.message.inserted_at, WEEK);
        assert_eq!(subject.peek().await, std::slice::from_ref(&put.message));

        let taken = subject.take(LONG).await;

        let counted = QueuedMessage {
            dequeue_count: 1,
            ..put.message
        };
        assert_eq!(taken.message, counted);
        assert_ne!(taken.lease.pop_receipt, put.lease.pop_receipt);
        let hidden = taken.lease.next_visible_at - put.lease.next_visible_at;
        assert!(hidden >= LONG && hidden < LONG * 2, "{hidden}");
        assert_eq!(subject.peek().await, []);
    }
}

async fn a_message_ends_when_its_life_does(subject: &Subject) {
    let take = async || {
        let short = subject.put_with("short", Some(SHORT), NOW).await;
        let endless = subject.put_with("endless", None, NOW).await;
        assert_eq!(endless.message.expires_at.year(), NEVER.year());
        let hide = Duration::from_secs(1);
        let taken = subject.raw.receive(1, hide).await.unwrap().remove(0);
        (taken.message.id == short.message.id).then_some(taken)
    };
    let receipt = &subject.within(SHORT, take).await;

    subject.pass_time(PAST_SHORT).await;

    let seen = subject.peek().await;
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0].text, "endless");
    let changed = subject.change(receipt, None, NOW).await;
    assert_eq!(changed, Changed::Unknown);
    assert_eq!(subject.take(LONG).await.message.text, "endless");
}

async fn a_delayed_message_comes_after_its_delay(subject: &Subject) {
    let put = async || {
        let put = subject.put_with("later", Some(WEEK), SHORT).await;
        let visible_in = put.lease.next_visible_at - put.message.inserted_at;
        assert_eq!(visible_in, SHORT);
        let seen = subject.peek().await;
        let taken = subject.raw.receive(32, LONG).await.unwrap();
        (seen.is_empty() && taken.is_empty()).then_some(put)
    };
    let put = subject.within(SHORT, put).await;

    subject.pass_time(PAST_SHORT).await;

    assert_eq!(subject.take(LONG).await.message.id, put.message.id);
}

async fn a_held_message_says_something_else_when_it_is_changed(subject: &Subject) {
    subject.put("before").await;
    let taken = subject.take(LONG).await;

    let Changed::Done(lease) = subject.change(&taken, Some("after"), NOW).await else {
        panic!("it should be changed");
    };

    assert_ne!(lease.pop_receipt, taken.lease.pop_receipt);
    let seen = subject.peek().await;
    assert_eq!((seen[0].text.as_str(), seen[0].dequeue_count), ("after", 1));
    assert_eq!(seen[0].inserted_at, taken.message.inserted_at);
}

async fn a_change_of_the_time_alone_leaves_the_text(subject: &Subject) {
    let put = subject.put("kept").await;
    let Changed::Done(lease) = subject.change(&put, None, LONG).await else {
        panic!("it should be changed");
    };
    assert_eq!(subject.peek().await, []);
    let held = Leased {
        message: put.message,
        lease,
    };
    let shown = subject.change(&held, None, NOW).await;
    assert!(matches!(shown, Changed::Done(_)), "{shown:?}");
    assert_eq!(subject.peek().await[0].text, "kept");
}

async fn a_stale_receipt_changes_and_deletes_nothing(subject: &Subject) {
    let put = subject.put("kept").await;
    let taken = subject.take(LONG).await;
    let changed = subject.change(&put, Some("lost"), NOW).await;
    assert_eq!(changed, Changed::Stale);
    let Leased { message, lease } = &put;
    let deleted = subject.raw.delete(&message.id, &lease.pop_receipt).await;
    assert_eq!(deleted, Ok(false));

    let shown = subject.change(&taken, None, NOW).await;
    assert!(matches!(shown, Changed::Done(_)), "{shown:?}");
    assert_eq!(subject.peek().await[0].text, "kept");
}

async fn a_message_that_is_not_there_is_unknown(subject: &Subject) {
    let put = subject.put("1").await;
    let Leased { message, lease } = &put;
    let delete = || subject.raw.delete(&message.id, &lease.pop_receipt);
    assert_eq!(delete().await, Ok(true));
    assert_eq!(delete().await, Ok(false));
    assert_eq!(subject.change(&put, None, NOW).await, Changed::Unknown);
    let stranger = subject.raw.update(
        "2125c723-cfa8-4f31-8e0e-c67e32edea77",
        &lease.pop_receipt,
        Some("2"),
        NOW,
    );
    assert_eq!(stranger.await, Ok(Changed::Unknown));
    assert_eq!(subject.raw.length().await, Ok(0));
}

async fn a_cleared_queue_is_empty_and_others_are_not(subject: &Subject) {
    for text in ["1", "2", "3"] {
        subject.put(text).await;
    }
    subject.raw.receive(1, LONG).await.unwrap();
    subject.second.put("other", None, NOW).await.unwrap();
    assert_eq!(subject.raw.length().await, Ok(3));

    subject.raw.clear().await.unwrap();

    assert_eq!(subject.raw.length().await, Ok(0));
    assert_eq!(subject.peek().await, []);
    assert_eq!(subject.second.peek(1).await.unwrap()[0].text, "other");
}

async fn a_receive_and_a_look_give_no_more_than_they_ask_for(subject: &Subject) {
    for number in 0..5 {
        subject.put(&number.to_string()).await;
    }
    assert_eq!(subject.raw.peek(3).await.unwrap().len(), 3);
    assert_eq!(subject.raw.receive(2, LONG).await.unwrap().len(), 2);
    assert_eq!(subject.raw.peek(32).await.unwrap().len(), 3);
}

async fn a_queue_of_tasks_is_looked_at_and_stays_as_it_is(subject: &Subject) {
    assert_eq!(subject.tasks.peek(32).await, Ok(Vec::new()));
    for text in ["{\"id\":1}", "no JSON"] {
        subject.tasks.send(text, NOW).await.unwrap();
    }
    subject.tasks.send("later", LONG).await.unwrap();

    let seen = subject.tasks.peek(32).await.unwrap();

    let texts: Vec<_> = seen.iter().map(|message| &*message.text).collect();
    assert_eq!(texts, ["{\"id\":1}", "no JSON"]);
    assert_eq!(subject.tasks.peek(1).await.unwrap().len(), 1);
    for message in seen {
        assert_eq!(message.dequeue_count, 0);
        assert_eq!(message.expires_at.year(), NEVER.year());
    }
    let received = subject.tasks.receive(32, LONG).await.unwrap();
    assert!(received.iter().all(|message| message.dequeue_count == 1));
    assert_eq!(received.len(), 2);
    assert_eq!(subject.raw.peek(32).await, Ok(Vec::new()));
}

/// One test for each behaviour, for a backend.
macro_rules! on {
    ($backend:ident: $($behaviour:ident),+ $(,)?) => {
        mod $backend {
            $(
                #[tokio::test]
                async fn $behaviour() {
                    super::$behaviour(&super::$backend().await).await;
                }
            )+
        }
    };
    ($($backend:ident)+) => {$(
        on! { $backend:
            a_message_that_was_put_is_seen_and_taken,
            a_message_ends_when_its_life_does,
            a_delayed_message_comes_after_its_delay,
            a_held_message_says_something_else_when_it_is_changed,
            a_change_of_the_time_alone_leaves_the_text,
            a_stale_receipt_changes_and_deletes_nothing,
            a_message_that_is_not_there_is_unknown,
            a_cleared_queue_is_empty_and_others_are_not,
            a_receive_and_a_look_give_no_more_than_they_ask_for,
            a_queue_of_tasks_is_looked_at_and_stays_as_it_is,
        }
    )+};
}

on! { azurite_queues embedded_queues }

async fn azurite_queues() -> Subject {
    let azure = Azure::new(&azurite().account(), "raw-queues").unwrap();
    Subject::prepared(&azure, Time::Real, Box::new(())).await
}

async fn embedded_queues() -> Subject {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    let embedded = Embedded::open(folder.path(), clock.clone()).unwrap();
    Subject::prepared(&embedded, Time::Manual(clock), Box::new(folder)).await
}

#[tokio::test]
async fn a_message_is_not_hidden_for_longer_than_it_lives() {
    let subject = embedded_queues().await;
    let life = Some(Duration::from_secs(60));
    let put = subject.put_with("short", life, NOW).await;

    assert_eq!(
        subject.change(&put, Some("x"), LONG).await,
        Changed::PastItsEnd
    );

    assert_eq!(subject.peek().await[0].text, "short");
}

/// A hold on a task's message is the process's, and ends with it; this one is a client's.
#[tokio::test]
async fn messages_and_holds_last_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    let open = || {
        let clock: Arc<dyn Clock> = clock.clone();
        Embedded::open(folder.path(), clock).unwrap()
    };
    let embedded = open();
    let queue = embedded.open_raw(&queues::name("own"));
    queue.put("1", None, NOW).await.unwrap();
    queue.put("2", None, NOW).await.unwrap();
    let taken = queue.receive(1, LONG).await.unwrap().remove(0);
    drop((queue, embedded));

    let queue = open().open_raw(&queues::name("own"));

    assert_eq!(queue.length().await, Ok(2));
    assert_eq!(queue.peek(32).await.unwrap()[0].text, "2");
    let Leased { message, lease } = taken;
    let deleted = queue.delete(&message.id, &lease.pop_receipt).await;
    assert_eq!(deleted, Ok(true));
}

/// What has ended takes no room for long.
#[tokio::test]
async fn rows_of_messages_that_have_ended_go_with_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    let embedded = Embedded::open(folder.path(), clock.clone()).unwrap();
    let queue = embedded.open_raw(&queues::name("own"));
    for _ in 0..3 {
        queue.put("short", Some(SHORT), NOW).await.unwrap();
    }
    clock.advance(PAST_SHORT);
    assert_eq!(queue.length().await, Ok(0));
    queue.put("next", None, NOW).await.unwrap();
    drop((queue, embedded));

    let file = rusqlite::Connection::open(folder.path().join("tasks.db")).unwrap();
    let rows: u32 = file
        .query_row("SELECT count(*) FROM raw_messages", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 1);
}
