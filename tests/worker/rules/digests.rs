//! What somebody is told of: each letter once, by a task that tells nobody else, and whoever is to repair others hangs.

use std::time::Duration;

use engine::limits::{REPAIRS, REPAIRS_IN_FRONT, RULE_PATIENCE};
use engine::{Matches, Outcome, Rules, Settings, TaskStatus};
use futures_util::future::join_all;
use ports::Clock;
use serde_json::json;

use super::{LONG, Somebody, all, rule, text, told};
use crate::helpers::calls::{Call, Moment};
use crate::helpers::eventually::eventually;
use crate::helpers::process::settings;
use crate::worker::bench::Bench;

const MINUTE: Duration = Duration::from_secs(60);

impl Bench {
    /// Lets the time come that is so long before the end of a quarter of an hour.
    fn advance_to_before_the_window_ends(&self, before: Duration) {
        let into = self.clock.now().unix_timestamp().rem_euclid(15 * 60);
        let left = Duration::from_secs(15 * 60 - u64::try_from(into).unwrap());
        self.clock.advance(left + 15 * MINUTE - before);
    }
}

#[tokio::test]
async fn a_digest_gives_nothing_away() {
    let somebody = Somebody::default();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let bench = Bench::with_rules(all(somebody.told()));
        let failed = bench.failed_with("1").await;
        bench.sweep_once().await;
        bench.deliver().await;
        let task = bench.acted_on(failed).await[0].task;
        assert_eq!(bench.result(task).await, r#"{"done":true}"#);
        // All processes come to the same id.
        let other = bench.ruled_process(all(somebody.told()));
        bench.failed_with("2").await;
        other.maintenance.sweep_beside_loop().await.unwrap();
        assert!(bench.nothing_is_visible().await);
        assert_eq!(bench.notes_of_due().await, 1);
        ids.push((task, bench.clock.now()));
    }
    // The rule and the window are the same, and are no help to whoever would guess it.
    let window = |(_, then): (_, ports::Timestamp)| then.unix_timestamp() / (15 * 60);
    assert_eq!(window(ids[0]), window(ids[1]));
    assert_ne!(ids[0].0, ids[1].0);
    assert_eq!(somebody.sent().len(), 2);
}

#[tokio::test]
async fn a_digest_of_many_needs_no_room_in_its_result() {
    let somebody = Somebody::default();
    let bench = Bench::with_rules(all(somebody.told()));
    for number in 0..40 {
        bench.failed_with(&number.to_string()).await;
    }
    let settings = Settings {
        max_result_bytes: 64,
        ..settings(4, true)
    };
    let process = bench.ruled_process_with(all(somebody.told()), settings);
    process.maintenance.sweep_beside_loop().await.unwrap();
    let outcome = process.consumer.process(bench.receive().await).await;
    assert_eq!(outcome, Outcome::Done);
    // What it told of is known all the same: a note that comes back is of nobody's letter.
    bench.settle_for(2).await;
    assert_eq!((somebody.sent().len(), bench.notes_of_due().await), (1, 0));
    assert_eq!(somebody.sent()[0].1["data"]["count"], 40);
}

#[tokio::test]
async fn what_an_older_release_has_told_is_not_told_again() {
    let somebody = Somebody::default();
    let bench = Bench::with_rules(all(somebody.told()));
    let id = bench.failed_with("1").await;
    let note = bench
        .store
        .list("fd-", None, 1)
        .await
        .unwrap()
        .items
        .remove(0);
    let stored = bench.store.read(&note.name).await.unwrap().unwrap();
    bench.settle_for(1).await;
    let task = bench.acted_on(id).await[0].task;
    // It kept the names in the result, and died before it had forgotten what was due.
    let told = format!("ft-{task}");
    assert!(bench.store.delete(&told, None).await.unwrap());
    let done = json!({ "done": true, "names": [&note.name] }).to_string();
    let mut succeeded = bench.records.read(task).await.unwrap().unwrap();
    succeeded.record.state = engine::TaskState::Succeeded {
        result: crate::worker::bench::json(&done),
    };
    assert!(bench.records.replace(&mut succeeded).await.unwrap());
    let document = ports::Document {
        head: note.head.unwrap(),
        body: stored.body,
    };
    bench.store.create(&note.name, &document).await.unwrap();
    bench.settle_for(2).await;
    assert_eq!((somebody.sent().len(), bench.notes_of_due().await), (1, 0));
}

#[tokio::test]
async fn a_letter_at_the_end_of_a_window_is_told_in_that_one_alone() {
    for dies in [false, true] {
        let somebody = Somebody::default();
        let bench = Bench::with_rules(all(somebody.told()));
        bench.advance_to_before_the_window_ends(MINUTE);
        let id = bench.failed_with("1").await;
        // The letter knows its task, which is about to be made.
        let held = bench.calls.hold(Call::Create, Moment::After);
        let noted = bench
            .calls
            .hold_after(Some(Call::Create), 1, Moment::Before);
        let mut sweep = Box::pin(bench.maintenance.sweep_beside_loop());
        tokio::select! {
            biased;
            _ = &mut sweep => panic!("it is held"),
            () = held.arrived() => {}
        }
        held.go_on();
        tokio::select! {
            biased;
            _ = &mut sweep => panic!("it is held"),
            () = noted.arrived() => {}
        }
        bench.calls.forget();
        bench.clock.advance(2 * MINUTE);
        let other = bench.ruled_process(all(somebody.told()));
        other.maintenance.sweep_beside_loop().await.unwrap();
        assert!(bench.nothing_is_visible().await, "another is about to tell");
        assert_eq!(bench.notes_of_due().await, 1);
        if dies {
            drop(sweep);
            bench.clock.advance(RULE_PATIENCE);
            other.maintenance.sweep_beside_loop().await.unwrap();
        } else {
            noted.go_on();
            sweep.await.unwrap();
            other.maintenance.sweep_beside_loop().await.unwrap();
        }
        for received in bench.consumer.receive(32).await.unwrap() {
            bench.consumer.process(received).await;
        }
        other.maintenance.sweep_beside_loop().await.unwrap();
        bench.clock.advance(LONG);
        other.maintenance.sweep().await.unwrap();
        assert_eq!(somebody.sent().len(), 1, "{dies}");
        assert_eq!(bench.notes_of_due().await, 0);
        assert_eq!(bench.action(id).await, told("all", "mail", "Succeeded"));
    }
}

