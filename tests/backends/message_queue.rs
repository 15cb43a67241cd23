//! What a queue promises.

use std::collections::HashSet;
use std::time::Duration;

use ports::{Delivery, Queue, Settle};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use super::Subject;
use super::record_store::document;
use crate::helpers::queues::{delete, length, receipt, release, renew};

const NOW: Duration = Duration::ZERO;
/// A timeout that a test waits for. Whole seconds, the unit of Azure's queues.
const SHORT: Duration = Duration::from_secs(2);
/// Long enough for the end of a short timeout to be past.
const PAST_SHORT: Duration = Duration::from_millis(2500);
/// Longer than a queue of Azure hides a message.
const FORTNIGHT: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// A timeout that does not end during a test.
const LONG: Duration = Duration::from_secs(300);

async fn send(queue: &dyn Queue, text: &str) {
    queue.send(text, NOW).await.unwrap();
}

/// Receives all that one call may give.
async fn receive(queue: &dyn Queue, visibility_timeout: Duration) -> Vec<Delivery> {
    queue.receive(32, visibility_timeout).await.unwrap()
}

/// Receives the only visible message.
async fn receive_one(queue: &dyn Queue, visibility_timeout: Duration) -> Delivery {
    let mut messages = receive(queue, visibility_timeout).await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    messages.remove(0)
}

async fn assert_nothing_visible(queue: &dyn Queue) {
    assert_eq!(receive(queue, LONG).await, []);
}

async fn is_nothing_visible(queue: &dyn Queue) -> bool {
    receive(queue, LONG).await.is_empty()
}

pub(super) async fn a_queue_is_prepared_twice_without_harm(subject: &Subject) {
    send(&*subject.queue, "kept").await;

    subject.queue.prepare().await.unwrap();
    subject.queue.prepare().await.unwrap();

    assert_eq!(receive_one(&*subject.queue, LONG).await.text, "kept");
}

pub(super) async fn an_empty_queue_gives_nothing(subject: &Subject) {
    assert_nothing_visible(&*subject.queue).await;
    assert_eq!(length(&*subject.queue).await, 0);
}

pub(super) async fn a_text_arrives_unchanged(subject: &Subject) {
    let queue = &*subject.queue;
    for text in [
        "{\"id\":\"0\",\"schema\":1}",
        "<&>\"'",
        "two\nlines",
        "é",
        "🦀",
        &"x".repeat(48 * 1024),
    ] {
        send(queue, text).await;

        let message = receive_one(queue, LONG).await;

        assert_eq!(message.text, text);
    }
}

pub(super) async fn a_received_message_is_hidden_until_its_timeout_ends(subject: &Subject) {
    let queue = &*subject.queue;
    let hide = async || {
        send(queue, "1").await;
        let first = receive_one(queue, SHORT).await;
        is_nothing_visible(queue).await.then_some(first)
    };
    let first = subject.within(SHORT, hide).await;

    subject.pass_time(PAST_SHORT).await;

    let second = receive_one(queue, LONG).await;
    assert_eq!(receipt(&second).id, receipt(&first).id);
    assert_eq!(second.text, first.text);
    assert_eq!(second.inserted_at, first.inserted_at);
    assert_ne!(second.receipt, first.receipt);
}

pub(super) async fn the_dequeue_count_goes_up_with_each_delivery(subject: &Subject) {
    let queue = &*subject.queue;
    send(queue, "1").await;

    for count in 1..=5 {
        let message = receive_one(queue, LONG).await;
        assert_eq!(message.dequeue_count, count);
        assert!(release(queue, &message, NOW).await);
    }
}

pub(super) async fn a_message_released_with_zero_is_visible_at_once(subject: &Subject) {
    let queue = &*subject.queue;
    send(queue, "1").await;
    let message = receive_one(queue, LONG).await;

    assert!(release(queue, &message, NOW).await);

    assert_eq!(receive_one(queue, LONG).await.id(), message.id());
}

pub(super) async fn a_renewal_hides_a_message_for_longer(subject: &Subject) {
    let queue = &*subject.queue;
    let hide = async || {
        send(queue, "1").await;
        let message = receive_one(queue, SHORT).await;
        renew(queue, &message, LONG).await
    };
    let updated = subject.within(SHORT, hide).await;

    subject.pass_time(PAST_SHORT).await;

    assert_nothing_visible(queue).await;
    assert!(delete(queue, &updated).await);
}

