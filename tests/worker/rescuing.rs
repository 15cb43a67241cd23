//! Tasks that have lost their message, and tasks that only seem to.

use std::time::Duration;

use engine::limits::{HIDDEN_AT_MOST, LOST_AFTER, MAX_ATTEMPTS, VISIBILITY_TIMEOUT};
use engine::{Outcome, Swept, TaskId, TaskState, TaskStatus};
use ports::{Clock, Document, Head};

use super::bench::Bench;
use super::poisoned::wear_out;
use crate::helpers::queues::delete;

const JUST_AFTER: Duration = Duration::from_millis(1);

impl Bench {
    /// Somebody clears the queue.
    pub(super) async fn lose_messages(&self) {
        for received in self.queue.receive(32, Duration::ZERO).await.unwrap() {
            assert!(delete(&*self.queue, &received).await);
        }
        assert_eq!(self.messages().await, (0, 0));
    }

    async fn rescues(&self, rescued: usize) {
        let expected = Swept {
            rescued,
            ..Swept::default()
        };
        let swept = self.maintenance.sweep_beside_loop().await.unwrap();
        assert_eq!(swept, expected);
    }

    /// Leaves a task as a worker does that died in this attempt: shown as running.
    pub(super) async fn abandon_running(&self, id: TaskId, attempt: u32) {
        let mut task = self.records.read(id).await.unwrap().unwrap();
        task.record.attempts = attempt;
        task.record.state = TaskState::Running {
            percent: None,
            handed_over: None,
        };
        self.records.commit(&mut task).await.unwrap();
    }
}

#[tokio::test]
async fn a_task_whose_message_is_gone_is_sent_again_and_ends() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    bench.lose_messages().await;
    bench.clock.advance(LOST_AFTER);
    bench.rescues(0).await;
    bench.clock.advance(JUST_AFTER);

    bench.rescues(1).await;

    assert_eq!(bench.messages().await, (1, 0));
    bench.rescues(0).await;
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.result(id).await, "1");
    assert_eq!(bench.record(id).await.unwrap().attempts, 1);
}

#[tokio::test]
async fn a_task_that_waits_is_not_sent_twice_however_long() {
    let bench = Bench::new();
    bench.submit("echo", "1").await;
    bench.clock.advance(HIDDEN_AT_MOST * 100);
    bench.rescues(0).await;
    assert_eq!(bench.messages().await, (1, 0));
}

#[tokio::test]
async fn a_queue_that_moved_on_long_ago_is_evidence_too() {
    let bench = Bench::new();
    let lost = bench.submit("echo", "1").await;
    bench.lose_messages().await;
    bench.clock.advance(LOST_AFTER + JUST_AFTER);
    bench.submit("echo", "2").await;
    bench.rescues(0).await;
    bench.clock.advance(HIDDEN_AT_MOST - JUST_AFTER);
    bench.rescues(0).await;
    bench.clock.advance(JUST_AFTER);

    bench.rescues(1).await;

    let page = bench.consumer.receive(32).await.unwrap();
    assert_eq!(page.len(), 2);
    for received in page {
        bench.consumer.process(received).await;
    }
    assert_eq!(bench.result(lost).await, "1");
}

#[tokio::test]
async fn a_task_that_waited_for_long_and_was_just_taken_is_not_lost() {
    let bench = Bench::new();
    bench.submit("echo", "1").await;
    bench.clock.advance(HIDDEN_AT_MOST * 100);
    let _held = bench.receive().await;
    bench.submit("echo", "2").await;
    bench.rescues(0).await;
    assert_eq!(bench.messages().await, (2, 0));
}

#[tokio::test]
async fn a_task_that_was_put_off_beyond_the_front_is_not_lost() {
    let bench = Bench::new();
    let long = (HIDDEN_AT_MOST * 3).as_millis();
    let input = format!(r#"{{"times":1,"milliseconds":{long}}}"#);
    bench.submit("later", &input).await;
    bench.deliver().await;
    bench.clock.advance(HIDDEN_AT_MOST);
    bench.submit("echo", "2").await;
    for _ in 0..2 {
        bench.rescues(0).await;
        bench.clock.advance(HIDDEN_AT_MOST);
    }
}

#[tokio::test]
async fn a_task_in_somebodys_hands_is_not_lost() {
    let bench = Bench::new();
    bench.submit("waits", "1").await;
    let _held = bench.receive().await;
    bench.clock.advance(VISIBILITY_TIMEOUT - JUST_AFTER);
    bench.rescues(0).await;
}

#[tokio::test]
async fn a_task_whose_message_is_poisoned_is_not_lost() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    wear_out(&bench).await;
    bench.deliver().await;
    // Another sweep has taken the message, and dies with it.
    assert_eq!(
        bench.consumer.receive_dead_letters(32).await.unwrap().len(),
        1
    );
    bench.clock.advance(VISIBILITY_TIMEOUT - JUST_AFTER);
    bench.rescues(0).await;
    bench.clock.advance(JUST_AFTER);
    bench.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(bench.error(id).await.0, "DeadLettered");
    assert_eq!(bench.kinds.runs(), 0);
}

