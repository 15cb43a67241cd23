//! Instances that go on from their failure, with those of their own that have failed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::{Operated, TaskId, TaskStatus};
use serde::Serialize;
use work::workflow::{Flow, Workflow, callee};
use work::{Context, Failure, Kind, Kinds, any};

use super::bench::Bench;
use super::dying::Death;
use super::steps::{at_once, kinds};

/// What happens before the doors, and which of those are closed.
#[derive(Clone, Default)]
struct House {
    closed: Arc<Mutex<BTreeSet<u64>>>,
    rung: Arc<Mutex<BTreeMap<u64, u32>>>,
}

struct Bell(House);

impl Kind for Bell {
    type Input = u64;
    type Output = u64;

    async fn run(&self, door: u64, _: &Context) -> Result<u64, Failure> {
        *self.0.rung.lock().unwrap().entry(door).or_default() += 1;
        Ok(door)
    }
}

struct Door(House);

impl Kind for Door {
    type Input = u64;
    type Output = u64;

    async fn run(&self, door: u64, _: &Context) -> Result<u64, Failure> {
        match self.0.closed.lock().unwrap().contains(&door) {
            true => Err(Failure::permanent("Closed", "nobody is in")),
            false => Ok(door * 10),
        }
    }
}

struct Visit;

impl Workflow for Visit {
    type Input = u64;
    type Output = u64;

    async fn run(&self, flow: Flow, door: u64) -> Result<u64, Failure> {
        let door = flow.call(callee::kind::<Bell>(), &door).await?;
        Ok(flow.call(callee::kind::<Door>(), &door).await?)
    }
}

struct Alone;

impl Workflow for Alone {
    type Input = u64;
    type Output = u64;

    async fn run(&self, flow: Flow, door: u64) -> Result<u64, Failure> {
        Ok(flow.call(callee::workflow::<Visit>(), &door).await?)
    }
}

struct Round;

impl Workflow for Round {
    type Input = Vec<u64>;
    type Output = Vec<u64>;

    async fn run(&self, flow: Flow, doors: Vec<u64>) -> Result<Vec<u64>, Failure> {
        let all = flow.all(callee::workflow::<Visit>(), doors);
        Ok(all.or_first_failure().await?)
    }
}

/// One that fails beside one that waits.
struct Beside;

impl Workflow for Beside {
    type Input = u64;
    type Output = u64;

    async fn run(&self, flow: Flow, door: u64) -> Result<u64, Failure> {
        let fails = flow.call(callee::workflow::<Visit>(), &door);
        let waits = flow.call(callee::workflow::<Guest>(), &door);
        let (fails, waits) = (fails.await?, waits.await?);
        Ok(fails + waits)
    }
}

/// Rings when it is let in.
struct Guest;

impl Workflow for Guest {
    type Input = u64;
    type Output = u64;

    async fn run(&self, flow: Flow, door: u64) -> Result<u64, Failure> {
        flow.event::<u64>("Let").await?;
        Ok(flow.call(callee::kind::<Bell>(), &(door + 1)).await?)
    }
}

/// One that is a step of one that is a step.
struct Host;

impl Workflow for Host {
    type Input = u64;
    type Output = u64;

    async fn run(&self, flow: Flow, door: u64) -> Result<u64, Failure> {
        Ok(flow.call(callee::workflow::<Alone>(), &door).await?)
    }
}

impl House {
    fn kinds(&self) -> Kinds {
        kinds()
            .with("bell", any::of(Bell(self.clone())), at_once())
            .with("door", any::of(Door(self.clone())), at_once())
            .with("visit", any::of_workflow(Visit), at_once())
            .with("alone", any::of_workflow(Alone), at_once())
            .with("round", any::of_workflow(Round), at_once())
            .with("beside", any::of_workflow(Beside), at_once())
            .with("guest", any::of_workflow(Guest), at_once())
            .with("host", any::of_workflow(Host), at_once())
    }

    fn closed(doors: &[u64]) -> Self {
        let house = Self::default();
        house.closed.lock().unwrap().extend(doors);
        house
    }

