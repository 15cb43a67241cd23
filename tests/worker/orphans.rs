//! What instances leave behind that are gone, on the embedded store and on Azurite: a sweep deletes it.

use std::sync::Arc;
use std::time::Duration;

use backends::SystemClock;
use backends::azure::Azure;
use backends::embedded::Embedded;
use engine::limits::{ORPHAN_LOOKS, ORPHANED_AFTER, SWEEP_PAGE};
use engine::{Begun, Submission, Swept, TaskId};
use ports::{Clock, Document, Head, Queues, Step, Tallies, TaskStore};
use serde_json::value::RawValue;
use tempfile::TempDir;

use crate::helpers::azurite::azurite;
use crate::helpers::calls::{Call, Calls, Moment};
use crate::helpers::clock::ManualClock;
use crate::helpers::kinds::TestKinds;
use crate::helpers::memory::Memory;
use crate::helpers::process::{Process, Storage};
use crate::helpers::queues;

/// Azure dates blobs by whole seconds, and by a clock of its own.
const WITHIN: Duration = Duration::from_secs(5);

/// A process over some storage, which a test looks into beside it.
struct Place {
    clock: Arc<ManualClock>,
    store: Arc<dyn TaskStore>,
    tallies: Arc<dyn Tallies>,
    calls: Calls,
    process: Process,
    _folder: Option<TempDir>,
}

impl Place {
    fn embedded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new());
        let embedded = Embedded::open(folder.path(), clock.clone()).unwrap();
        let stores = (embedded.tasks(), embedded.tallies());
        Self::over(clock, stores, Arc::new(embedded), "tasks", Some(folder))
    }

    async fn azurite() -> Self {
        let name = format!("t{}", uuid::Uuid::new_v4().simple());
        let azure = Azure::new(&azurite().account(), &name).unwrap();
        let clock = Arc::new(ManualClock::new());
        clock.advance((SystemClock.now() - clock.now()).unsigned_abs());
        let stores = (azure.tasks(), azure.tallies());
        stores.0.prepare().await.unwrap();
        let queues: Arc<dyn Queues> = Arc::new(azure);
        let queue = queues::name(&name);
        queues.open(&queue).prepare().await.unwrap();
        queues.open_dead_letters(&queue).prepare().await.unwrap();
        Self::over(clock, stores, queues, &name, None)
    }

    async fn both() -> [Self; 2] {
        [Self::embedded(), Self::azurite().await]
    }

    fn memory() -> Self {
        let clock = Arc::new(ManualClock::new());
        let memory = Memory::new(clock.clone());
        let stores: (Arc<dyn TaskStore>, _) = (memory.clone(), memory.tallies());
        Self::over(clock, stores, memory, "tasks", None)
    }

    fn over(
        clock: Arc<ManualClock>,
        (store, tallies): (Arc<dyn TaskStore>, Arc<dyn Tallies>),
        queues: Arc<dyn Queues>,
        queue: &str,
        folder: Option<TempDir>,
    ) -> Self {
        let calls = Calls::default();
        let storage = Storage {
            clock: clock.clone(),
            store: calls.store(store.clone()),
            tallies: calls.tallies(tallies.clone()),
            queues,
            queue: queues::name(queue),
        };
        Self {
            process: storage.process(&TestKinds::default(), 4, true),
            clock,
            store,
            tallies,
            calls,
            _folder: folder,
        }
    }

    /// A sweep deletes so many, and does nothing else.
    async fn prunes(&self, pruned: usize) {
        let expected = Swept {
            pruned,
            ..Swept::default()
        };
        let swept = self.process.maintenance.sweep_beside_loop().await.unwrap();
        assert_eq!(swept, expected);
    }

    async fn write(&self, name: &str, kind: &str, status: &str) {
        let head = Head {
            kind: kind.to_owned(),
            status: status.to_owned(),
            created_at: self.clock.now(),
            updated_at: self.clock.now(),
            attempts: 0,
            error: None,
            further: None,
        };
        let body = "1".into();
        let document = &Document { head, body };
        let step = Step::Put { name, document };
        self.store.write(&[step]).await.unwrap();
    }

    async fn write_part(&self, name: &str) {
        self.write(name, "part", "part").await;
    }

    async fn has(&self, name: &str) -> bool {
        self.store.read(name).await.unwrap().is_some()
    }

    async fn has_tally(&self, name: &str) -> bool {
        self.tallies.count(name).await.unwrap().is_some()
    }

    fn new_id(&self) -> TaskId {
        self.process.tasks.new_id()
    }

    fn submission(&self) -> Submission {
        let input = RawValue::from_string(r#"{"number":3}"#.to_owned()).unwrap();
        Submission::new(self.new_id(), "flow-chain", input)
    }

    async fn work(&self) {
        let consumer = &self.process.consumer;
        loop {
            let page = consumer.receive(32).await.unwrap();
            if page.is_empty() {
                return;
            }
            for received in page {
                consumer.process(received).await;
            }
        }
    }

    async fn begin(&self, name: &str) -> TaskId {
        let workflows = &self.process.engine.workflows;
        match workflows
            .begin_named(name, self.submission())
            .await
            .unwrap()
        {
            Begun::New(record) => record.id,
            Begun::Runs(record) => panic!("it runs: {record:?}"),
        }
    }
}

