//! Writes without an answer: what is said of them, and what becomes of their tasks.

use std::time::Duration;

use engine::limits::{ACCEPTING_TIMEOUT, LOST_AFTER};
use engine::{
    CalledBack, KeyedSubmitError, Operated, Outcome, RecordError, Report, Submission, SubmitError,
    TaskError, TaskId, TaskStatus,
};
use ports::{Document, StorageError};
use tokio::time::sleep;

use super::bench::Bench;
use crate::helpers::calls::{Call, Moment};
use crate::helpers::eventually::eventually;

const BOTH: [Moment; 2] = [Moment::Before, Moment::After];

/// The task that there may be.
fn unknown(error: &SubmitError) -> TaskId {
    match error {
        SubmitError::Unknown { id, .. } => *id,
        other => panic!("known: {other}"),
    }
}

fn of_key(error: KeyedSubmitError) -> SubmitError {
    match error {
        KeyedSubmitError::Submit(error) => error,
        other => panic!("{other}"),
    }
}

fn is_unanswered(result: Result<Operated, RecordError>) -> bool {
    matches!(result, Err(RecordError::Storage(cause)) if cause.is_unanswered())
}

impl Bench {
    /// Works on whatever there is, until there is nothing; how many tasks that ended.
    async fn end_all(&self) -> u64 {
        let before = self.ended();
        for received in self.consumer.receive(32).await.unwrap() {
            self.consumer.process(received).await;
        }
        assert!(self.nothing_is_visible().await);
        self.ended() - before
    }

