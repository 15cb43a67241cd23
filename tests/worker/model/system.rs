//! Plays a history: two processes of the real domain over one storage, with its calls and its clock in
//! our hands.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use engine::Records;
use ports::{Clock, Delivery, Queue};
use proptest_state_machine::StateMachineTest;
use tokio::runtime::{Builder, Runtime};

use super::ledger::Entry;
use super::script::{Act, Script, Step};
use crate::helpers::calls::Calls;
use crate::helpers::clock::ManualClock;
use crate::helpers::kinds::TestKinds;
use crate::helpers::memory::Memory;
use crate::helpers::process::{Process, Storage};
use crate::helpers::queues::{self, TestQueues, delete, length};

/// Longer than any message is hidden or put off.
const QUIET: Duration = Duration::from_secs(200);

/// Enough for a queue to move on past what was lost, for all attempts at that, and for the burial.
const QUIET_ROUNDS: usize = 20;

pub(super) struct System {
    runtime: Runtime,
    world: World,
}

pub(super) struct World {
    clock: Arc<ManualClock>,
    calls: Calls,
    storage: Storage,
    kinds: TestKinds,
    pub(super) processes: [Process; 2],
    /// The storage itself, where no call is seen.
    records: Records,
    queue: Arc<dyn Queue>,
    poison_queue: Arc<dyn Queue>,
    /// Received, and not worked on yet.
    pub(super) taken: RefCell<Vec<Delivery>>,
    pub(super) ledger: RefCell<Vec<Entry>>,
    /// Nobody has died, let a message lie or cleared the queue: nothing can be lost.
    pub(super) is_calm: Cell<bool>,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new());
        let calls = Calls::default();
        let memory = Memory::new(clock.clone());
        let storage = Storage {
            clock: clock.clone(),
            store: calls.store(memory.clone()),
            tallies: calls.tallies(memory.tallies()),
            queues: calls.queues(memory.clone()),
            queue: queues::tasks(),
        };
        let kinds = TestKinds::default();
        Self {
            processes: [(); 2].map(|()| storage.process(&kinds, 4, true)),
            records: Records::new(memory.clone(), clock.clone()),
            clock,
            calls,
            storage,
            kinds,
            queue: memory.queue(),
            poison_queue: memory.poison_queue(),
            taken: RefCell::default(),
            ledger: RefCell::default(),
            is_calm: Cell::new(true),
        }
    }

    async fn play(&mut self, step: Step) {
        match step {
            Step::Alone(process, act) => self.act(process, act).await,
            Step::Dying(process, act, call, moment) => {
                self.is_calm.set(false);
                let is_sweep = matches!(act, Act::Sweep);
                let last = self.calls.hold_after(None, call, moment);
                let died = tokio::select! {
                    biased;
                    () = last.arrived() => true,
                    () = self.act(process, act) => false,
                };
                self.calls.forget();
                if died {
                    if is_sweep {
                        // It could not say what it did.
                        self.rescued();
                    }
                    self.processes[process] = self.storage.process(&self.kinds, 4, true);
                }
            }
            Step::Together(one, two, yields) => {
                self.calls.set_yields(yields);
                tokio::join!(self.act(0, one), self.act(1, two));
                self.calls.set_yields([]);
            }
            Step::Rounds(rounds) => {
                for _ in 0..rounds {
                    self.clock.advance(QUIET);
                    self.act(0, Act::Deliver).await;
                }
            }
            Step::Pass(time) => self.clock.advance(time),
            Step::Clear => {
                self.is_calm.set(false);
                for received in self.queue.receive(32, Duration::ZERO).await.unwrap() {
                    assert!(delete(&*self.queue, &received).await);
                }
            }
        }
        self.look().await;
    }

    /// Holds what the store has against the ledger.
    async fn look(&mut self) {
        for entry in self.ledger.get_mut() {
            let found = self.records.read(entry.id).await.unwrap();
            let record = found.map(|versioned| versioned.record);
            entry.see(record, self.clock.now());
        }
    }

    /// Nobody asks for anything or dies any more.
    async fn settle(&mut self) {
        self.taken.take();
        for _ in 0..QUIET_ROUNDS {
            self.clock.advance(QUIET);
            self.act(0, Act::Sweep).await;
            self.look().await;
        }
        let left: Vec<_> = self
            .ledger
            .get_mut()
            .iter()
            .filter(|entry| !entry.is_settled())
            .collect();
        assert!(left.is_empty(), "never ended: {left:?}");
        assert_eq!(length(&*self.queue).await, 0);
        assert_eq!(length(&*self.poison_queue).await, 0);
    }
}

impl StateMachineTest for System {
    type SystemUnderTest = Self;
    type Reference = Script;

    fn init_test(_: &Script) -> Self {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        Self {
            runtime,
            world: World::new(),
        }
    }

    fn apply(mut system: Self, _: &Script, step: Step) -> Self {
        system.runtime.block_on(system.world.play(step));
        system
    }

    fn teardown(mut system: Self, _: Script) {
        system.runtime.block_on(system.world.settle());
    }
}
