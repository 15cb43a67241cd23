//! Tasks that are to begin later: no earlier than asked for, and neither lost nor in the way of others meanwhile.

use std::time::Duration;

use engine::limits::{HIDDEN_AT_MOST, LONGEST_DELAY, LOST_AFTER, QUEUE_LENGTH_MAX_AGE};
use engine::{
    KeyedSubmitError, Labels, NewEvent, Outcome, Start, Submission, SubmitError, Swept, TaskId,
    TaskStatus, Wishes,
};
use ports::Clock;

use super::bench::Bench;
use crate::helpers::calls::{Call, Moment};
use crate::helpers::queues::delete;

const SECOND: Duration = Duration::from_secs(1);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// As long as Azure hides a message.
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

fn at(start: Start) -> Wishes {
    Wishes::new(start, Labels::default())
}

impl Bench {
    fn delayed(&self, delay: Duration) -> Submission {
        Submission {
            wishes: at(Start::After(delay)),
            ..self.submission("echo", "1")
        }
    }

    async fn submit_delayed(&self, delay: Duration) -> TaskId {
        let submitted = self.tasks.submit(self.delayed(delay)).await;
        submitted.unwrap().id
    }

    async fn sweep(&self) -> Swept {
        self.maintenance.sweep_beside_loop().await.unwrap()
    }

    /// The one task is done now, in its first attempt.
    async fn is_done(&self, id: TaskId) {
        assert_eq!(self.deliver().await, Outcome::Done);
        let record = self.record(id).await.unwrap();
        assert_eq!(
            (record.status(), record.attempts),
            (TaskStatus::Succeeded, 1)
        );
        assert_eq!(self.messages().await, (0, 0));
    }
}

/// What waits for an event or a second.
const PATIENT: &str = r#"{"number":8,"milliseconds":1000}"#;

