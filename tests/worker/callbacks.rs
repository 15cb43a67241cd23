//! Attempts that are handed over, and what others report of them.

use std::time::Duration;

use engine::limits::{ATTEMPT_TIME_LIMIT, LOST_AFTER, MAX_ATTEMPTS};
use engine::{
    Attempted, CalledBack, HandedOver, Outcome, Report, Swept, TaskError, TaskId, TaskState,
    TaskStatus,
};
use ports::Clock;

use super::bench::{Bench, is_spent, json};

impl Bench {
    /// Leaves a task to somebody else, and gives what their token tells.
    async fn hand_over(&self) -> Attempted {
        let id = self.submit("hands_over", "1").await;
        self.deliver_and_hand_over(id).await
    }

    async fn deliver_and_hand_over(&self, id: TaskId) -> Attempted {
        let outcome = self.deliver().await;
        assert!(is_until_the_deadline(&outcome), "{outcome:?}");
        self.attempted(id)
    }

    /// What the token of the last attempt tells.
    pub(super) fn attempted(&self, id: TaskId) -> Attempted {
        let url = self.kinds.callback();
        let (path, token) = url.split_once("?token=").unwrap();
        assert_eq!(path, format!("http://here/{id}"));
        self.tasks.callbacks().unwrap().read(id, token).unwrap()
    }

    async fn report(&self, attempted: Attempted, report: Report) -> CalledBack {
        self.tasks.called_back(attempted, report).await.unwrap()
    }
}

fn is_until_the_deadline(outcome: &Outcome) -> bool {
    let limit = ATTEMPT_TIME_LIMIT;
    matches!(outcome, Outcome::Again { after, .. } if *after <= limit && *after > limit - Duration::from_secs(60))
}

