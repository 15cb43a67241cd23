//! Queue trigger: how many at once, how long, and messages no handler sees.

use std::sync::Arc;
use std::time::Duration;

use functions_host::{Event, FunctionsHost, HostOptions, QueueError, StorageQueue};
use tokio::sync::Semaphore;

use super::scripted::{Reply, ScriptedHandler};
use super::{start_before, with_queue, without_queue};

async fn poisoned(host: &FunctionsHost) -> String {
    let find = |events: &[Event]| {
        events.iter().find_map(|event| match event {
            Event::Poisoned { text, .. } => Some(text.clone()),
            _ => None,
        })
    };
    host.events().wait_for("poisoned message", find).await
}

#[actix_web::test]
async fn a_message_above_the_maximum_dequeue_count_is_poisoned_without_a_call() {
    let handler = ScriptedHandler::start(|_| Reply::acknowledge());
    let (options, queue) = with_queue().await;
    queue.send("the host died on it").await.unwrap();
    queue.receive(1, Duration::from_secs(1)).await.unwrap();
    let options = options.queue_option("maxDequeueCount", "1");
    let host = start_before(&handler, options).await;
    assert_eq!(poisoned(&host).await, "the host died on it");
    assert!(handler.calls("/queue_worker").is_empty());
}

#[actix_web::test]
async fn under_base64_a_message_is_decoded_or_poisoned_without_a_call() {
    let handler = ScriptedHandler::start(|_| Reply::acknowledge());
    let (options, queue) = with_queue().await;
    queue.send("not base64!").await.unwrap();
    queue.send("aGVsbG8=").await.unwrap();
    let options = options.queue_option("messageEncoding", "base64");
    let host = start_before(&handler, options).await;
    assert_eq!(poisoned(&host).await, "not base64!");
    let calls = handler.called("/queue_worker", 1).await;
    assert_eq!(calls[0].json()["Data"]["message"], "\"hello\"");
    assert_eq!(calls.len(), 1);
}

#[actix_web::test]
async fn the_lease_is_renewed_while_the_handler_works() {
    let slow = Duration::from_millis(3500);
    let handler = ScriptedHandler::start(move |_| Reply::acknowledge().after(slow));
    let (options, queue) = with_queue().await;
    queue.send("long").await.unwrap();
    let options = options.receive_lease(Duration::from_secs(2));
    let host = start_before(&handler, options).await;
    let finished = host.finished("queue_worker", 1).await;
    assert!(finished[0].outcome.succeeded());
    queue.settles_at(0).await;
    assert_eq!(handler.calls("/queue_worker").len(), 1);
}

#[actix_web::test]
async fn a_message_comes_back_when_the_host_died_over_it() {
    let slow = Duration::from_secs(60);
    let handler = ScriptedHandler::start(move |_| Reply::acknowledge().after(slow));
    let (options, queue) = with_queue().await;
    queue.send("again").await.unwrap();
    // A host that released the message on its way down would hide it for an hour.
    let options = options
        .queue_option("visibilityTimeout", "01:00:00")
        .receive_lease(Duration::from_secs(1));
    let host = start_before(&handler, options).await;
    handler.called("/queue_worker", 1).await;
    host.stop();

    let second = ScriptedHandler::start(|_| Reply::acknowledge());
    let (options, _) = without_queue();
    let options = options.setting("queue_name", queue.name());
    let host = start_before(&second, options).await;
    let finished = host.finished("queue_worker", 1).await;
    assert!(finished[0].invocation.dequeue_count >= Some(2));
}

#[actix_web::test]
async fn batch_size_one_and_threshold_zero_mean_one_at_a_time() {
    let slow = Duration::from_millis(60);
    let handler = ScriptedHandler::start(move |_| Reply::acknowledge().after(slow));
    let (options, queue) = with_queue().await;
    for text in ["one", "two", "three", "four"] {
        queue.send(text).await.unwrap();
    }
    let options = options
        .queue_option("batchSize", "1")
        .queue_option("newBatchThreshold", "0");
    let host = start_before(&handler, options).await;
    host.finished("queue_worker", 4).await;
    assert_eq!(handler.most_busy(), 1);
}

/// How many messages the host has in hand at most, with these options and more than enough messages.
/// It is to take a batch, and the next one when `left` are left.
async fn most_in_hand(
    options: HostOptions,
    queue: &StorageQueue,
    batch: usize,
    left: usize,
) -> usize {
    let permits = Arc::new(Semaphore::new(0));
    let handler = {
        let permits = Arc::clone(&permits);
        ScriptedHandler::start(move |_| Reply::acknowledge().permitted(&permits))
    };
    let messages = 3 * batch;
    for number in 0..messages {
        queue.send(&number.to_string()).await.unwrap();
    }
    let host = start_before(&handler, options).await;
    handler.called("/queue_worker", batch).await;
    permits.add_permits(batch - left);
    handler.called("/queue_worker", 2 * batch).await;
    permits.add_permits(messages);
    host.finished("queue_worker", messages).await;
    handler.most_busy()
}

#[actix_web::test]
async fn twenty_four_messages_are_in_hand_at_most() {
    let (options, queue) = with_queue().await;
    assert_eq!(most_in_hand(options, &queue, 16, 8).await, 24);
}

#[actix_web::test]
async fn without_a_word_about_it_the_next_batch_is_taken_when_half_of_one_is_left() {
    let (options, queue) = with_queue().await;
    let options = options
        .queue_option("batchSize", "4")
        .queue_option("newBatchThreshold", "null");
    assert_eq!(most_in_hand(options, &queue, 4, 2).await, 6);
}

#[actix_web::test]
async fn a_missing_queue_is_waited_for_and_not_created() {
    let handler = ScriptedHandler::start(|_| Reply::acknowledge());
    let (options, queue) = without_queue();
    let host = start_before(&handler, options).await;
    host.finished("timer_worker", 1).await;
    assert!(matches!(queue.length().await, Err(QueueError::NoSuchQueue)));
    queue.create().await.unwrap();
    queue.send("at last").await.unwrap();
    host.finished("queue_worker", 1).await;
}

#[test]
fn a_poison_queue_has_none_itself() {
    let queue = |name: &str| StorageQueue::new("UseDevelopmentStorage=true", name).unwrap();
    assert!(queue("tasks-poison").poison().is_none());
    assert!(queue(&"q".repeat(57)).poison().is_none());
    assert_eq!(queue("tasks").poison().unwrap().name(), "tasks-poison");
}
