//! Rules for dead letters: each failure is acted on once, by the first rule that matches, whoever dies meanwhile.

mod digests;
mod once;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use engine::{
    Acted, LetterFilter, Matches, Outward, Parcel, Rule, RuleAction, Rules, TaskId, TaskStatus,
};
use futures_util::future::join_all;
use ports::Document;
use ports::timestamp::to_text;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use work::{BoxFuture, Context, Failure};

use super::bench::Bench;
use crate::helpers::calls::{Call, Moment};

/// As the engine calls the kind that does what rules say.
const KIND: &str = "_dead-letter-rule";

/// Longer than a message is hidden, and than any of these back-offs.
const LONG: Duration = Duration::from_secs(2 * 60 * 60);

const JUST_AFTER: Duration = Duration::from_millis(1);

/// Somebody who fails for now, or for good, before taking what is sent.
#[derive(Clone, Default)]
struct Somebody {
    /// What was sent, each with the id of the task that sent it.
    sent: Arc<Mutex<Vec<(String, Value)>>>,
    /// What the next answers are.
    refusals: Arc<Mutex<Vec<Refusal>>>,
    /// Answers so often, if that is said, and else hangs.
    answers: Option<Arc<Semaphore>>,
}

#[derive(Clone, Copy)]
enum Refusal {
    ForNow,
    ForGood,
}

impl Somebody {
    fn refusing(refusals: &[Refusal]) -> Self {
        let somebody = Self::default();
        somebody.refusals.lock().unwrap().extend(refusals);
        somebody
    }

    /// One who answers nothing until that is allowed.
    fn hanging() -> Self {
        Self {
            answers: Some(Arc::new(Semaphore::new(0))),
            ..Self::default()
        }
    }

    fn sent(&self) -> Vec<(String, Value)> {
        self.sent.lock().unwrap().clone()
    }

    fn repair(&self) -> RuleAction {
        RuleAction::Repair(Arc::new(self.clone()))
    }

    /// Is told once a quarter of an hour at the most.
    fn told(&self) -> RuleAction {
        RuleAction::Tell {
            every: Duration::from_secs(15 * 60),
            name: "mail",
            to: Arc::new(self.clone()),
        }
    }
}

impl Outward for Somebody {
    fn send<'a>(
        &'a self,
        parcel: &'a Parcel<'a>,
        _: &'a mut Vec<String>,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        let sent = (
            cx.task_id().to_owned(),
            serde_json::to_value(parcel).unwrap(),
        );
        self.sent.lock().unwrap().push(sent);
        let refusal = self.refusals.lock().unwrap().pop();
        Box::pin(async move {
            if let Some(answers) = &self.answers {
                answers.acquire().await.unwrap().forget();
            }
            match refusal {
                None => Ok(()),
                Some(Refusal::ForNow) => Err(Failure::transient("Away", "not now")),
                Some(Refusal::ForGood) => Err(Failure::permanent("NotWanted", "never")),
            }
        })
    }
}

fn rule(name: &str, matches: Matches, action: RuleAction) -> Rule {
    Rule {
        name: name.to_owned(),
        matches,
        action,
    }
}

/// One rule, for all.
fn all(action: RuleAction) -> Rules {
    Rules::new(vec![rule("all", Matches::default(), action)])
}

fn replay(after: Duration, at_most: u32) -> RuleAction {
    RuleAction::Replay { after, at_most }
}

fn text(text: &str) -> Matches {
    Matches {
        text: Some(text.to_owned()),
        ..Matches::default()
    }
}

impl Bench {
    /// A task that has failed, of which nobody has made anything yet.
    async fn failed_with(&self, input: &str) -> TaskId {
        // What the process does at once, it cannot.
        self.calls.fail(Call::List, Moment::Before);
        let id = self.submit("hopeless", input).await;
        self.deliver().await;
        assert_eq!(self.status(id).await, Some(TaskStatus::Failed));
        tokio::task::yield_now().await;
        self.calls.forget();
        self.clock.advance(JUST_AFTER);
        id
    }