    /// An instance that has failed at a closed door.
    async fn shut_out(&self, kind: &str, input: impl Serialize) -> (Bench, TaskId) {
        let bench = Bench::new(self.kinds());
        let id = bench.start(kind, input).await;
        assert_eq!(bench.failure(id).await.0, "Closed");
        (bench, id)
    }

    fn opens(&self) {
        self.closed.lock().unwrap().clear();
    }

    fn rung(&self) -> Vec<(u64, u32)> {
        let rung = self.rung.lock().unwrap();
        rung.iter().map(|(door, times)| (*door, *times)).collect()
    }
}

impl Bench {
    async fn retried(&self, id: TaskId) {
        let retried = self.engine.tasks.retry(id).await.unwrap();
        assert!(matches!(retried, Operated::Done(_)), "{retried:?}");
    }

    /// The only other instance of this status.
    async fn other(&self, id: TaskId, status: TaskStatus) -> TaskId {
        let all = self.store.list("0", None, 100).await.unwrap().items;
        let is_it = |listed: &&ports::Listed| {
            let head = listed.head.as_ref();
            head.is_some_and(|head| head.status == status.as_str()) && listed.name != id.to_string()
        };
        let others: Vec<_> = all.iter().filter(is_it).collect();
        let [other] = &others[..] else {
            panic!("{all:#?}");
        };
        other.name.parse().unwrap()
    }
}

#[tokio::test]
async fn a_failed_instance_goes_on_with_its_own_that_has_failed() {
    let house = House::closed(&[7]);
    let (bench, id) = house.shut_out("alone", 7).await;
    let own = bench.other(id, TaskStatus::Failed).await;
    house.opens();
    bench.retried(id).await;
    assert_eq!(bench.result(id).await, "70");
    assert_eq!(bench.result(own).await, "70");
    assert_eq!(bench.record(own).await.retries, 1);
    assert_eq!(house.rung(), [(7, 1)]);
    assert_eq!(bench.messages().await, 0);
}

#[tokio::test]
async fn those_of_a_fan_out_that_have_failed_go_on_and_no_other() {
    let house = House::closed(&[2, 4]);
    let (bench, id) = house.shut_out("round", [1, 2, 3, 4]).await;
    // Another round is no better.
    bench.retried(id).await;
    assert_eq!(bench.failure(id).await.0, "Closed");
    house.opens();
    bench.retried(id).await;
    assert_eq!(bench.result(id).await, "[10,20,30,40]");
    assert_eq!(house.rung(), [(1, 1), (2, 1), (3, 1), (4, 1)]);
    assert_eq!(bench.messages().await, 0);
}

#[tokio::test]
async fn one_that_went_on_by_itself_is_taken_as_it_is() {
    let house = House::closed(&[7]);
    let (bench, id) = house.shut_out("alone", 7).await;
    let own = bench.other(id, TaskStatus::Failed).await;
    house.opens();
    bench.retried(own).await;
    assert_eq!(bench.result(own).await, "70");
    bench.settle().await;
    assert!(bench.record(id).await.status().is_terminal());
    bench.retried(id).await;
    assert_eq!(bench.result(id).await, "70");
    assert_eq!(bench.record(own).await.retries, 1);
    assert_eq!(house.rung(), [(7, 1)]);
}

#[tokio::test]
async fn one_that_failed_and_is_to_go_on_does_not_when_all_is_canceled_before() {
    let house = House::closed(&[7]);
    let (bench, id) = house.shut_out("alone", 7).await;
    let own = bench.other(id, TaskStatus::Failed).await;
    house.opens();
    bench.retried(id).await;
    // The turn of the one that waits, which sends the message of its own.
    assert_eq!(bench.work().await, 1);
    let of_its_own = bench.engine.consumers[0].receive(32).await.unwrap();
    bench.cancel(id).await;
    bench.settle().await;
    for message in of_its_own {
        bench.engine.consumers[0].process(message).await;
    }
    bench.settle().await;
    assert_eq!(bench.record(own).await.status(), TaskStatus::Canceled);
    assert_eq!(bench.record(id).await.status(), TaskStatus::Canceled);
    assert_eq!(bench.messages().await, 0);
}