#[tokio::test]
async fn an_instance_begins_at_its_time_whatever_is_asked_of_it_before() {
    let bench = Bench::new();
    let workflows = &bench.process.engine.workflows;
    let submission = Submission {
        wishes: at(Start::After(DAY)),
        ..bench.submission("flow-approval", PATIENT)
    };
    let id = bench.tasks.submit(submission).await.unwrap().id;
    let due_at = bench.record(id).await.unwrap().due_at();
    assert_eq!(due_at, Some(bench.clock.now() + DAY));
    let event = NewEvent {
        name: "approved".to_owned(),
        data: super::bench::json("5"),
    };
    workflows.raise(id, event).await.unwrap();
    workflows.suspend(id, None).await.unwrap();
    workflows.resume(id, None).await.unwrap();
    for wait in [Duration::ZERO, DAY - 2 * SECOND] {
        bench.clock.advance(wait);
        assert!(bench.nothing_is_visible().await);
        bench.sweep().await;
        let record = bench.record(id).await.unwrap();
        assert_eq!(record.due_at(), due_at);
        assert_eq!(record.instance.unwrap().journal.len(), 0);
    }
    bench.clock.advance(2 * SECOND);
    bench.work_it_all_off().await;
    // The event is there, too.
    let result = bench.result(id).await;
    assert!(result.contains(r#""calculation_result":"26""#), "{result}");
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_task_begins_when_its_client_asks_for_it_and_no_earlier() {
    for start in [
        |bench: &Bench| Start::At(bench.clock.now() + DAY),
        |_: &Bench| Start::After(DAY),
    ] {
        let bench = Bench::new();
        let due_at = bench.clock.now() + DAY;
        let submission = Submission {
            wishes: at(start(&bench)),
            ..bench.submission("echo", "1")
        };
        let id = bench.tasks.submit(submission).await.unwrap().id;
        let record = bench.record(id).await.unwrap();
        assert_eq!(
            (record.status(), record.due_at()),
            (TaskStatus::Queued, Some(due_at))
        );
        bench.clock.advance(DAY - Duration::from_millis(1));
        assert!(bench.nothing_is_visible().await);
        bench.clock.advance(Duration::from_millis(1));
        bench.is_done(id).await;
    }
}

#[tokio::test]
async fn a_start_that_is_over_is_none() {
    let bench = Bench::new();
    let submission = Submission {
        wishes: at(Start::At(bench.clock.now() - DAY)),
        ..bench.submission("echo", "1")
    };
    let id = bench.tasks.submit(submission).await.unwrap().id;
    assert_eq!(bench.record(id).await.unwrap().due_at(), None);
    bench.is_done(id).await;
}

#[tokio::test]
async fn a_start_in_more_than_a_year_is_refused() {
    let bench = Bench::new();
    let refused = bench
        .tasks
        .submit(bench.delayed(LONGEST_DELAY + SECOND))
        .await;
    assert!(
        matches!(refused, Err(SubmitError::TooFar(_))),
        "{refused:?}"
    );
    assert_eq!(bench.messages().await, (0, 0));
    bench.submit_delayed(LONGEST_DELAY).await;
}

#[tokio::test]
async fn a_message_that_a_queue_cannot_hide_for_so_long_is_put_off_again() {
    let bench = Bench::new();
    let id = bench.submit_delayed(WEEK + DAY).await;
    let message = bench.calls.last_sent();
    // What the queue was asked for, and what one of Azure does.
    bench.clock.advance(WEEK + DAY);
    let received = bench.receive().await;
    assert!(delete(&*bench.queue, &received).await);
    bench.clock.rewind(DAY);
    bench.queue.send(&message, Duration::ZERO).await.unwrap();

    let Outcome::Again { after, .. } = bench.deliver().await else {
        panic!("it began a day too early");
    };

    assert_eq!(after, DAY);
    assert_eq!(bench.record(id).await.unwrap().attempts, 0);
    bench.clock.advance(DAY);
    bench.is_done(id).await;
}

#[tokio::test]
async fn a_task_that_waits_for_its_time_is_not_lost() {
    let bench = Bench::new();
    let id = bench.submit_delayed(DAY).await;
    bench.clock.advance(HIDDEN_AT_MOST);
    // A queue that moves on is evidence about the others in it.
    bench.submit("echo", "2").await;
    let reads = bench.calls.count(Call::Read);
    for _ in 0..3 {
        assert_eq!(bench.sweep().await, Swept::default());
        bench.clock.advance(HIDDEN_AT_MOST);
    }
    assert_eq!(
        bench.calls.count(Call::Read),
        reads,
        "nothing of it was read"
    );
    assert_eq!(bench.record(id).await.unwrap().status(), TaskStatus::Queued);
    assert_eq!(bench.messages().await, (2, 0));
}

#[tokio::test]
async fn a_task_whose_message_is_lost_while_it_waits_is_sent_again_after_its_time() {
    let bench = Bench::new();
    let id = bench.submit_delayed(DAY).await;
    bench.clock.advance(DAY);
    bench.lose_messages().await;
    bench.clock.rewind(SECOND);
    assert_eq!(bench.sweep().await, Swept::default());
    bench.clock.advance(SECOND + LOST_AFTER + SECOND);

    assert_eq!(bench.sweep().await.rescued, 1);

    bench.is_done(id).await;
}

#[tokio::test]
async fn a_task_that_waits_for_its_time_takes_no_room_until_then() {
    let bench = Bench::with_limit(1);
    for _ in 0..3 {
        bench.submit_delayed(DAY).await;
    }
    assert_eq!(bench.tasks.retry_after("echo", None), 1);
    bench.submit("echo", "1").await;
    let full = bench.tasks.submit(bench.delayed(DAY)).await;
    assert!(matches!(full, Err(SubmitError::QueueFull)), "{full:?}");
    bench.deliver().await;
    bench.submit("echo", "2").await;
    bench.deliver().await;
    bench.clock.advance(DAY + QUEUE_LENGTH_MAX_AGE);
    let full = bench.tasks.submit(bench.submission("echo", "3")).await;
    assert!(matches!(full, Err(SubmitError::QueueFull)), "{full:?}");
}

#[tokio::test]
async fn of_many_those_that_wait_for_their_time_take_no_room() {
    let bench = Bench::with_limit(2);
    let many = |at_once: usize| {
        let later = (0..5).map(|_| bench.delayed(DAY));
        let at_once = (0..at_once).map(|n| bench.submission("echo", &n.to_string()));
        later.chain(at_once).collect::<Vec<_>>()
    };
    let refused = bench.tasks.submit_many(None, many(3)).await;
    assert!(refused.is_err(), "{refused:?}");
    for (key, at_once) in [(None, 1), (Some("k"), 1)] {
        let each = bench.tasks.submit_many(key, many(at_once)).await.unwrap();
        assert!(each.iter().all(Result::is_ok), "{each:?}");
    }
    assert_eq!(bench.messages().await, (12, 0));
    let full = bench.tasks.submit(bench.submission("echo", "9")).await;
    assert!(matches!(full, Err(SubmitError::QueueFull)), "{full:?}");
}

#[tokio::test]
async fn a_submission_that_is_carried_on_waits_for_its_time() {
    let bench = Bench::new();
    // Its record is there, and the answer lost: a retry meets the first try's success.
    let submission = bench.delayed(DAY);
    let id = submission.id;
    bench.tasks.submit(submission.clone()).await.unwrap();
    bench.tasks.submit(submission).await.unwrap();
    assert_eq!(bench.messages().await, (2, 0));
    assert!(bench.nothing_is_visible().await);
    bench.clock.advance(DAY);
    for received in bench.consumer.receive(32).await.unwrap() {
        assert_eq!(bench.consumer.process(received).await, Outcome::Done);
    }
    assert_eq!(bench.record(id).await.unwrap().attempts, 1);
}

#[tokio::test]
async fn another_start_is_another_submission() {
    let bench = Bench::new();
    let once = async |start| {
        let submission = Submission {
            wishes: at(start),
            ..bench.submission("echo", "1")
        };
        bench.tasks.submit_once("k", submission).await
    };
    let id = once(Start::After(DAY)).await.unwrap();
    bench.clock.advance(SECOND);
    assert_eq!(once(Start::After(DAY)).await.unwrap(), id);
    for other in [
        Start::AtOnce,
        Start::After(SECOND),
        Start::At(bench.clock.now()),
    ] {
        let refused = once(other).await;
        assert!(
            matches!(refused, Err(KeyedSubmitError::OtherSubmission)),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_sent_takes_the_record_with_it() {
    let bench = Bench::new();
    bench.calls.fail(Call::Send, Moment::Before);
    let submission = bench.delayed(DAY);
    let id = submission.id;
    assert!(bench.tasks.submit(submission).await.is_err());
    assert!(bench.record(id).await.is_none());
}
