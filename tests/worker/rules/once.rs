//! What is done once: by several processes, by one that follows another that died, and for as long as there are
//! rules.

use std::collections::BTreeSet;
use std::time::Duration;

use engine::{Gauges, Matches, Rules, SubmitError, TaskStatus};
use serde_json::json;

use super::{LONG, Somebody, all, rule, text, told};
use crate::helpers::calls::{Call, Moment};
use crate::helpers::eventually::eventually;
use crate::worker::bench::Bench;

#[tokio::test]
async fn a_storm_is_told_in_a_few_pieces() {
    let somebody = Somebody::default();
    let bench = Bench::with_rules(all(somebody.told()));
    let mut ids = Vec::new();
    for number in 0..130 {
        ids.push(bench.failed_with(&number.to_string()).await);
    }
    // Sweeps of several processes.
    let other = bench.ruled_process(all(somebody.told()));
    let (one, two) = tokio::join!(
        bench.maintenance.sweep_beside_loop(),
        other.maintenance.sweep_beside_loop()
    );
    one.unwrap();
    two.unwrap();
    for received in bench.consumer.receive(32).await.unwrap() {
        bench.consumer.process(received).await;
    }
    let late = bench.failed_with(r#""late""#).await;
    // The window is not over.
    bench.sweep_once().await;
    assert!(bench.nothing_is_visible().await);
    assert_eq!((somebody.sent().len(), bench.notes_of_due().await), (1, 1));
    bench.settle_for(3).await;

    let sent = somebody.sent();
    assert_eq!(sent.len(), 2, "{sent:?}");
    let digest = &sent[0].1;
    assert_eq!(
        (&digest["type"], &digest["data"]["count"]),
        (&json!("dead-letters"), &json!(130))
    );
    let letters = digest["data"]["letters"].as_array().unwrap();
    assert_eq!(letters.len(), 100);
    assert_eq!(letters[0]["id"], ids[129].to_string());
    assert_eq!(letters[0]["error"]["code"], "NoHope");
    assert_eq!(sent[1].1["data"]["letters"][0]["id"], late.to_string());
    assert_eq!(bench.notes_of_due().await, 0);
    for id in [ids[0], ids[129], late] {
        assert_eq!(bench.action(id).await, told("all", "mail", "Succeeded"));
    }
    // Whoever is told has not mended anything.
    assert_eq!(bench.listed_letters().await.len(), 100);
}

#[tokio::test]
async fn a_death_at_any_call_costs_no_action_and_makes_none_twice() {
    let mut deaths = 0;
    for calls in 0.. {
        let (one, two) = (Somebody::default(), Somebody::default());
        let rules = || {
            Rules::new(vec![
                rule("repair", text("Ada"), one.repair()),
                rule("tell", Matches::default(), two.told()),
            ])
        };
        let bench = Bench::with_rules(rules());
        let (repaired, told_of) = (
            bench.failed_with(r#""Ada""#).await,
            bench.failed_with("1").await,
        );
        let held = bench.calls.hold_after(None, calls, Moment::After);
        let swept = async {
            bench.sweep_once().await;
            for received in bench.consumer.receive(32).await.unwrap() {
                bench.consumer.process(received).await;
            }
        };
        let has_died = tokio::select! {
            biased;
            () = swept => false,
            () = held.arrived() => true,
        };
        bench.calls.forget();
        deaths += usize::from(has_died);
        // Another process finds what is left.
        let other = bench.ruled_process(rules());
        for _ in 0..4 {
            bench.clock.advance(LONG);
            other.maintenance.sweep().await.unwrap();
        }
        for (somebody, id) in [(one, repaired), (two, told_of)] {
            let sent = somebody.sent();
            let ids: BTreeSet<_> = sent.iter().map(|(id, _)| id).collect();
            assert_eq!(ids.len(), 1, "after {calls} calls: {sent:?}");
            assert_eq!(bench.acted_on(id).await.len(), 1, "after {calls} calls");
        }
        assert_eq!(bench.notes_of_due().await, 0, "after {calls} calls");
        assert_eq!(
            bench.listed_letters().await,
            [told_of],
            "after {calls} calls"
        );
        if !has_died {
            break;
        }
    }
    assert!(deaths > 20, "{deaths}");
}

#[tokio::test]
async fn two_processes_that_come_to_one_action_send_one_message() {
    let somebody = Somebody::default();
    // The key of ids is made first; and who is told of a letter is noted with it before there is the task.
    for (action, creates) in [(somebody.repair(), 1), (somebody.told(), 2)] {
        for moment in [Moment::Before, Moment::After] {
            let bench = Bench::with_rules(all(action.clone()));
            let id = bench.failed_with("1").await;
            let held = bench.calls.hold_after(Some(Call::Create), creates, moment);
            let mut sweep = Box::pin(bench.maintenance.sweep_beside_loop());
            tokio::select! {
                biased;
                _ = &mut sweep => panic!("it is held"),
                () = held.arrived() => {}
            }
            let other = bench.ruled_process(all(action.clone()));
            other.maintenance.sweep_beside_loop().await.unwrap();
            held.go_on();
            sweep.await.unwrap();
            assert_eq!(bench.messages().await, (1, 0), "{action:?} {moment:?}");
            bench.deliver().await;
            assert_eq!(
                bench.action(id).await,
                told("all", action.name(), "Succeeded")
            );
            assert_eq!(bench.notes_of_due().await, 0);
        }
    }
    assert_eq!(somebody.sent().len(), 4);
}

#[tokio::test]
async fn what_a_rule_does_stays_when_its_message_is_refused_and_is_sent_by_a_sweep() {
    let somebody = Somebody::default();
    let bench = Bench::with_rules(all(somebody.repair()));
    let id = bench.failed_with("1").await;
    bench.calls.fail(Call::Send, Moment::Before);
    bench.sweep_once().await;
    assert_eq!(bench.messages().await, (0, 0));
    assert_eq!(bench.action(id).await, told("all", "repair", "NotStarted"));
    bench.clock.advance(LONG);
    bench.sweep_once().await;
    bench.deliver().await;
    assert_eq!(bench.action(id).await, told("all", "repair", "Succeeded"));
    assert_eq!(somebody.sent().len(), 1);
}

#[tokio::test]
async fn a_process_that_does_not_know_the_rule_leaves_its_task_to_one_that_does() {
    let somebody = Somebody::default();
    let bench = Bench::with_rules(all(somebody.repair()));
    let id = bench.failed_with("1").await;
    bench.sweep_once().await;
    // While a file is changed everywhere, some processes have the old one.
    let old = bench.ruled_process(Rules::new(vec![rule(
        "other",
        Matches::default(),
        Somebody::default().repair(),
    )]));
    old.consumer.process(bench.receive().await).await;
    let acted = bench.acted_on(id).await;
    let stands = acted[0].stands.as_ref().unwrap();
    assert_eq!(stands.status, "NotStarted");
    assert_eq!(stands.error.as_ref().unwrap().code, "UnknownRule");
    bench.clock.advance(LONG);
    bench.deliver().await;
    assert_eq!(somebody.sent().len(), 1);
    assert_eq!(bench.action(id).await, told("all", "repair", "Succeeded"));
}

#[tokio::test]
async fn a_process_without_rules_leaves_a_task_of_one_to_those_that_have_it() {
    let somebody = Somebody::default();
    let bench = Bench::with_rules(all(somebody.repair()));
    let id = bench.failed_with("1").await;
    bench.sweep_once().await;
    // It was started without the file, or before there was one.
    let without = bench.other_process();
    without.consumer.process(bench.receive().await).await;
    let acted = without.tasks.acted(id).await.unwrap();
    let stands = acted[0].stands.as_ref().unwrap();
    assert_eq!(stands.status, "NotStarted");
    assert_eq!(stands.error.as_ref().unwrap().code, "UnknownRule");
    for attempts in 2..10 {
        bench.clock.advance(LONG);
        without.consumer.process(bench.receive().await).await;
        let task = bench.record(acted[0].task).await.unwrap();
        assert_eq!(
            (task.status(), task.attempts),
            (TaskStatus::Queued, attempts)
        );
    }
    bench.clock.advance(LONG);
    bench.deliver().await;
    assert_eq!(somebody.sent().len(), 1);
    let acted = without.tasks.acted(id).await.unwrap();
    assert_eq!(acted[0].stands.as_ref().unwrap().status, "Succeeded");
}

#[tokio::test]
async fn what_waits_for_its_window_keeps_nothing_waiting_that_is_older() {
    let (one, two) = (Somebody::default(), Somebody::default());
    let bench = Bench::with_rules(Rules::new(vec![
        rule("repair", text("Ada"), one.repair()),
        rule("tell", Matches::default(), two.told()),
    ]));
    // The window has its mail.
    bench.failed_with("0").await;
    bench.sweep_once().await;
    bench.deliver().await;
    let repaired = bench.failed_with(r#""Ada""#).await;
    bench.failed_with("1").await;
    bench.more_notes_of_due(5_100).await;
    bench.sweep_once().await;
    assert_eq!(bench.acted_on(repaired).await.len(), 1);
    assert_eq!(
        bench.notes_of_due().await,
        100,
        "as many as one listing shows"
    );
    bench.deliver().await;
    assert_eq!((one.sent().len(), two.sent().len()), (1, 1));
}

#[tokio::test]
async fn rules_are_for_failures_from_when_they_are_there_on() {
    let somebody = Somebody::default();
    let bench = Bench::new();
    let before = bench.failed_with("1").await;
    let ruled = bench.ruled_process(all(somebody.repair()));
    ruled.maintenance.sweep_beside_loop().await.unwrap();
    assert!(bench.nothing_is_visible().await);
    assert!(ruled.tasks.acted(before).await.unwrap().is_empty());
    // A process without rules leaves alone what others have to do.
    let id = bench.submit("hopeless", "2").await;
    bench.calls.fail(Call::List, Moment::Before);
    ruled.consumer.process(bench.receive().await).await;
    tokio::task::yield_now().await;
    bench.calls.forget();
    bench.sweep_once().await;
    assert_eq!(
        (bench.notes_of_due().await, bench.status(id).await),
        (1, Some(TaskStatus::Failed))
    );
    assert!(bench.acted_on(id).await.is_empty());
}

#[tokio::test]
async fn a_process_that_sees_a_failure_acts_at_once() {
    let somebody = Somebody::default();
    let bench = Bench::with_rules(all(somebody.repair()));
    let id = bench.submit("hopeless", "1").await;
    bench.deliver().await;
    let received = eventually("the action comes", async || {
        bench.consumer.receive(1).await.unwrap().pop()
    });
    bench.consumer.process(received.await).await;
    assert_eq!(somebody.sent().len(), 1);
    assert_eq!(bench.action(id).await, told("all", "repair", "Succeeded"));
}

#[tokio::test]
async fn notes_go_when_their_time_is_over() {
    let somebody = Somebody::default();
    let bench = Bench::with_rules(all(somebody.repair()));
    let id = bench.failed_with("1").await;
    bench.settle_for(2).await;
    assert_eq!(bench.acted_on(id).await.len(), 1);
    // A rule that this process does not know is somebody else's.
    let other = bench.ruled_process(Rules::new(vec![rule(
        "other",
        Matches::default(),
        somebody.repair(),
    )]));
    bench.failed_with("2").await;
    other.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(bench.notes_of_due().await, 1);
    let retention = bench.process.engine.settings.retention;
    bench.clock.advance(retention + LONG);
    other.maintenance.sweep_beside_loop().await.unwrap();
    let notes = bench.store.list("f", None, 100).await.unwrap();
    assert!(notes.items.is_empty(), "{:?}", notes.items);
}

#[tokio::test]
async fn without_rules_a_failure_costs_what_it_did_and_a_sweep_as_well() {
    let bench = Bench::new();
    let (puts, lists) = (bench.calls.count(Call::Put), bench.calls.count(Call::List));
    bench.submit("hopeless", "1").await;
    bench.deliver().await;
    bench.sweep_once().await;
    assert_eq!(bench.calls.count(Call::Put) - puts, 1);
    assert_eq!(bench.calls.count(Call::List) - lists, 1);
}

#[tokio::test]
async fn a_death_between_a_note_and_its_record_is_no_failure_to_act_on() {
    let somebody = Somebody::default();
    let bench = Bench::with_rules(all(somebody.repair()));
    let id = bench.submit("hopeless", "1").await;
    bench.calls.fail(Call::Replace, Moment::Before);
    bench.deliver().await;
    assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
    bench.sweep_once().await;
    // It waits, for its record may be about to be written.
    assert_eq!(bench.notes_of_due().await, 1);
    assert!(bench.acted_on(id).await.is_empty());

    // The message comes back, and the task fails.
    bench.clock.advance(LONG);
    bench.settle_for(3).await;
    assert_eq!(bench.status(id).await, Some(TaskStatus::Failed));
    assert_eq!(somebody.sent().len(), 1);
    assert_eq!(bench.notes_of_due().await, 0);
    assert_eq!(bench.acted_on(id).await.len(), 1);
}

#[tokio::test]
async fn what_rules_have_to_do_is_done_while_the_queue_is_full() {
    let somebody = Somebody::default();
    let rules = all(somebody.repair());
    let bench = Bench::with_rules(rules.clone());
    bench.failed_with("1").await;
    let full = bench.full_process(rules);
    bench.submit("echo", "1").await;
    let refused = full.tasks.submit(bench.submission("echo", "1")).await;
    assert!(matches!(refused, Err(SubmitError::QueueFull)));
    bench
        .poison_queue
        .send("hello", Duration::ZERO)
        .await
        .unwrap();
    let swept = full.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!((swept.kept, bench.notes_of_due().await), (1, 0));
    // The task that was there, and what the rule does about either letter.
    assert_eq!(bench.messages().await, (3, 0));
    for received in bench.consumer.receive(32).await.unwrap() {
        bench.consumer.process(received).await;
    }
    bench.settle_for(2).await;
    assert_eq!((somebody.sent().len(), bench.notes_of_due().await), (2, 0));
}

#[tokio::test]
async fn a_sweep_that_fails_counts_what_it_has_done() {
    let somebody = Somebody::default();
    let bench = Bench::with_rules(all(somebody.repair()));
    bench
        .poison_queue
        .send("hello", Duration::ZERO)
        .await
        .unwrap();
    // The walk through the records.
    bench.calls.fail(Call::List, Moment::Before);
    assert!(bench.maintenance.sweep_beside_loop().await.is_err());
    let metrics = &bench.process.engine.metrics;
    let metrics = metrics.to_prometheus(&Gauges::default());
    assert!(metrics.contains("sweep_kept_total 1\n"), "{metrics}");
}