fn succeeded() -> Report {
    Report::Succeeded(json(r#"{"text":"street"}"#))
}

fn failed(may_pass: bool) -> Report {
    let error = TaskError {
        code: "NoGpu".to_owned(),
        message: "all are busy".to_owned(),
    };
    Report::Failed { error, may_pass }
}

fn told() -> (String, String) {
    ("NoGpu".to_owned(), "all are busy".to_owned())
}

#[tokio::test]
async fn a_task_that_was_handed_over_runs_until_its_end_is_reported() {
    let bench = Bench::new();
    let attempted = bench.hand_over().await;
    let record = bench.record(attempted.id).await.unwrap();
    assert!(matches!(
        record.state,
        TaskState::Running {
            percent: Some(10),
            handed_over: Some(_)
        }
    ));
    assert_eq!((record.attempts, attempted.attempt), (1, 1));
    assert_eq!(bench.messages().await, (1, 0));
    assert!(bench.nothing_is_visible().await);

    assert_eq!(
        bench.report(attempted, succeeded()).await,
        CalledBack::Taken
    );

    assert_eq!(bench.result(attempted.id).await, r#"{"text":"street"}"#);
    assert_eq!(bench.ended(), 1);
    bench.clock.advance(ATTEMPT_TIME_LIMIT);
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.messages().await, (0, 0));
    assert_eq!(bench.result(attempted.id).await, r#"{"text":"street"}"#);
}

#[tokio::test]
async fn a_report_from_another_process_counts() {
    let bench = Bench::new();
    let attempted = bench.hand_over().await;
    let other = bench.other_process().tasks;
    let taken = other.called_back(attempted, succeeded()).await.unwrap();
    assert_eq!(taken, CalledBack::Taken);
    assert_eq!(
        bench.status(attempted.id).await,
        Some(TaskStatus::Succeeded)
    );
}

#[tokio::test]
async fn an_attempt_that_nobody_reports_on_is_followed_by_another() {
    let bench = Bench::new();
    let first = bench.hand_over().await;
    bench.clock.advance(ATTEMPT_TIME_LIMIT);

    let Outcome::Again { after, .. } = bench.deliver().await else {
        panic!("no other attempt follows");
    };
    let record = bench.record(first.id).await.unwrap();
    assert_eq!((record.status(), record.attempts), (TaskStatus::Queued, 1));
    assert_eq!(bench.messages().await, (1, 0));
    bench.clock.advance(after);
    let second = bench.deliver_and_hand_over(first.id).await;

    assert_eq!(second.attempt, 2);
    let late = bench.report(first, succeeded()).await;
    assert_eq!(late, CalledBack::OlderAttempt);
    assert_eq!(bench.report(second, succeeded()).await, CalledBack::Taken);
}

#[tokio::test]
async fn a_task_that_nobody_ever_reports_on_fails() {
    let bench = Bench::new();
    let id = bench.submit("hands_over", "1").await;
    for _ in 1..=MAX_ATTEMPTS {
        bench.deliver_and_hand_over(id).await;
        bench.clock.advance(ATTEMPT_TIME_LIMIT);
        match bench.deliver().await {
            Outcome::Again { after, .. } => bench.clock.advance(after),
            outcome => assert!(is_spent(&outcome), "{outcome:?}"),
        }
    }
    let record = bench.record(id).await.unwrap();
    assert_eq!(record.attempts, MAX_ATTEMPTS);
    let message = "nobody reported the end of the attempt in time";
    let told = ("NotCalledBack".to_owned(), message.to_owned());
    assert_eq!(bench.error(id).await, told);
}

#[tokio::test]
async fn a_failure_that_may_pass_brings_another_attempt_and_not_one_too_many() {
    let bench = Bench::new();
    let first = bench.hand_over().await;

    assert_eq!(bench.report(first, failed(true)).await, CalledBack::Taken);

    let record = bench.record(first.id).await.unwrap();
    assert!(matches!(
        record.state,
        TaskState::Queued { due_at: Some(_), last_error: Some(error) } if error.code == "NoGpu"
    ));
    let again = bench.report(first, failed(true)).await;
    assert_eq!(again, CalledBack::OlderAttempt);
    // The one for the deadline of the first attempt, and the one for the second.
    assert_eq!(bench.messages().await, (2, 0));
    bench.clock.advance(Duration::from_secs(3));
    let second = bench.deliver_and_hand_over(first.id).await;
    assert_eq!(second.attempt, 2);
    bench
        .clock
        .advance(ATTEMPT_TIME_LIMIT - Duration::from_secs(60));
    bench.clock.advance(Duration::from_secs(58));
    // The first attempt's deadline says nothing of the second one.
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.messages().await, (1, 0));
    assert_eq!(bench.status(first.id).await, Some(TaskStatus::Running));
    assert_eq!(bench.report(second, failed(false)).await, CalledBack::Taken);
    assert_eq!(bench.error(first.id).await, told());
}

#[tokio::test]
async fn the_last_attempt_that_is_reported_as_failed_ends_the_task() {
    let bench = Bench::new();
    let id = bench.submit("hands_over", "1").await;
    for attempt in 1..=MAX_ATTEMPTS {
        let attempted = bench.deliver_and_hand_over(id).await;
        assert_eq!(attempted.attempt, attempt);
        assert_eq!(
            bench.report(attempted, failed(true)).await,
            CalledBack::Taken
        );
        if attempt < MAX_ATTEMPTS {
            let TaskState::Queued { due_at, .. } = bench.record(id).await.unwrap().state else {
                panic!("no other attempt follows");
            };
            let wait = due_at.unwrap() - bench.clock.now();
            bench.clock.advance(wait.try_into().unwrap());
        }
    }
    assert_eq!(bench.error(id).await, told());
}

#[tokio::test]
async fn a_report_after_the_end_changes_nothing() {
    let bench = Bench::new();
    let attempted = bench.hand_over().await;
    assert_eq!(
        bench.report(attempted, succeeded()).await,
        CalledBack::Taken
    );
    for report in [
        succeeded(),
        failed(true),
        failed(false),
        Report::Progress(1),
    ] {
        assert_eq!(bench.report(attempted, report).await, CalledBack::Ended);
    }
    assert_eq!(bench.result(attempted.id).await, r#"{"text":"street"}"#);
    let unknown = Attempted {
        id: bench.tasks.new_id(),
        ..attempted
    };
    assert_eq!(
        bench.report(unknown, succeeded()).await,
        CalledBack::Unknown
    );
}

#[tokio::test]
async fn progress_is_shown() {
    let bench = Bench::new();
    let attempted = bench.hand_over().await;
    assert_eq!(
        bench.report(attempted, Report::Progress(60)).await,
        CalledBack::Taken
    );
    let record = bench.record(attempted.id).await.unwrap();
    assert!(matches!(
        record.state,
        TaskState::Running {
            percent: Some(60),
            handed_over: Some(_)
        }
    ));
    assert_eq!(
        bench.report(attempted, succeeded()).await,
        CalledBack::Taken
    );
}

#[tokio::test]
async fn a_token_is_good_up_to_the_deadline() {
    let bench = Bench::new();
    let attempted = bench.hand_over().await;
    bench
        .clock
        .advance(ATTEMPT_TIME_LIMIT + Duration::from_secs(1));
    let late = bench.report(attempted, succeeded()).await;
    assert_eq!(late, CalledBack::OlderAttempt);
}

#[tokio::test]
async fn a_canceled_task_takes_no_report_and_its_message_goes() {
    let bench = Bench::new();
    let attempted = bench.hand_over().await;
    bench.tasks.cancel(attempted.id).await.unwrap();
    assert_eq!(
        bench.report(attempted, succeeded()).await,
        CalledBack::Ended
    );
    bench.clock.advance(ATTEMPT_TIME_LIMIT);
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.status(attempted.id).await, Some(TaskStatus::Canceled));
}

#[tokio::test]
async fn a_retried_task_does_not_hear_of_the_round_before() {
    let bench = Bench::new();
    let first = bench.hand_over().await;
    assert_eq!(bench.report(first, failed(false)).await, CalledBack::Taken);
    bench.tasks.retry(first.id).await.unwrap();
    assert_eq!(
        bench.report(first, succeeded()).await,
        CalledBack::OlderAttempt
    );
    let second = bench.deliver_and_hand_over(first.id).await;
    assert_eq!(second.attempt, 2);
    assert_eq!(
        bench.report(first, succeeded()).await,
        CalledBack::OlderAttempt
    );
    assert_eq!(bench.report(second, succeeded()).await, CalledBack::Taken);
}

#[tokio::test]
async fn a_sweep_leaves_a_task_that_was_handed_over_alone() {
    let bench = Bench::new();
    let id = bench.submit("hands_over", "1").await;
    // Even where its message seems to be lost.
    bench.lose_messages().await;
    let mut task = bench.records.read(id).await.unwrap().unwrap();
    task.record.attempts = 1;
    task.record.state = TaskState::Running {
        percent: None,
        handed_over: Some(HandedOver {
            attempt: 1,
            spent: 1,
            until: bench.clock.now() + ATTEMPT_TIME_LIMIT,
        }),
    };
    bench.records.commit(&mut task).await.unwrap();
    bench.clock.advance(ATTEMPT_TIME_LIMIT);
    let swept = bench.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(swept, Swept::default());
    assert_eq!(bench.status(id).await, Some(TaskStatus::Running));

    bench.clock.advance(LOST_AFTER + Duration::from_millis(1));
    let swept = bench.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(swept.rescued, 1);
    assert_eq!(bench.deliver_and_hand_over(id).await.attempt, 2);
}

#[tokio::test]
async fn a_message_that_comes_again_after_a_crash_waits_for_the_deadline() {
    let bench = Bench::new();
    let id = bench.submit("hands_over", "1").await;
    let received = bench.receive().await;
    let text = received.text.clone();
    bench.consumer.process(received).await;
    bench.attempted(id);
    bench.queue.send(&text, Duration::ZERO).await.unwrap();

    let outcome = bench.deliver().await;

    assert!(is_until_the_deadline(&outcome), "{outcome:?}");
    let record = bench.record(id).await.unwrap();
    assert_eq!((record.status(), record.attempts), (TaskStatus::Running, 1));
}

#[tokio::test]
async fn a_report_may_be_quicker_than_the_answer_that_hands_over() {
    let bench = Bench::new();
    let id = bench.submit("hands_over", "1").await;
    let attempted = Attempted {
        id,
        attempt: 1,
        expires_at: bench.record(id).await.unwrap().created_at + ATTEMPT_TIME_LIMIT,
    };
    assert_eq!(
        bench.report(attempted, failed(true)).await,
        CalledBack::TooSoon
    );
    assert_eq!(
        bench.report(attempted, Report::Progress(5)).await,
        CalledBack::Taken
    );
    assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
    assert_eq!(
        bench.report(attempted, succeeded()).await,
        CalledBack::Taken
    );
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.result(id).await, r#"{"text":"street"}"#);
    assert_eq!(bench.record(id).await.unwrap().attempts, 1);
}