    async fn sweep_once(&self) {
        self.maintenance.sweep_beside_loop().await.unwrap();
    }

    /// Sweeps, and delivers all that there is and that follows, for so long.
    async fn settle_for(&self, rounds: usize) {
        for _ in 0..rounds {
            self.sweep_once().await;
            for received in self.consumer.receive(32).await.unwrap() {
                self.consumer.process(received).await;
            }
            self.clock.advance(LONG);
        }
    }

    async fn listed_letters(&self) -> Vec<TaskId> {
        let filter = LetterFilter::default();
        let page = self.tasks.dead_letters(&filter, 100, None).await;
        let letters = page.unwrap().letters;
        // What rules could not do is listed as well.
        let ours = letters.iter().filter(|it| it.kind.as_deref() != Some(KIND));
        ours.map(|letter| letter.id).collect()
    }

    /// Notes of what is due.
    async fn notes_of_due(&self) -> usize {
        self.store.list("fd-", None, 100).await.unwrap().items.len()
    }

    /// So many more of these as there is one now, of newer failures of tasks that nobody has.
    async fn more_notes_of_due(&self, count: u64) {
        let page = self.store.list("fd-", None, 1).await.unwrap();
        let note = page.items.into_iter().next().unwrap();
        let stored = self.store.read(&note.name).await.unwrap().unwrap();
        let document = Document {
            head: note.head.unwrap(),
            body: stored.body,
        };
        let left = u64::from_str_radix(&note.name[3..15], 16).unwrap();
        let names: Vec<_> = (1..=count)
            .map(|newer| format!("fd-{:012x}-{}", left - newer, self.tasks.new_id()))
            .collect();
        for some in names.chunks(256) {
            let created = some.iter().map(|name| self.store.create(name, &document));
            for created in join_all(created).await {
                assert!(created.unwrap().is_some());
            }
        }
    }

    async fn acted_on(&self, id: TaskId) -> Vec<Acted> {
        self.tasks.acted(id).await.unwrap()
    }

    /// The one thing that was done, and how it stands.
    async fn action(&self, id: TaskId) -> (String, String, &'static str) {
        let mut acted = self.acted_on(id).await;
        assert_eq!(acted.len(), 1, "{acted:?}");
        let acted = acted.remove(0);
        (acted.rule, acted.action, acted.stands.unwrap().status)
    }
}

fn told(rule: &str, action: &str, status: &'static str) -> (String, String, &'static str) {
    (rule.to_owned(), action.to_owned(), status)
}

