//! Plays a history: two processes of the real domain over one storage, with its calls and its clock in
//! our hands.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use async_request_reply::ports::{Clock, Queue, Received};
use async_request_reply::tasks::{Records, Submission, TaskId, TaskState};
use proptest_state_machine::StateMachineTest;
use tokio::runtime::{Builder, Runtime};

use super::ledger::Entry;
use super::script::{Act, Script, Step, Work};
use crate::helpers::calls::Calls;
use crate::helpers::clock::ManualClock;
use crate::helpers::kinds::TestKinds;
use crate::helpers::memory::{MemoryQueue, MemoryTasks};
use crate::worker::bench::json;
use crate::worker::process::{Process, Storage};

/// Longer than any message is hidden or put off.
const QUIET: Duration = Duration::from_secs(200);

/// Enough for a queue to move on past what was lost, for all attempts at that, and for the burial.
const QUIET_ROUNDS: usize = 20;

pub(super) struct System {
    runtime: Runtime,
    world: World,
}

struct World {
    clock: Arc<ManualClock>,
    calls: Calls,
    storage: Storage,
    kinds: TestKinds,
    processes: [Process; 2],
    /// The storage itself, where no call is seen.
    records: Records,
    queue: Arc<dyn Queue>,
    poison_queue: Arc<dyn Queue>,
    /// Received, and not worked on yet.
    taken: RefCell<Vec<Received>>,
    ledger: RefCell<Vec<Entry>>,
    /// Nobody has died, let a message lie or cleared the queue: nothing can be lost.
    is_calm: Cell<bool>,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new());
        let calls = Calls::default();
        let store = MemoryTasks::new(clock.clone());
        let queue = MemoryQueue::new(clock.clone());
        let poison_queue = MemoryQueue::new(clock.clone());
        let storage = Storage {
            clock: clock.clone(),
            store: calls.store(store.clone()),
            queue: calls.queue(queue.clone()),
            poison_queue: calls.poison_queue(poison_queue.clone()),
        };
        let kinds = TestKinds::default();
        Self {
            processes: [(); 2].map(|()| storage.process(&kinds, 4, true)),
            records: Records::new(store, clock.clone()),
            clock,
            calls,
            storage,
            kinds,
            queue,
            poison_queue,
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
                    let deleted = self.queue.delete(&received.id, &received.pop_receipt).await;
                    assert!(deleted.unwrap());
                }
            }
        }
        self.look().await;
    }

    async fn act(&self, process: usize, act: Act) {
        let Process {
            tasks,
            consumer,
            maintenance,
            ..
        } = &self.processes[process];
        match act {
            Act::Submit(work) => self.submit(process, work).await,
            Act::Deliver => {
                for received in consumer.receive(1).await.unwrap() {
                    consumer.process(received).await;
                }
            }
            Act::Take => {
                self.is_calm.set(false);
                let page = consumer.receive(1).await.unwrap();
                self.taken.borrow_mut().extend(page);
            }
            Act::Finish(index) => {
                let received = {
                    let mut taken = self.taken.borrow_mut();
                    let index = index.checked_rem(taken.len());
                    index.map(|index| taken.remove(index))
                };
                if let Some(received) = received {
                    consumer.process(received).await;
                }
            }
            Act::Cancel(task) => {
                let id = self.note(task, |entry| entry.cancels += 1);
                tasks.cancel(id).await.unwrap();
            }
            Act::Delete(task) => {
                let id = self.note(task, |entry| entry.is_deleted = true);
                tasks.delete(id).await.unwrap();
            }
            Act::Retry(task) => {
                let id = self.note(task, |entry| entry.retries += 1);
                tasks.retry(id).await.unwrap();
            }
            Act::Consume(task) => self.consume(process, task).await,
            Act::Sweep => {
                let swept = if process == 0 {
                    maintenance.sweep().await.unwrap()
                } else {
                    maintenance.sweep_beside_loop().await.unwrap()
                };
                if swept.rescued > 0 {
                    assert!(!self.is_calm.get(), "rescued what was not lost");
                    self.rescued();
                }
            }
        }
    }

    fn rescued(&self) {
        for entry in self.ledger.borrow_mut().iter_mut() {
            entry.was_rescued = true;
        }
    }

    async fn submit(&self, process: usize, work: Work) {
        let tasks = &self.processes[process].tasks;
        let entry = Entry::new(tasks.new_id(), work);
        let submission = Submission {
            id: entry.id,
            kind: entry.kind().to_owned(),
            input: json(&entry.input()),
            traceparent: None,
        };
        let task = {
            let mut ledger = self.ledger.borrow_mut();
            ledger.push(entry);
            ledger.len() - 1
        };
        tasks.submit(submission).await.unwrap();
        self.note(task, |entry| entry.is_accepted = true);
    }

    /// As a client does that reads the reply to its end.
    async fn consume(&self, process: usize, task: usize) {
        let tasks = &self.processes[process].tasks;
        let id = self.note(task, |_| ());
        let Some(found) = tasks.find(id).await.unwrap() else {
            return;
        };
        if let TaskState::Succeeded { result } = found.record.state {
            let result = result.get().to_owned();
            self.note(task, |entry| {
                let given = entry.given.get_or_insert_with(|| result.clone());
                assert_eq!(*given, result, "two readers, two results");
            });
            tasks.consume(id);
            tasks.delete_consumed(id).await;
        }
    }

    /// Notes what a client asked for.
    fn note(&self, task: usize, what: impl FnOnce(&mut Entry)) -> TaskId {
        let entry = &mut self.ledger.borrow_mut()[task];
        what(entry);
        entry.id
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
        assert_eq!(self.queue.length().await.unwrap(), 0);
        assert_eq!(self.poison_queue.length().await.unwrap(), 0);
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