    async fn key_is_let_go(&self) {
        eventually("the key is let go", async || {
            let keys = self.store.list("key-", None, 10).await.unwrap().items;
            let stored = self.store.read(&keys.first()?.name).await.unwrap()?;
            let text = String::from_utf8_lossy(&stored.body).into_owned();
            text.contains(r#""let_go":true"#).then_some(())
        })
        .await;
    }

    async fn spent(&self) -> TaskId {
        let id = self.submit("hopeless", "0").await;
        self.deliver().await;
        assert_eq!(self.status(id).await, Some(TaskStatus::Failed));
        id
    }
}

#[tokio::test]
async fn a_submission_whose_record_got_no_answer_tells_which_task_there_may_be() {
    for (moment, there_is) in BOTH.into_iter().zip([false, true]) {
        let bench = Bench::new();
        let submission = bench.submission("echo", "1");
        let id = submission.id;
        bench.calls.lose(Call::Create, moment);
        let refused = bench.tasks.submit(submission).await.unwrap_err();
        assert_eq!(unknown(&refused), id, "{moment:?}");
        assert_eq!(bench.record(id).await.is_some(), there_is, "{moment:?}");
        assert_eq!(bench.messages().await, (0, 0));

        // What is there is worked on.
        bench.clock.advance(LOST_AFTER + Duration::from_secs(1));
        bench.maintenance.sweep_beside_loop().await.unwrap();
        assert_eq!(bench.end_all().await, u64::from(there_is), "{moment:?}");
    }
}

#[tokio::test]
async fn a_task_whose_message_got_no_answer_is_accepted_and_ends_once() {
    for moment in BOTH {
        let bench = Bench::new();
        bench.calls.lose(Call::Send, moment);
        let id = bench.submit("echo", "1").await;
        assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
        bench.clock.advance(LOST_AFTER + Duration::from_secs(1));
        bench.maintenance.sweep_beside_loop().await.unwrap();
        assert_eq!(bench.end_all().await, 1, "{moment:?}");
        assert_eq!(bench.result(id).await, "1");
        assert_eq!(bench.kinds.runs(), 1, "{moment:?}");
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_taken_back_is_told_of() {
    let bench = Bench::new();
    bench.calls.fail(Call::Send, Moment::Before);
    bench.calls.fail(Call::DeleteRecord, Moment::Before);
    let submission = bench.submission("echo", "1");
    let id = submission.id;
    let refused = bench.tasks.submit(submission).await.unwrap_err();
    assert_eq!(unknown(&refused), id);
    assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
}

#[tokio::test]
async fn the_same_key_again_gives_the_same_task_once() {
    for moment in BOTH {
        let bench = Bench::new();
        bench
            .tasks
            .submit(bench.submission("echo", "0"))
            .await
            .unwrap();
        // The key's record is created first.
        let held = bench
            .calls
            .hold_after(Some(Call::Create), 1, Moment::Before);
        let submission = bench.submission("echo", "1");
        let id = submission.id;
        let lost = async {
            held.arrived().await;
            bench.calls.lose(Call::Send, Moment::Before);
            held.go_on();
        };
        // A message without an answer is none of these: accepted.
        let (accepted, ()) = tokio::join!(bench.tasks.submit_once("sent", submission), lost);
        assert_eq!(accepted.unwrap(), id);

        let bench = Bench::new();
        let submission = bench.submission("echo", "1");
        let id = submission.id;
        let held = bench.calls.hold_after(Some(Call::Create), 0, Moment::After);
        let lost = async {
            held.arrived().await;
            bench.calls.lose(Call::Create, moment);
            held.go_on();
        };
        let (refused, ()) = tokio::join!(bench.tasks.submit_once("k", submission), lost);
        assert_eq!(unknown(&of_key(refused.unwrap_err())), id, "{moment:?}");
        bench.key_is_let_go().await;
        for _ in 0..2 {
            let again = bench.tasks.submit_once("k", bench.submission("echo", "1"));
            assert_eq!(again.await.unwrap(), id, "{moment:?}");
        }
        assert_eq!(bench.end_all().await, 1, "{moment:?}");
        assert_eq!(bench.kinds.runs(), 1, "{moment:?}");
    }
}

#[tokio::test]
async fn a_key_whose_claim_got_no_answer_can_be_used_at_once() {
    let bench = Bench::new();
    let submission = bench.submission("echo", "1");
    let id = submission.id;
    bench.calls.lose(Call::Create, Moment::After);
    let refused = bench.tasks.submit_once("k", submission).await.unwrap_err();
    assert_eq!(unknown(&of_key(refused)), id);
    assert!(bench.record(id).await.is_none());
    bench.key_is_let_go().await;
    let again = bench.tasks.submit_once("k", bench.submission("echo", "1"));
    assert_eq!(again.await.unwrap(), id);
    assert_eq!(bench.end_all().await, 1);

    // Where the claim did not arrive, it is as if the client had never come.
    let bench = Bench::new();
    bench.calls.lose(Call::Create, Moment::Before);
    let refused = bench.tasks.submit_once("k", bench.submission("echo", "1"));
    unknown(&of_key(refused.await.unwrap_err()));
    let again = bench.tasks.submit_once("k", bench.submission("echo", "1"));
    again.await.unwrap();
    assert_eq!(bench.end_all().await, 1);
}

/// Storage that stood still gets to the claim after somebody has looked for it.
#[tokio::test(start_paused = true)]
async fn a_key_whose_claim_comes_late_can_be_used_all_the_same() {
    let (known, bench) = (Bench::new(), Bench::new());
    let submission = known.submission("echo", "1");
    let id = known.tasks.submit_once("k", submission).await.unwrap();
    let claim = known.store.list("key-", None, 10).await.unwrap().items;
    let claim = claim.into_iter().next().unwrap();
    let stored = known.store.read(&claim.name).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&stored.body).into_owned();
    let document = Document {
        head: claim.head.unwrap(),
        body: text
            .replace(r#""accepted":true"#, r#""accepted":false"#)
            .into(),
    };

    bench.calls.lose(Call::Create, Moment::Before);
    let submission = Submission {
        id,
        ..bench.submission("echo", "1")
    };
    let refused = bench.tasks.submit_once("k", submission).await;
    assert_eq!(unknown(&of_key(refused.unwrap_err())), id);
    sleep(Duration::from_millis(1)).await;
    // A clock that runs ahead while the store's thread works would be past the last look.
    tokio::time::resume();
    let created = bench.store.create(&claim.name, &document).await.unwrap();
    assert!(created.is_some());

    bench.key_is_let_go().await;
    let again = bench.submission("echo", "1");
    assert_eq!(bench.tasks.submit_once("k", again).await.unwrap(), id);
}

#[tokio::test]
async fn a_key_whose_record_may_yet_be_taken_back_is_not_carried_on_before_that() {
    let bench = Bench::new();
    bench.calls.fail(Call::Send, Moment::Before);
    bench.calls.lose(Call::DeleteRecord, Moment::Before);
    let submission = bench.submission("echo", "1");
    let id = submission.id;
    let refused = bench.tasks.submit_once("k", submission).await.unwrap_err();
    assert_eq!(unknown(&of_key(refused)), id);
    let again = async || {
        let submission = bench.submission("echo", "1");
        bench.tasks.submit_once("k", submission).await
    };
    assert!(matches!(again().await, Err(KeyedSubmitError::InProgress)));
    bench.clock.advance(ACCEPTING_TIMEOUT);
    assert_eq!(again().await.unwrap(), id);
    assert_eq!(bench.end_all().await, 1);
}

#[tokio::test]
async fn a_cancel_a_deletion_and_a_retry_without_an_answer_say_so() {
    for moment in BOTH {
        let is_done = moment == Moment::After;
        let bench = Bench::new();
        let id = bench.submit("echo", "1").await;
        bench.calls.lose(Call::Replace, moment);
        assert!(is_unanswered(bench.tasks.cancel(id).await));
        let canceled = bench.status(id).await == Some(TaskStatus::Canceled);
        assert_eq!(canceled, is_done);
        // The same again is done, or is as it was wanted.
        let again = bench.tasks.cancel(id).await.unwrap();
        assert!(matches!(again, Operated::Done(_)));

        bench.calls.lose(Call::DeleteRecord, moment);
        assert!(is_unanswered(bench.tasks.delete(id).await));
        assert_eq!(bench.record(id).await.is_none(), is_done);

        let bench = Bench::new();
        let id = bench.spent().await;
        bench.calls.lose(Call::Replace, moment);
        assert!(is_unanswered(bench.tasks.retry(id).await));
        let queued = bench.status(id).await == Some(TaskStatus::Queued);
        assert_eq!(queued, is_done);
    }
}

#[tokio::test]
async fn a_retry_whose_message_got_no_answer_is_done() {
    for moment in BOTH {
        let bench = Bench::new();
        let id = bench.spent().await;
        bench.calls.lose(Call::Send, moment);
        let retried = bench.tasks.retry(id).await.unwrap();
        assert!(matches!(retried, Operated::Done(_)));
        assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
    }
}

#[tokio::test]
async fn a_retry_that_cannot_be_taken_back_says_so() {
    let bench = Bench::new();
    let id = bench.spent().await;
    let held = bench.calls.hold(Call::Replace, Moment::After);
    let failing = async {
        held.arrived().await;
        bench.calls.fail(Call::Send, Moment::Before);
        bench.calls.fail(Call::Replace, Moment::Before);
        held.go_on();
    };
    let (retried, ()) = tokio::join!(bench.tasks.retry(id), failing);
    assert!(is_unanswered(retried));
    assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
}

#[tokio::test]
async fn a_report_without_an_answer_says_so_and_one_without_a_message_counts() {
    let bench = Bench::new();
    let id = bench.submit("hands_over", "0").await;
    assert_ne!(bench.deliver().await, Outcome::Done);
    let url = bench.kinds.callback();
    let token = url.split("token=").nth(1).unwrap();
    let attempted = bench.tasks.callbacks().unwrap().read(id, token).unwrap();
    let failed = Report::Failed {
        error: TaskError {
            code: "NoGpu".to_owned(),
            message: "all are busy".to_owned(),
        },
        may_pass: true,
    };
    bench.calls.lose(Call::Replace, Moment::Before);
    let reported = bench.tasks.called_back(attempted, failed.clone()).await;
    assert!(matches!(reported, Err(RecordError::Storage(cause)) if cause.is_unanswered()));
    assert_eq!(bench.status(id).await, Some(TaskStatus::Running));

    bench.calls.fail(Call::Send, Moment::Before);
    let reported = bench.tasks.called_back(attempted, failed).await;
    assert_eq!(reported.unwrap(), CalledBack::Taken);
    assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
}

#[tokio::test]
async fn what_only_reads_and_gets_no_answer_has_changed_nothing() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    bench.calls.fail(Call::Read, Moment::Before);
    let canceled = bench.tasks.cancel(id).await;
    let is_known = |cause: &StorageError| !cause.is_unanswered();
    assert!(matches!(canceled, Err(RecordError::Storage(cause)) if is_known(&cause)));
    assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
}