#[tokio::test]
async fn one_that_still_ran_when_the_other_failed_does_not_go_on_when_all_is_canceled() {
    let house = House::closed(&[7]);
    let (bench, id) = house.shut_out("beside", 7).await;
    bench.settle().await;
    let guest = bench.other(id, TaskStatus::Running).await;
    bench.retried(id).await;
    assert_eq!(bench.work().await, 1);
    let of_its_own = bench.engine.consumers[0].receive(32).await.unwrap();
    assert_eq!(of_its_own.len(), 2);
    bench.cancel(id).await;
    bench.settle().await;
    assert_eq!(bench.record(guest).await.status(), TaskStatus::Canceled);
    for message in of_its_own {
        bench.engine.consumers[0].process(message).await;
    }
    bench.settle().await;
    assert_eq!(bench.record(guest).await.status(), TaskStatus::Canceled);
    assert_eq!(bench.messages().await, 0);
}

#[tokio::test]
async fn one_that_was_canceled_before_it_began_does_nothing_and_begins_in_another_round() {
    let house = House::default();
    let bench = Bench::new(house.kinds());
    let id = bench.start("host", 7).await;
    // The first turn, and that of the one in the middle.
    assert_eq!(bench.work().await, 1);
    let consumer = &bench.engine.consumers[0];
    let middle = consumer.receive(32).await.unwrap();
    let [message] = &middle[..] else {
        panic!("{middle:?}");
    };
    let middle_id = serde_json::from_str::<serde_json::Value>(&message.text).unwrap()["id"].clone();
    let middle_id: TaskId = middle_id.as_str().unwrap().parse().unwrap();
    for message in middle {
        consumer.process(message).await;
    }
    let mut last = consumer.receive(32).await.unwrap();
    bench.cancel(middle_id).await;
    assert_eq!(bench.failure(id).await.0, "Canceled");
    // It has waited in the queue for longer than an instance is not looked at.
    for message in &mut last {
        message.inserted_at = message.inserted_at.map(|at| at - Duration::from_secs(60));
    }
    for message in last {
        consumer.process(message).await;
    }
    bench.settle().await;
    assert_eq!(house.rung(), []);
    bench.retried(id).await;
    assert_eq!(bench.result(id).await, "70");
    assert_eq!(house.rung(), [(7, 1)]);
    assert_eq!(bench.messages().await, 0);
}

#[tokio::test]
async fn one_that_is_under_way_is_not_begun_again() {
    let house = House::closed(&[7]);
    let bench = Bench::new(house.kinds());
    let id = bench.start("beside", 8).await;
    bench.settle().await;
    let guest = bench.other(id, TaskStatus::Running).await;
    bench.send_again(id).await;
    assert_eq!(bench.work().await, 1);
    assert_eq!(bench.messages().await, 0);
    bench.raise(guest, "Let", 1).await;
    assert_eq!(bench.result(id).await, "89");
    assert_eq!(house.rung(), [(8, 1), (9, 1)]);
}

#[tokio::test]
async fn another_round_survives_any_death() {
    for is_stepwise in [false, true] {
        for is_done in [false, true] {
            for calls in 0.. {
                let death = Death::at(calls, is_done);
                let house = House::closed(&[2]);
                let (bench, id) = house.shut_out("round", [1, 2]).await;
                house.opens();
                bench.retried(id).await;
                let bench = bench.dying(house.kinds(), &death, is_stepwise);
                tokio::select! {
                    () = death.dead.cancelled() => {}
                    _ = bench.ended(id) => bench.settle_unless(&death.dead).await,
                }
                let bench = bench.restarted(house.kinds());
                assert_eq!(bench.result(id).await, "[10,20]", "{death:?}");
                bench.settle().await;
                assert_eq!(house.rung(), [(1, 1), (2, 1)], "{death:?}");
                assert_eq!(bench.messages().await, 0, "{death:?}");
                if !death.dead.is_cancelled() {
                    break;
                }
            }
        }
    }
}
