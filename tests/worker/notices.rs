//! The ends of tasks, told where their clients said: once each, whoever dies meanwhile.

use std::time::Duration;

use engine::{
    Commit, KeyedSubmitError, Labels, Report, Rules, Settings, Start, SubmitError, TaskId,
    TaskRecord, TaskState, TaskStatus, Wishes,
};
use serde_json::{Value, json};

use super::bench::Bench;
use crate::helpers::calls::{Call, Moment};
use crate::helpers::eventually::eventually;
use crate::helpers::process::settings;

/// As the engine calls the kind that tells.
const KIND: &str = "_callback";

const URL: &str = "https://hooks.example.com/ended";

/// Longer than a message is hidden, and than somebody else's claim of a key counts.
const LONG: Duration = Duration::from_secs(5 * 60);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Bench {
    async fn submit_told(&self, kind: &str, input: &str) -> TaskId {
        let mut submission = self.submission(kind, input);
        submission.wishes = Wishes::default().told_at(URL);
        self.tasks.submit(submission).await.unwrap().id
    }

    /// One whose message nobody sees for longer than its record is kept.
    async fn submit_told_late(&self, kind: &str, input: &str) -> TaskId {
        let mut submission = self.submission(kind, input);
        let wishes = Wishes::new(Start::After(300 * DAY), Labels::default());
        submission.wishes = wishes.told_at(URL);
        self.tasks.submit(submission).await.unwrap().id
    }

    /// Writes that a task is canceled, as one who dies before that is told.
    async fn is_canceled_and_not_told(&self, id: TaskId) {
        let mut task = self.records.read(id).await.unwrap().unwrap();
        task.record.state = TaskState::Canceled;
        let written = self.records.commit(&mut task).await.unwrap();
        assert_eq!(written, Commit::Written);
    }

    /// Delivers all there is, until nothing is left.
    async fn settle(&self) {
        for _ in 0..20 {
            for received in self.consumer.receive(32).await.unwrap() {
                self.consumer.process(received).await;
            }
            if self.messages().await.0 == 0 {
                return;
            }
            self.clock.advance(LONG);
        }
        panic!("messages are left: {:?}", self.messages().await);
    }

    /// What was told, as the tasks that tell it have it.
    async fn notices(&self) -> Vec<TaskRecord> {
        let page = self.store.list("0", None, 1_000).await.unwrap();
        let mut notices = Vec::new();
        for listed in page.items {
            if listed.head.is_some_and(|head| head.kind == KIND) {
                notices.push(self.record(listed.name.parse().unwrap()).await.unwrap());
            }
        }
        notices
    }

    /// The one event that was told.
    async fn event(&self) -> Value {
        let notices = self.notices().await;
        assert_eq!(notices.len(), 1, "{notices:?}");
        assert_eq!(notices[0].status(), TaskStatus::Succeeded);
        let told: Value = serde_json::from_str(&self.result(notices[0].id).await).unwrap();
        assert_eq!(told["url"], URL);
        told["event"].clone()
    }
}