#[tokio::test]
async fn poisoned_messages_of_no_task_do_not_hold_a_rescue_up() {
    let bench = Bench::new();
    bench.submit("echo", "1").await;
    bench.lose_messages().await;
    bench.clock.advance(LOST_AFTER + JUST_AFTER);
    let stranger = bench.tasks.new_id();
    let head = Head {
        kind: String::new(),
        status: String::new(),
        created_at: bench.clock.now(),
        updated_at: bench.clock.now(),
        attempts: 0,
        further: None,
        error: None,
    };
    let body = "no record".into();
    let document = Document { head, body };
    let name = stranger.to_string();
    bench.store.create(&name, &document).await.unwrap();
    for text in ["hello", &format!(r#"{{"id": "{stranger}"}}"#)] {
        bench.poison_queue.send(text, Duration::ZERO).await.unwrap();
    }
    let swept = Swept {
        kept: 1,
        staying: 1,
        rescued: 1,
        ..Swept::default()
    };
    let first = bench.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(first, swept);
    assert_eq!(bench.messages().await, (1, 1));
}

#[tokio::test]
async fn a_task_that_was_put_off_is_left_until_its_time() {
    let bench = Bench::new();
    let id = bench.submit("flaky", r#"{"failures":1}"#).await;
    let Outcome::Again { after, .. } = bench.deliver().await else {
        panic!("another attempt should follow");
    };
    bench.clock.advance(after);
    bench.lose_messages().await;
    bench.clock.advance(LOST_AFTER);
    bench.rescues(0).await;
    bench.clock.advance(JUST_AFTER);

    bench.rescues(1).await;

    assert_eq!(bench.deliver().await, Outcome::Done);
    // The attempts go on where they were.
    assert_eq!(bench.record(id).await.unwrap().attempts, 2);
}

#[tokio::test]
async fn a_task_whose_worker_died_with_the_message_is_tried_again() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    bench.lose_messages().await;
    bench.abandon_running(id, MAX_ATTEMPTS - 1).await;
    bench.clock.advance(LOST_AFTER + JUST_AFTER);

    bench.rescues(1).await;

    assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.record(id).await.unwrap().attempts, MAX_ATTEMPTS);
}

#[tokio::test]
async fn a_task_whose_worker_died_in_the_last_attempt_has_failed() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    bench.lose_messages().await;
    bench.abandon_running(id, MAX_ATTEMPTS).await;
    bench.clock.advance(LOST_AFTER + JUST_AFTER);

    bench.rescues(1).await;

    assert_eq!(bench.error(id).await.0, "WorkerLost");
    assert_eq!(bench.messages().await, (0, 0));
    assert_eq!(bench.ended(), 1);
}

#[tokio::test]
async fn a_rescued_task_that_fails_has_one_more_attempt_and_no_full_round() {
    let bench = Bench::new();
    let id = bench.submit("flaky", r#"{"failures":99}"#).await;
    for _ in 1..MAX_ATTEMPTS {
        let Outcome::Again { after, .. } = bench.deliver().await else {
            panic!("another attempt should follow");
        };
        bench.clock.advance(after);
    }
    bench.lose_messages().await;
    bench.clock.advance(LOST_AFTER + JUST_AFTER);
    bench.rescues(1).await;

    bench.deliver().await;

    assert_eq!(bench.status(id).await, Some(TaskStatus::Failed));
    assert_eq!(bench.record(id).await.unwrap().attempts, MAX_ATTEMPTS);
}

#[tokio::test]
async fn what_has_ended_is_never_sent_again() {
    let bench = Bench::new();
    let done = bench.submit("echo", "1").await;
    bench.deliver().await;
    let canceled = bench.submit("echo", "2").await;
    bench.lose_messages().await;
    bench.tasks.cancel(canceled).await.unwrap();
    bench.clock.advance(HIDDEN_AT_MOST * 2);
    bench.rescues(0).await;
    assert_eq!(bench.status(done).await, Some(TaskStatus::Succeeded));
    assert_eq!(bench.status(canceled).await, Some(TaskStatus::Canceled));
}