#[tokio::test]
async fn parts_and_tallies_of_no_record_go_when_they_are_old() {
    for place in Place::both().await {
        let here = place.begin("mine").await;
        place.work().await;
        let (gone, none) = (place.new_id(), place.new_id());
        let of_gone = [format!("x-{gone}-s1.0"), format!("x-{gone}-e7")];
        for part in of_gone.iter().chain([&format!("x-{here}-s1.0")]) {
            place.write_part(part).await;
        }
        for id in [gone, none, here] {
            let tally = format!("x-{id}-t1.0");
            place.tallies.open(&tally).await.unwrap();
            place.tallies.add(&tally, "{}").await.unwrap();
        }
        // What somebody else keeps there.
        let theirs = [
            (format!("x-{gone}-theirs"), "echo"),
            ("x-ray".to_owned(), "part"),
            (format!("x-{gone}"), "part"),
        ];
        for (name, kind) in &theirs {
            place.write(name, kind, "part").await;
        }
        place.clock.advance(ORPHANED_AFTER - WITHIN);
        place.prunes(0).await;
        let reads = place.calls.count(Call::Read);

        place.clock.advance(WITHIN * 2);
        place.prunes(4).await;

        for part in &of_gone {
            assert!(!place.has(part).await, "{part}");
        }
        assert!(place.has(&format!("x-{here}-s1.0")).await);
        for (id, is_there) in [(gone, false), (none, false), (here, true)] {
            assert_eq!(place.has_tally(&format!("x-{id}-t1.0")).await, is_there);
        }
        for (name, _) in &theirs {
            assert!(place.has(name).await, "{name}");
        }
        // One for each that is not there, and two for the name: the record of the third is on the page.
        assert_eq!(place.calls.count(Call::Read) - reads, 4);
        place.prunes(0).await;
        assert_eq!(place.calls.count(Call::Read) - reads, 6);
    }
}

#[tokio::test]
async fn a_name_goes_whose_instance_is_gone() {
    for place in Place::both().await {
        let [mine, other] = [place.begin("mine").await, place.begin("other").await];
        place.work().await;
        // Whoever deleted it died before it came to the name.
        assert!(place.store.delete(&mine.text(), None).await.unwrap());
        place.clock.advance(ORPHANED_AFTER - WITHIN);
        place.prunes(0).await;
        place.clock.advance(WITHIN * 2);
        place.prunes(1).await;

        let workflows = &place.process.engine.workflows;
        assert!(workflows.named("mine").await.unwrap().is_none());
        let kept = workflows.named("other").await.unwrap().unwrap();
        assert_eq!(kept.record.id, other);
        assert_ne!(place.begin("mine").await, mine);
    }
}

#[tokio::test]
async fn what_an_instance_writes_that_begins_meanwhile_is_kept() {
    let place = Place::embedded();
    let part = format!("x-{}-s1.0", place.new_id());
    place.write_part(&part).await;
    place.clock.advance(ORPHANED_AFTER);
    let held = place.calls.hold(Call::DeleteRecord, Moment::Before);
    tokio::join!(place.prunes(0), async {
        held.arrived().await;
        place.write_part(&part).await;
        held.go_on();
    });
    assert!(place.has(&part).await);
}

#[tokio::test]
async fn a_pass_looks_for_so_many_and_each_round_goes_on_where_the_one_before_ended() {
    let place = Place::memory();
    let ids: Vec<_> = (0..ORPHAN_LOOKS * 2 + 3).map(|_| place.new_id()).collect();
    for id in &ids {
        place.write(&id.text(), "echo", "succeeded").await;
        place.write_part(&format!("x-{id}-s1.0")).await;
    }
    // The parts are on another page than the records.
    for number in 0..SWEEP_PAGE {
        place
            .write(&format!("m-{number:05}"), "theirs", "theirs")
            .await;
    }
    // Behind all others.
    let gone = "x-ffffffff-ffff-7fff-bfff-ffffffffffff-s1.0";
    place.write_part(gone).await;
    place.clock.advance(ORPHANED_AFTER);
    // The records have ended: nothing but the parts costs a look.
    let looks = ORPHAN_LOOKS as u64;
    for (pruned, looked) in [(0, looks), (0, looks * 2), (1, looks * 2 + 4)] {
        let swept = place.process.maintenance.sweep_beside_loop().await.unwrap();
        assert_eq!(swept.pruned, pruned);
        assert_eq!(place.calls.count(Call::Read), looked);
    }
    assert!(!place.has(gone).await);
    // From the beginning.
    place.process.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(place.calls.count(Call::Read), looks * 3 + 4);
}