#[tokio::test]
async fn a_success_is_told_without_its_result() {
    let bench = Bench::new();
    let id = bench.submit_told("echo", r#"{"secret":1}"#).await;
    bench.settle().await;
    let told = bench.event().await;
    let record = bench.record(id).await.unwrap();
    let time = ports::timestamp::to_text(record.updated_at);
    assert_eq!(
        told,
        json!({
            "type": "task.ended",
            "timestamp": time,
            "data": {
                "id": id.to_string(),
                "kind": "echo",
                "status": "Succeeded",
                "createdDateTime": ports::timestamp::to_text(record.created_at),
                "lastActionDateTime": time,
                "attempts": 1,
            },
        })
    );
}

#[tokio::test]
async fn a_failure_is_told_with_its_error_and_again_when_a_retry_fails() {
    let bench = Bench::new();
    let id = bench.submit_told("hopeless", "1").await;
    bench.settle().await;
    let told = bench.event().await;
    assert_eq!(told["data"]["status"], "Failed");
    let (code, message) = bench.error(id).await;
    assert_eq!(
        told["data"]["error"],
        json!({"code": code, "message": message})
    );
    bench.tasks.retry(id).await.unwrap();
    bench.settle().await;
    assert_eq!(bench.notices().await.len(), 2);
}

#[tokio::test]
async fn a_cancel_is_told_though_the_task_never_ran() {
    let bench = Bench::new();
    let id = bench.submit_told("counts", "1").await;
    bench.tasks.cancel(id).await.unwrap();
    bench.settle().await;
    assert_eq!(bench.event().await["data"]["status"], "Canceled");
    assert_eq!(bench.kinds.runs(), 0);
}

#[tokio::test]
async fn a_cancel_is_told_when_its_client_hangs_up_right_behind_it() {
    for moment in [Moment::Before, Moment::After] {
        let bench = Bench::new();
        let id = bench.submit_told_late("counts", "1").await;
        let held = bench.calls.hold(Call::Replace, moment);
        let tasks = bench.tasks.clone();
        let client = tokio::spawn(async move { tasks.cancel(id).await });
        held.arrived().await;
        client.abort();
        assert!(client.await.unwrap_err().is_cancelled());
        held.go_on();
        eventually("its end is told", async || {
            (bench.notices().await.len() == 1).then_some(())
        })
        .await;
        assert_eq!(bench.status(id).await, Some(TaskStatus::Canceled));
    }
}

#[tokio::test]
async fn a_cancel_that_was_not_told_is_told_when_it_is_asked_for_again() {
    let bench = Bench::new();
    let id = bench.submit_told_late("counts", "1").await;
    bench.calls.fail(Call::Create, Moment::Before);
    bench.tasks.cancel(id).await.unwrap();
    assert_eq!(bench.notices().await.len(), 0);
    for _ in 0..2 {
        bench.tasks.cancel(id).await.unwrap();
        assert_eq!(bench.notices().await.len(), 1);
    }
}

#[tokio::test]
async fn a_cancel_of_an_instance_that_waits_for_an_event_alone_is_told_though_it_was_not_at_once() {
    let bench = Bench::new();
    let input = r#"{"number":8,"milliseconds":10000000}"#;
    let id = bench.submit_told("flow-approval", input).await;
    bench.deliver().await;
    bench.calls.fail(Call::Create, Moment::Before);
    bench.tasks.cancel(id).await.unwrap();
    assert_eq!(bench.notices().await.len(), 0);
    // What it has begun is to end with it.
    bench.deliver().await;
    assert_eq!(bench.notices().await.len(), 1);
}

#[tokio::test]
async fn an_end_is_told_by_the_attempt_that_loses_to_it() {
    for (kind, input) in [
        ("echo", "1"),
        ("flaky", r#"{"failures":9}"#),
        ("hands_over", "1"),
    ] {
        let bench = Bench::new();
        let id = bench.submit_told(kind, input).await;
        let received = bench.receive().await;
        let held = bench.calls.hold(Call::Replace, Moment::Before);
        let canceling = async {
            held.arrived().await;
            bench.is_canceled_and_not_told(id).await;
            held.go_on();
        };
        tokio::join!(bench.consumer.process(received), canceling);
        bench.settle().await;
        assert_eq!(bench.event().await["data"]["status"], "Canceled", "{kind}");
    }
}

#[tokio::test]
async fn an_end_that_was_reported_is_told_when_its_reporter_hangs_up() {
    let bench = Bench::new();
    let id = bench.submit_told("hands_over", "1").await;
    bench.deliver().await;
    let attempted = bench.attempted(id);
    let held = bench.calls.hold(Call::Replace, Moment::After);
    let (tasks, report) = (
        bench.tasks.clone(),
        Report::Succeeded(super::bench::json("1")),
    );
    let reporter = tokio::spawn(async move { tasks.called_back(attempted, report).await });
    held.arrived().await;
    reporter.abort();
    assert!(reporter.await.unwrap_err().is_cancelled());
    held.go_on();
    eventually("its end is told", async || {
        (bench.notices().await.len() == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn nobody_is_told_of_a_task_whose_client_named_nobody() {
    let bench = Bench::new();
    bench.submit("echo", "1").await;
    bench.settle().await;
    assert_eq!(bench.notices().await.len(), 0);
}

#[tokio::test]
async fn ends_are_told_while_the_queue_is_full_of_tasks_that_are_to_be_told() {
    let bench = Bench::with_limit(3);
    for _ in 0..3 {
        bench.submit_told("echo", "1").await;
    }
    let refused = bench.tasks.submit(bench.submission("echo", "1")).await;
    assert!(matches!(refused, Err(SubmitError::QueueFull)));
    bench.settle().await;
    assert_eq!(bench.notices().await.len(), 3);
    bench.submit("echo", "1").await;
}

/// Where each step of a write is a call, as `docs/decisions/0049-callback-urls.md` has it.
#[tokio::test]
async fn telling_an_end_costs_a_read_and_its_task_and_nothing_where_nobody_is_told() {
    let bench = Bench::new();
    let calls = async |is_told: bool| {
        let count = || bench.calls.all() - bench.calls.count(Call::Receive);
        let before = count();
        match is_told {
            true => bench.submit_told("echo", "1").await,
            false => bench.submit("echo", "1").await,
        };
        bench.settle().await;
        count() - before
    };
    // Record, message, end and deletion.
    assert_eq!(calls(false).await, 4);
    // The first makes the key of ids.
    assert_eq!(calls(true).await, 4 + 1 + 5 + 3);
    // The one that tells is read too, because it has effects.
    assert_eq!(calls(true).await, 4 + 1 + 5);
}

#[tokio::test]
async fn a_cancel_is_told_once_though_its_message_comes_days_later() {
    let bench = Bench::new();
    let keeps = Settings {
        retention: 30 * DAY,
        ..settings(4, true)
    };
    let sweeper = bench.ruled_process_with(Rules::new(Vec::new()), keeps);
    let mut submission = bench.submission("counts", "1");
    let wishes = Wishes::new(Start::After(2 * DAY), Labels::default());
    submission.wishes = wishes.told_at(URL);
    let id = bench.tasks.submit(submission).await.unwrap().id;
    bench.tasks.cancel(id).await.unwrap();
    bench.deliver().await;
    for _ in 0..8 {
        bench.clock.advance(DAY / 4);
        sweeper.maintenance.sweep_beside_loop().await.unwrap();
    }
    assert_eq!(bench.messages().await, (1, 0), "its own, that comes now");
    bench.settle().await;
    assert_eq!(bench.event().await["data"]["status"], "Canceled");
    assert_eq!(bench.kinds.runs(), 0);
    // Nor is it by a cancel that is asked for once more.
    bench.tasks.cancel(id).await.unwrap();
    assert_eq!(bench.notices().await.len(), 1);
}

#[tokio::test]
async fn an_internal_kind_is_nothing_that_a_client_can_ask_for() {
    let bench = Bench::new();
    let refused = bench.tasks.submit(bench.submission(KIND, "1")).await;
    let SubmitError::UnknownKind { known } = refused.unwrap_err() else {
        panic!("the kind should not be known");
    };
    assert!(known.contains("echo") && !known.contains(KIND), "{known}");
}

#[tokio::test]
async fn another_url_makes_another_submission_of_one_key() {
    let bench = Bench::new();
    let submit = async |url: Option<&str>| {
        let mut submission = bench.submission("echo", "1");
        submission.wishes = url.map_or_else(Wishes::default, |url| Wishes::default().told_at(url));
        bench.tasks.submit_once("k", submission).await
    };
    let id = submit(None).await.unwrap();
    assert_eq!(submit(None).await.unwrap(), id);
    let refused = submit(Some(URL)).await.unwrap_err();
    assert!(
        matches!(refused, KeyedSubmitError::OtherSubmission),
        "{refused}"
    );
}

#[tokio::test]
async fn an_end_is_told_once_wherever_the_process_dies_that_wrote_it() {
    for (kind, moment) in [
        ("echo", Moment::Before),
        ("echo", Moment::After),
        ("hopeless", Moment::Before),
        ("hopeless", Moment::After),
    ] {
        let mut deaths = 0;
        while dies(kind, deaths, moment).await {
            deaths += 1;
        }
        // The record, the key of ids, the task that tells it, its message, and the end of the one at hand.
        assert!(deaths >= 4, "{deaths} places to die at {moment:?}");
    }
}

/// Whether the process came to die at its so-manieth call to storage.
async fn dies(kind: &str, passes: u32, moment: Moment) -> bool {
    let bench = Bench::new();
    let id = bench.submit_told(kind, "1").await;
    let received = bench.receive().await;
    let held = bench.calls.hold_after(None, passes, moment);
    let died = tokio::select! {
        biased;
        () = held.arrived() => true,
        _ = bench.consumer.process(received) => false,
    };
    bench.calls.forget();
    bench.clock.advance(LONG);
    bench.settle().await;
    // The one that tells it may have lost its message.
    bench.maintenance.sweep_beside_loop().await.unwrap();
    bench.settle().await;
    let status = bench.status(id).await.unwrap();
    assert!(status.is_terminal(), "{status:?}");
    let told = bench.event().await;
    assert_eq!(told["data"]["status"], status.shown(), "call {passes}");
    died
}

#[tokio::test]
async fn an_end_that_cannot_be_told_now_is_told_later() {
    let bench = Bench::new();
    bench.submit_told("echo", "1").await;
    let received = bench.receive().await;
    let held = bench.calls.hold_after(None, 2, Moment::Before);
    let calls = bench.calls.clone();
    let cut_off = async {
        held.arrived().await;
        calls.set_away(true);
        held.go_on();
    };
    tokio::join!(bench.consumer.process(received), cut_off);
    bench.calls.set_away(false);
    bench.clock.advance(LONG);
    bench.settle().await;
    assert_eq!(bench.event().await["data"]["status"], "Succeeded");
}