pub(super) async fn a_renewal_makes_the_receipt_stale(subject: &Subject) {
    let queue = &*subject.queue;
    send(queue, "1").await;
    let stale = receive_one(queue, LONG).await;

    let current = renew(queue, &stale, LONG).await.unwrap();

    assert_ne!(current.receipt, stale.receipt);
    assert!(!release(queue, &stale, NOW).await);
    assert!(!delete(queue, &stale).await);
    assert!(delete(queue, &current).await);
}

/// One message with two deliveries: the receipt of the first is stale.
async fn redelivered(queue: &dyn Queue) -> (Delivery, Delivery) {
    send(queue, "1").await;
    let stale = receive_one(queue, LONG).await;
    assert!(release(queue, &stale, NOW).await);
    let current = receive_one(queue, LONG).await;
    (stale, current)
}

pub(super) async fn a_stale_receipt_deletes_nothing(subject: &Subject) {
    let queue = &*subject.queue;
    let (stale, current) = redelivered(queue).await;

    assert!(!delete(queue, &stale).await);

    assert_eq!(length(queue).await, 1);
    assert!(delete(queue, &current).await);
}

pub(super) async fn a_stale_receipt_releases_nothing(subject: &Subject) {
    let queue = &*subject.queue;
    let (stale, current) = redelivered(queue).await;

    assert!(!release(queue, &stale, NOW).await);

    assert_nothing_visible(queue).await;
    assert!(delete(queue, &current).await);
}

pub(super) async fn a_deleted_message_is_gone(subject: &Subject) {
    let queue = &*subject.queue;
    send(queue, "1").await;
    let message = receive_one(queue, SHORT).await;

    assert!(delete(queue, &message).await);

    assert!(!delete(queue, &message).await);
    assert!(!release(queue, &message, NOW).await);
    subject.pass_time(PAST_SHORT).await;
    assert_nothing_visible(queue).await;
    assert_eq!(length(queue).await, 0);
}

pub(super) async fn a_receive_takes_no_more_than_it_asks_for(subject: &Subject) {
    let queue = &*subject.queue;
    for n in 0..40 {
        send(queue, &n.to_string()).await;
    }

    let first = queue.receive(1, LONG).await.unwrap();
    let most = queue.receive(32, LONG).await.unwrap();
    let rest = queue.receive(32, LONG).await.unwrap();

    assert_eq!((first.len(), most.len(), rest.len()), (1, 32, 7));
    let texts: HashSet<_> = [first, most, rest]
        .concat()
        .into_iter()
        .map(|m| m.text)
        .collect();
    assert_eq!(texts.len(), 40);
    assert_nothing_visible(queue).await;
}

pub(super) async fn a_delayed_message_comes_after_its_delay(subject: &Subject) {
    let queue = &*subject.queue;
    let send = async || {
        queue.send("later", SHORT).await.unwrap();
        is_nothing_visible(queue).await.then_some(())
    };
    subject.within(SHORT, send).await;

    subject.pass_time(PAST_SHORT).await;

    let message = receive_one(queue, LONG).await;
    assert_eq!((message.text.as_str(), message.dequeue_count), ("later", 1));
}

pub(super) async fn the_length_counts_hidden_messages(subject: &Subject) {
    let queue = &*subject.queue;
    send(queue, "1").await;
    let _hidden = receive_one(queue, LONG).await;
    queue.send("delayed", LONG).await.unwrap();
    send(queue, "visible").await;

    assert_eq!(length(queue).await, 3);
}

pub(super) async fn the_oldest_visible_message_tells_its_age(subject: &Subject) {
    let queue = &*subject.queue;
    assert_eq!(queue.front().await, Ok(None));
    send(queue, "1").await;
    let sent_at = queue.front().await.unwrap().expect("a visible message");
    // Looking neither hides nor counts.
    let received = receive_one(queue, LONG).await;
    assert_eq!(
        (received.inserted_at, received.dequeue_count),
        (Some(sent_at), 1)
    );
    assert_eq!(queue.front().await, Ok(None));
}

