//! A sweep that works off what the queue still holds.

use std::time::Duration;

use engine::limits::{HOST_QUIET_AFTER, VISIBILITY_TIMEOUT};
use engine::{Outcome, Swept, TaskStatus};

use super::bench::Bench;
use crate::helpers::calls::{Call, Held, Moment};
use crate::helpers::eventually::eventually;
use crate::helpers::process::RETENTION;
use crate::helpers::queues::delete;

#[tokio::test]
async fn one_bad_message_in_a_page_does_not_stop_the_others() {
    let bench = Bench::new();
    let mut ids = Vec::new();
    for number in 0..50 {
        ids.push(bench.submit("echo", &number.to_string()).await);
        if number == 10 {
            bench.queue.send("hello", Duration::ZERO).await.unwrap();
            bench.submit("panics", "0").await;
        }
    }
    assert_eq!(
        bench.maintenance.sweep().await.unwrap(),
        Swept {
            drained: 52,
            ..Swept::default()
        }
    );
    for id in ids {
        assert_eq!(bench.status(id).await, Some(TaskStatus::Succeeded));
    }
    // The panic is tried again; the bad message is to be looked at.
    assert_eq!(bench.messages().await, (1, 1));
}

#[tokio::test]
async fn a_sweep_leaves_a_queue_to_a_host_until_that_is_quiet() {
    let bench = Bench::new();
    let drained = async || bench.maintenance.sweep().await.unwrap().drained;
    bench.submit("waits", "1").await;
    let delivery = bench.receive().await;
    let hosted = async {
        let outcome = bench.consumer.run(&delivery).await;
        let settled = bench.consumer.settle_for_host(&delivery, outcome).await;
        assert!(settled.is_ok());
        assert!(delete(&*bench.queue, &delivery).await);
    };
    let sweeps = async {
        eventually("it works", async || (bench.kinds.runs() == 1).then_some(())).await;
        bench.submit("echo", "2").await;
        // However long the host's attempt lasts.
        bench.clock.advance(HOST_QUIET_AFTER * 2);
        assert_eq!(drained().await, 0);
        bench.kinds.open_gate();
    };
    tokio::join!(hosted, sweeps);
    assert_eq!(drained().await, 1);

    bench.submit("echo", "3").await;
    let delivery = bench.receive().await;
    assert_eq!(bench.consumer.run(&delivery).await, Outcome::Done);
    assert!(delete(&*bench.queue, &delivery).await);
    bench.submit("echo", "4").await;
    bench
        .clock
        .advance(HOST_QUIET_AFTER - Duration::from_millis(1));
    assert_eq!(drained().await, 0);
    bench.clock.advance(Duration::from_millis(1));
    assert_eq!(drained().await, 1);
}