#[tokio::test]
async fn whoever_gathers_for_longer_than_others_wait_leaves_it_to_them() {
    let somebody = Somebody::default();
    let bench = Bench::with_rules(all(somebody.told()));
    bench.advance_to_before_the_window_ends(14 * MINUTE);
    let id = bench.failed_with("1").await;
    // The key of ids is made first, and then the note.
    let held = bench.calls.hold_after(Some(Call::Create), 1, Moment::After);
    let mut sweep = Box::pin(bench.maintenance.sweep_beside_loop());
    tokio::select! {
        biased;
        _ = &mut sweep => panic!("it is held"),
        () = held.arrived() => {}
    }
    // Another window, too.
    bench.clock.advance(15 * MINUTE);
    let other = bench.ruled_process(all(somebody.told()));
    other.maintenance.sweep_beside_loop().await.unwrap();
    held.go_on();
    sweep.await.unwrap();
    assert_eq!(bench.messages().await, (1, 0));
    bench.settle_for(3).await;
    assert_eq!(somebody.sent().len(), 1);
    assert_eq!(bench.notes_of_due().await, 0);
    assert_eq!(bench.action(id).await, told("all", "mail", "Succeeded"));
}

#[tokio::test]
async fn whoever_has_gathered_for_long_does_so_again_and_others_wait_from_then_on() {
    let somebody = Somebody::default();
    let bench = Bench::with_rules(all(somebody.told()));
    bench.advance_to_before_the_window_ends(14 * MINUTE);
    let id = bench.failed_with("1").await;
    let held = bench.calls.hold_after(Some(Call::Create), 1, Moment::After);
    let slow = async {
        held.arrived().await;
        bench.clock.advance(6 * MINUTE);
        held.go_on();
    };
    let (swept, ()) = tokio::join!(bench.maintenance.sweep_beside_loop(), slow);
    swept.unwrap();
    assert_eq!(
        (bench.messages().await, bench.notes_of_due().await),
        ((0, 0), 1)
    );
    // It is noted anew, and then it is held once more, into the next window.
    let held = bench.calls.hold(Call::Create, Moment::Before);
    let mut sweep = Box::pin(bench.maintenance.sweep_beside_loop());
    tokio::select! {
        biased;
        _ = &mut sweep => panic!("it is held"),
        () = held.arrived() => {}
    }
    bench.clock.advance(9 * MINUTE);
    let other = bench.ruled_process(all(somebody.told()));
    other.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(bench.messages().await, (0, 0), "another is about to tell");
    held.go_on();
    sweep.await.unwrap();
    bench.settle_for(2).await;
    assert_eq!(somebody.sent().len(), 1);
    assert_eq!(bench.action(id).await, told("all", "mail", "Succeeded"));
}

#[tokio::test]
async fn repairs_that_hang_are_few_and_keep_nobody_from_being_told() {
    let (hangs, hears) = (Somebody::hanging(), Somebody::default());
    let bench = Bench::with_rules(Rules::new(vec![
        rule("repair", text("Ada"), hangs.repair()),
        rule("tell", Matches::default(), hears.told()),
    ]));
    let count = REPAIRS + REPAIRS_IN_FRONT + 20;
    let mut repaired = Vec::new();
    for _ in 0..count {
        repaired.push(bench.failed_with(r#""Ada""#).await);
    }
    bench.sweep_once().await;
    let mut received = Vec::new();
    while received.len() < count {
        received.extend(bench.consumer.receive(32).await.unwrap());
    }
    let works: Vec<_> = received
        .into_iter()
        .map(|one| {
            let consumer = bench.consumer.clone();
            tokio::spawn(async move { consumer.process(one).await })
        })
        .collect();
    eventually("as many are sent as may be", async || {
        (hangs.sent().len() == REPAIRS).then_some(())
    })
    .await;
    let told_of = bench.failed_with("1").await;
    bench.sweep_once().await;
    bench.deliver().await;
    assert_eq!(hears.sent().len(), 1);
    assert_eq!(
        bench.action(told_of).await,
        told("tell", "mail", "Succeeded")
    );
    assert_eq!(hangs.sent().len(), REPAIRS);

    hangs.answers.as_ref().unwrap().add_permits(count);
    let outcomes = join_all(works).await;
    let later = outcomes.iter().flatten();
    let later = later.filter(|outcome| matches!(outcome, Outcome::Again { .. }));
    assert_eq!(later.count(), 20);
    bench.clock.advance(MINUTE);
    for received in bench.consumer.receive(32).await.unwrap() {
        bench.consumer.process(received).await;
    }
    assert_eq!(hangs.sent().len(), count);
    for id in repaired {
        let task = bench.acted_on(id).await[0].task;
        let task = bench.record(task).await.unwrap();
        assert_eq!(task.status(), TaskStatus::Succeeded);
    }
}