#[tokio::test]
async fn the_first_rule_that_matches_is_the_one() {
    let (one, two) = (Somebody::default(), Somebody::default());
    let bench = Bench::with_rules(Rules::new(vec![
        rule("certain", text("certainTaskType"), one.repair()),
        rule("rest", Matches::default(), two.repair()),
    ]));
    let certain = bench.failed_with(r#"{"taskType":"certainTaskType"}"#).await;
    let other = bench.failed_with(r#"{"taskType":"another"}"#).await;
    bench.settle_for(2).await;
    for (somebody, id) in [(one, certain), (two, other)] {
        let sent = somebody.sent();
        assert_eq!(sent.len(), 1, "{sent:?}");
        assert_eq!(sent[0].1["data"]["id"], id.to_string());
    }
    assert_eq!(
        bench.action(certain).await,
        told("certain", "repair", "Succeeded")
    );
    assert_eq!(
        bench.action(other).await,
        told("rest", "repair", "Succeeded")
    );
}

#[tokio::test]
async fn a_letter_is_sent_whole_and_settled_only_when_it_is_taken() {
    let somebody = Somebody::refusing(&[Refusal::ForNow]);
    let bench = Bench::with_rules(all(somebody.repair()));
    let id = bench.failed_with(r#"{"who": "Ada"}"#).await;
    bench.sweep_once().await;
    assert_eq!(bench.notes_of_due().await, 0);
    bench.deliver().await;
    assert_eq!(bench.listed_letters().await, [id]);
    let acted = bench.acted_on(id).await;
    let stands = acted[0].stands.as_ref().unwrap();
    assert_eq!(stands.status, "NotStarted");
    assert_eq!(stands.error.as_ref().unwrap().code, "Away");

    bench.settle_for(1).await;
    bench.settle_for(1).await;
    assert!(bench.listed_letters().await.is_empty());
    let sent = somebody.sent();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0], sent[1], "the other side can tell");
    let record = bench.record(id).await.unwrap();
    assert_eq!(
        sent[0].1,
        json!({
            "type": "dead-letter",
            "timestamp": to_text(record.updated_at),
            "data": {
                "rule": "all",
                "id": id.to_string(),
                "kind": "hopeless",
                "error": { "code": "NoHope", "message": "there never was any" },
                "attempts": 1,
                "createdDateTime": to_text(record.created_at),
                "failedDateTime": to_text(record.updated_at),
                "input": { "who": "Ada" },
            },
        })
    );
    // Its client still sees that it failed.
    assert_eq!(record.status(), TaskStatus::Failed);
    assert_eq!(bench.action(id).await, told("all", "repair", "Succeeded"));
}

#[tokio::test]
async fn a_letter_that_is_refused_for_good_stays_with_the_reason() {
    let somebody = Somebody::refusing(&[Refusal::ForGood]);
    let bench = Bench::with_rules(all(somebody.repair()));
    let id = bench.failed_with("1").await;
    bench.settle_for(6).await;
    assert_eq!(somebody.sent().len(), 1);
    assert_eq!(bench.listed_letters().await, [id]);
    let acted = bench.acted_on(id).await;
    let stands = acted[0].stands.as_ref().unwrap();
    assert_eq!(stands.status, "Failed");
    let error = stands.error.as_ref().unwrap();
    assert_eq!((&*error.code, &*error.message), ("NotWanted", "never"));
    // That the action failed is a dead letter for people, and none for rules.
    assert!(bench.acted_on(acted[0].task).await.is_empty());
}

#[tokio::test]
async fn a_task_is_replayed_so_often_and_then_stays_for_the_next_rule() {
    let somebody = Somebody::default();
    let bench = Bench::with_rules(Rules::new(vec![
        rule(
            "again",
            Matches::default(),
            replay(Duration::from_secs(60), 2),
        ),
        rule("tell", Matches::default(), somebody.told()),
    ]));
    let id = bench.failed_with("1").await;
    bench.sweep_once().await;
    // Not yet.
    assert!(bench.nothing_is_visible().await);
    bench.settle_for(10).await;
    let record = bench.record(id).await.unwrap();
    assert_eq!((record.status(), record.retries), (TaskStatus::Failed, 2));
    let acted = bench.acted_on(id).await;
    let actions: Vec<_> = acted.iter().map(|acted| &*acted.action).collect();
    assert_eq!(actions, ["replay", "replay", "mail"]);
    assert!(acted[0].failed_at < acted[1].failed_at);
    assert_eq!(bench.listed_letters().await, [id]);
    assert_eq!(somebody.sent().len(), 1);
}

#[tokio::test]
async fn a_message_that_names_no_task_is_repaired_and_listed_no_more() {
    let plain = r#"{"taskType":"certainTaskType"}"#;
    let in_a_string = serde_json::to_string(plain).unwrap();
    // As other programs wrap it.
    for message in [
        plain.to_owned(),
        format!("\u{feff}{plain}"),
        BASE64_STANDARD.encode(plain),
        BASE64_STANDARD.encode(&in_a_string),
        in_a_string,
    ] {
        repairs_a_message(&message).await;
    }
}

async fn repairs_a_message(message: &str) {
    let somebody = Somebody::default();
    let matches = Matches {
        input: vec![("/taskType".to_owned(), json!("certainTaskType"))],
        code: Some("UnreadableMessage".to_owned()),
        ..text(r#"{"taskType":"#)
    };
    let bench = Bench::with_rules(Rules::new(vec![
        // Nothing would have changed.
        rule("again", Matches::default(), replay(Duration::ZERO, 3)),
        rule("repair", matches, somebody.repair()),
    ]));
    bench
        .poison_queue
        .send(message, Duration::ZERO)
        .await
        .unwrap();
    bench.sweep_once().await;
    let listed = bench.listed_letters().await;
    assert_eq!(listed.len(), 1);
    bench.settle_for(2).await;
    let sent = somebody.sent();
    assert_eq!(sent.len(), 1, "{message}: {sent:?}");
    assert_eq!(sent[0].1["data"]["message"], message);
    assert!(sent[0].1["data"]["queue"].is_string());
    assert!(bench.listed_letters().await.is_empty());
    let letter = bench.tasks.dead_letter(listed[0]).await.unwrap().unwrap();
    assert!(letter.settled_at.is_some());
    assert_eq!(
        bench.action(listed[0]).await,
        told("repair", "repair", "Succeeded")
    );
}

#[tokio::test]
async fn a_text_of_a_rule_is_found_as_it_was_sent_as_well() {
    let somebody = Somebody::default();
    let message = BASE64_STANDARD.encode(r#"{"taskType":"certainTaskType"}"#);
    let bench = Bench::with_rules(Rules::new(vec![rule(
        "as-sent",
        text(&message[4..20]),
        somebody.repair(),
    )]));
    bench
        .poison_queue
        .send(&message, Duration::ZERO)
        .await
        .unwrap();
    bench.settle_for(2).await;
    assert_eq!(somebody.sent().len(), 1);
}

#[tokio::test]
async fn a_message_that_comes_back_after_its_repair_stays_settled() {
    let somebody = Somebody::default();
    let bench = Bench::with_rules(all(somebody.repair()));
    bench
        .poison_queue
        .send("hello", Duration::ZERO)
        .await
        .unwrap();
    // The sweep dies when the letter is stored, and its message is still there.
    bench.calls.fail(Call::DeleteMessage, Moment::Before);
    bench.sweep_once().await;
    bench.sweep_once().await;
    bench.deliver().await;
    assert!(bench.listed_letters().await.is_empty());
    bench.settle_for(3).await;
    assert_eq!(bench.messages().await, (0, 0));
    assert!(bench.listed_letters().await.is_empty());
    assert_eq!((somebody.sent().len(), bench.notes_of_due().await), (1, 0));
}

#[tokio::test]
async fn a_retry_that_is_taken_back_lets_nobody_act_again() {
    let somebody = Somebody::default();
    let bench = Bench::with_rules(all(somebody.repair()));
    let id = bench.failed_with("1").await;
    bench.settle_for(2).await;
    bench.calls.fail(Call::Send, Moment::Before);
    assert!(bench.tasks.retry(id).await.is_err());
    bench.settle_for(2).await;
    assert_eq!(
        (somebody.sent().len(), bench.acted_on(id).await.len()),
        (1, 1)
    );
}

#[tokio::test]
async fn what_is_no_dead_letter_any_more_is_not_acted_on() {
    let somebody = Somebody::default();
    let bench = Bench::with_rules(all(somebody.repair()));
    let (retried, deleted) = (bench.failed_with("1").await, bench.failed_with("2").await);
    bench.tasks.retry(retried).await.unwrap();
    bench.tasks.delete(deleted).await.unwrap();
    bench.sweep_once().await;
    // The one message there is is that of the retry.
    assert!(bench.receive().await.text.contains(&retried.to_string()));
    bench.clock.advance(LONG);
    bench.sweep_once().await;
    assert_eq!((bench.notes_of_due().await, somebody.sent().len()), (0, 0));
}