#[tokio::test]
async fn a_sweep_takes_no_more_than_it_has_slots_for() {
    let bench = Bench::with_slots(2);
    for _ in 0..5 {
        bench.submit("waits", "1").await;
    }
    let looks = async {
        eventually("both slots are taken", async || {
            (bench.kinds.runs() == 2).then_some(())
        })
        .await;
        let left = bench.queue.receive(32, Duration::ZERO).await.unwrap();
        assert_eq!(left.len(), 3);
        // Nor one more, while there is none.
        let none = bench.process.maintenance.sweep().await.unwrap();
        assert_eq!(none.drained, 0);
        bench.kinds.open_gate();
    };
    let (swept, ()) = tokio::join!(bench.maintenance.sweep(), looks);
    assert_eq!(swept.unwrap().drained, 5);
    assert_eq!(bench.kinds.runs(), 5);
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_sweep_beside_a_loop_leaves_the_queue_to_it() {
    let bench = Bench::new();
    bench.submit("echo", "1").await;
    assert_eq!(
        bench.maintenance.sweep_beside_loop().await.unwrap(),
        Swept::default()
    );
    assert_eq!(bench.messages().await, (1, 0));
    assert_eq!(bench.kinds.runs(), 0);
}

#[tokio::test]
async fn a_sweep_of_nothing_does_nothing() {
    let bench = Bench::new();
    assert_eq!(bench.maintenance.sweep().await.unwrap(), Swept::default());
}

#[tokio::test]
async fn two_sweeps_at_once_bury_and_prune_everything_once() {
    let bench = Bench::new();
    let other = bench.other_process();
    let mut old = Vec::new();
    for number in 0..40 {
        old.push(bench.submit("echo", &number.to_string()).await);
    }
    bench.maintenance.sweep().await.unwrap();
    bench.clock.advance(RETENTION + Duration::from_secs(1));
    let mut given_up = Vec::new();
    for number in 0..30 {
        let id = bench.submit("echo", &number.to_string()).await;
        given_up.push(id);
        let received = bench.receive().await;
        bench
            .poison_queue
            .send(&received.text, Duration::ZERO)
            .await
            .unwrap();
        assert!(delete(&*bench.queue, &received).await);
    }

    // Both have listed the same records before either deletes one.
    let listed = [(); 2].map(|()| bench.calls.hold(Call::List, Moment::After));
    let go_on = async {
        for held in &listed {
            held.arrived().await;
        }
        listed.iter().for_each(Held::go_on);
    };
    let (one, two, ()) = tokio::join!(
        bench.maintenance.sweep_beside_loop(),
        other.maintenance.sweep_beside_loop(),
        go_on
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.buried + two.buried, given_up.len());
    assert_eq!(one.pruned + two.pruned, old.len());
    assert_eq!(bench.ended() + other.ended(), 40 + 30);
    for id in given_up {
        assert_eq!(bench.status(id).await, Some(TaskStatus::Failed));
    }
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_sweep_that_died_after_a_burial_is_carried_on_by_the_next() {
    let bench = Bench::new();
    let other = bench.other_process();
    let id = bench.submit("echo", "1").await;
    let received = bench.receive().await;
    let text = &received.text;
    bench.poison_queue.send(text, Duration::ZERO).await.unwrap();
    // Received, and then the first call to delete it.
    let died = bench
        .calls
        .hold_after(Some(Call::Poison), 1, Moment::Before);
    tokio::select! {
        _ = bench.maintenance.sweep_beside_loop() => panic!("it did not die"),
        () = died.arrived() => {}
    }
    assert_eq!(bench.status(id).await, Some(TaskStatus::Failed));
    bench.clock.advance(VISIBILITY_TIMEOUT);
    other.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(bench.ended() + other.ended(), 1);
    assert_eq!(bench.messages().await, (1, 0));
}

#[tokio::test]
async fn a_burial_against_a_result_ends_the_task_once() {
    let bench = Bench::new();
    let other = bench.other_process();
    // The one who is held before its write loses.
    for sweep_is_late in [true, false] {
        let id = bench.submit("flaky", r#"{"failures":0}"#).await;
        let received = bench.receive().await;
        let text = &received.text;
        bench.poison_queue.send(text, Duration::ZERO).await.unwrap();
        let ended = bench.ended() + other.ended();
        let held = bench.calls.hold(Call::Replace, Moment::Before);
        let work = other.consumer.process(received);
        let sweep = bench.maintenance.sweep_beside_loop();
        let (outcome, swept) = if sweep_is_late {
            let overtaken = async {
                held.arrived().await;
                let outcome = work.await;
                held.go_on();
                outcome
            };
            tokio::join!(overtaken, sweep)
        } else {
            let overtaken = async {
                held.arrived().await;
                let swept = sweep.await;
                held.go_on();
                swept
            };
            tokio::join!(work, overtaken)
        };
        assert_eq!(outcome, Outcome::Done);
        assert_eq!(swept.unwrap().buried, 1);
        let status = bench.status(id).await.unwrap();
        assert_eq!(status == TaskStatus::Succeeded, sweep_is_late);
        assert_eq!(bench.ended() + other.ended(), ended + 1);
        assert_eq!(bench.messages().await, (0, 0));
    }
}

#[tokio::test]
async fn a_record_that_storage_refuses_does_not_stop_the_sweep() {
    let bench = Bench::new();
    for number in 0..2 {
        bench.submit("echo", &number.to_string()).await;
        bench.deliver().await;
    }
    bench.clock.advance(RETENTION);
    for number in 0..30 {
        bench.submit("echo", &number.to_string()).await;
    }
    bench.lose_messages().await;
    bench.clock.advance(RETENTION);
    bench.calls.refuse(Call::Read);
    bench.calls.refuse(Call::DeleteRecord);

    let swept = bench.maintenance.sweep_beside_loop().await.unwrap();

    assert_eq!((swept.rescued, swept.pruned), (29, 1));
    let swept = bench.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(swept.pruned, 1);
}
