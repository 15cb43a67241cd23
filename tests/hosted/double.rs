//! The double of the host before the real handler: what a real host was seen to do with it.

use functions_host::{Event, Payload};
use hyper::Method;

use super::Hosted;

/// So many that the host takes several batches.
const LOAD: usize = 40;

/// Takes long enough for all the others to be submitted behind it.
const LONG: &str = "200000000";

/// Takes half a second to compute: eight of them last longer than it takes to receive a batch.
const NUMBER: &str = "8000000";

/// How many messages the host held at the most.
fn most_held(events: &[Event]) -> usize {
    let (mut held, mut most) = (0, 0);
    for event in events {
        match event {
            Event::InvocationStarted(invocation) if invocation.function == "queue_worker" => {
                held += 1;
                most = most.max(held);
            }
            Event::InvocationFinished(finished)
                if finished.invocation.function == "queue_worker" =>
            {
                held -= 1;
            }
            _ => {}
        }
    }
    most
}

#[tokio::test]
async fn a_second_batch_is_taken_when_eight_of_the_first_are_left_and_no_third() {
    let hosted = Hosted::start_set(&[("WORKER_CONCURRENCY", "1"), ("MAX_NUMBER", LONG)]).await;
    // However slowly they are submitted, the queue is full by the time that any of them ends.
    let long = hosted.submit(LONG).await;
    hosted.once(&long, |status| status == "Running").await;
    let mut ids = Vec::new();
    for _ in 0..LOAD {
        ids.push(hosted.submit(NUMBER).await);
    }
    let cancel = format!("/api/operations/{long}:cancel");
    let canceled = hosted.send(Method::POST, &cancel, Payload::Empty).await;
    assert_eq!(canceled.status, 200);
    for id in ids {
        assert_eq!(hosted.ended(&id).await["status"], "Succeeded");
    }
    let most = most_held(&hosted.host.events().entries());
    assert!(most > 16 && most <= 24, "{most} were held");
}

#[tokio::test]
async fn two_unexpected_ends_bring_a_new_handler_and_the_third_stops_the_host() {
    let hosted = Hosted::start().await;
    for crashes in 1..=2 {
        hosted.host.crash_worker().await;
        let again = |events: &[Event]| {
            let mut ready = events.iter().filter(|event| **event == Event::WorkerReady);
            ready.nth(crashes).map(|_| ())
        };
        hosted.host.events().wait_for("a new handler", again).await;
        hosted.healthy().await;
        let id = hosted.submit("24").await;
        assert_eq!(hosted.ended(&id).await["status"], "Succeeded");
    }
    hosted.host.crash_worker().await;
    let stopped = |events: &[Event]| {
        let is_stop = |event: &Event| matches!(event, Event::HostStopped { .. });
        events.iter().any(is_stop).then_some(())
    };
    hosted.host.events().wait_for("stopped host", stopped).await;
}