pub(super) async fn concurrent_receivers_never_share_a_message(subject: &Subject) {
    for n in 0..40 {
        send(&*subject.queue, &n.to_string()).await;
    }
    let mut receivers = JoinSet::new();
    for _ in 0..10 {
        let queue = subject.queue.clone();
        receivers.spawn(async move { queue.receive(8, LONG).await.unwrap() });
    }

    let messages = receivers.join_all().await.concat();

    let ids: HashSet<_> = messages.iter().map(|message| message.id()).collect();
    assert_eq!(ids.len(), messages.len(), "a message was received twice");
    assert!(messages.iter().all(|message| message.dequeue_count == 1));
    // A receiver may have come away with less than there was to have.
    let left = receive(&*subject.queue, LONG).await;
    assert_eq!(messages.len() + left.len(), 40);
}

pub(super) async fn the_poison_queue_is_a_queue_of_its_own(subject: &Subject) {
    let (queue, poison_queue) = (&*subject.queue, &*subject.poison_queue);
    send(poison_queue, "poison").await;
    assert_nothing_visible(queue).await;
    assert_eq!(length(queue).await, 0);

    let poison = receive_one(poison_queue, LONG).await;

    assert!(!delete(queue, &poison).await);
    assert!(!release(queue, &poison, NOW).await);
    assert!(delete(poison_queue, &poison).await);
}

/// Gives up the one message that is visible.
async fn give_up(queue: &dyn Queue) -> bool {
    let message = receive_one(queue, LONG).await;
    let how = Settle::DeadLetter {
        text: &message.text,
        reason: "a test",
    };
    let given_up = queue.settle(receipt(&message), how).await.unwrap();
    // Once: its receipt is stale from then on.
    assert!(!release(queue, &message, NOW).await);
    given_up
}

pub(super) async fn a_message_that_is_given_up_is_a_dead_letter(subject: &Subject) {
    let (queue, poison_queue) = (&*subject.queue, &*subject.poison_queue);
    send(queue, "1").await;

    assert!(give_up(queue).await);

    assert_eq!(length(queue).await, 0);
    let letter = receive_one(poison_queue, LONG).await;
    assert_eq!((letter.text.as_str(), letter.dequeue_count), ("1", 1));
    assert!(delete(poison_queue, &letter).await);
}

pub(super) async fn a_dead_letter_stays_one(subject: &Subject) {
    let poison_queue = &*subject.poison_queue;
    send(poison_queue, "1").await;

    assert!(give_up(poison_queue).await);

    assert_eq!(receive_one(poison_queue, LONG).await.text, "1");
    assert_eq!(length(poison_queue).await, 1);
}

pub(super) async fn a_second_queue_has_messages_of_its_own(subject: &Subject) {
    let (one, two) = (&*subject.queue, &*subject.queues.open(&subject.second));
    let letters = &*subject.queues.open_dead_letters(&subject.second);
    two.prepare().await.unwrap();
    letters.prepare().await.unwrap();
    send(one, "1").await;
    send(two, "2").await;

    let message = receive_one(two, LONG).await;
    assert_eq!(message.text, "2");
    assert!(!delete(one, &message).await);
    assert!(release(two, &message, NOW).await);
    assert!(give_up(two).await);

    assert_eq!(receive_one(letters, LONG).await.text, "2");
    assert_eq!((length(one).await, length(two).await), (1, 0));
    assert_eq!(length(&*subject.poison_queue).await, 0);
}

pub(super) async fn a_queue_takes_the_longest_message_and_any_delay(subject: &Subject) {
    let queue = &*subject.queue;
    let longest = "x".repeat(64 * 1024);
    send(queue, &longest).await;
    assert!(receive_one(queue, LONG).await.text == longest);

    queue.send("later", FORTNIGHT).await.unwrap();
    assert_nothing_visible(queue).await;
}

pub(super) async fn storage_is_used_from_many_threads(subject: &Subject) {
    const THREADS: usize = 4;
    let Subject {
        tasks,
        queues,
        name: queue,
        ..
    } = subject;
    // Each thread has a runtime of its own, as those of the server have.
    let use_it = |n: usize| {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let name = format!("thread-{n}");
            let document = document("queued", "1");
            let etag = tasks.create(&name, &document).await.unwrap();
            send(&*queues.open(queue), &name).await;
            let stored = tasks.read(&name).await.unwrap().unwrap();
            assert_eq!(Some(stored.etag), etag);
        });
    };
    std::thread::scope(|scope| {
        for n in 0..THREADS {
            scope.spawn(move || use_it(n));
        }
    });
    let messages = receive(&*subject.queue, LONG).await;
    assert_eq!(messages.len(), THREADS);
}
