//! Work that begins where it was accepted, beside what is received: who may, what it costs, and what
//! becomes of it when something comes between. All by a clock that goes as fast as nothing is left to do.

mod fair;
mod held;
mod who;

use std::sync::Arc;
use std::time::Duration;

use async_request_reply::triggers::early;
use engine::{EarlyStart, Outcome, Records, Settings, Submission, TaskId, TaskRecord, TaskStatus};
use ports::{Clock, Delivery, Queue};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::sleep;

use super::bench::json;
use crate::helpers::calls::{Call, Calls};
use crate::helpers::clock::RuntimeClock;
use crate::helpers::kinds::TestKinds;
use crate::helpers::memory::Memory;
use crate::helpers::process::{Process, Storage, settings};
use crate::helpers::queues::{self, TestQueues, length};

/// Whoever has a free slot.
const ALL: EarlyStart = EarlyStart::All {
    usual_at_most: None,
};

const MOMENT: Duration = Duration::from_millis(1);

/// Some storage that several processes share, as an account is.
struct Place {
    storage: Storage,
    queue: Arc<dyn Queue>,
    records: Records,
    calls: Calls,
}

impl Place {
    fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(RuntimeClock::new());
        let (memory, calls) = (Memory::new(clock.clone()), Calls::default());
        Self {
            storage: Storage {
                clock: clock.clone(),
                store: calls.store(memory.clone()),
                tallies: calls.tallies(memory.tallies()),
                queues: calls.queues(memory.clone()),
                queue: queues::tasks(),
            },
            queue: memory.queue(),
            records: Records::new(memory, clock),
            calls,
        }
    }

    /// A process without a loop that receives: it does what it begins itself, and what a test lets it.
    fn process(&self, slots: usize, early_start: EarlyStart) -> Beginning {
        self.process_apart(slots, early_start, &[])
    }

    /// One in which these kinds have a queue of their own.
    fn process_apart(&self, slots: usize, early_start: EarlyStart, apart: &[&str]) -> Beginning {
        let kinds = TestKinds::default();
        let settings = Settings {
            early_start,
            ..settings(slots, true)
        };
        let registry = kinds.registry_apart(apart, &queues::name("apart"));
        let process = self.storage.process_of(registry, settings);
        let messages = process.engine.early_messages();
        let working = messages.map(|messages| {
            let working = early::work(process.engine.clone(), messages);
            tokio::spawn(working)
        });
        Beginning {
            process,
            kinds,
            working,
        }
    }

    async fn record(&self, id: TaskId) -> TaskRecord {
        self.records.read(id).await.unwrap().unwrap().record
    }

    /// Waits until a task has ended.
    async fn ended(&self, id: TaskId) -> TaskRecord {
        loop {
            let record = self.record(id).await;
            if record.status().is_terminal() {
                return record;
            }
            sleep(MOMENT).await;
        }
    }

    /// Waits until a task has succeeded, and says with how many attempts.
    async fn succeeded(&self, id: TaskId) -> u32 {
        let record = self.ended(id).await;
        assert_eq!(record.status(), TaskStatus::Succeeded, "{record:?}");
        record.attempts
    }

    /// Waits until there is no message left.
    async fn settled(&self) {
        while length(&*self.queue).await > 0 {
            sleep(MOMENT).await;
        }
    }

    async fn messages(&self) -> u64 {
        length(&*self.queue).await
    }

    /// What was asked of storage, receiving included.
    fn asked(&self) -> [u64; 7] {
        [
            Call::Create,
            Call::Read,
            Call::Replace,
            Call::Send,
            Call::Receive,
            Call::Update,
            Call::DeleteMessage,
        ]
        .map(|call| self.calls.count(call))
    }
}

/// A process that may begin what it has accepted.
struct Beginning {
    process: Process,
    kinds: TestKinds,
    working: Option<JoinHandle<()>>,
}

impl Beginning {
    fn submission(&self, kind: &str, input: &str) -> Submission {
        Submission::new(self.process.tasks.new_id(), kind, json(input))
    }

    async fn submit(&self, kind: &str, input: &str) -> TaskId {
        let submission = self.submission(kind, input);
        self.process.tasks.submit(submission).await.unwrap().id
    }

    /// Waits until so many attempts have begun here.
    async fn runs(&self, runs: usize) {
        while self.kinds.runs() < runs {
            // Time stands still while a thread computes.
            yield_now().await;
        }
    }

    /// What can be received now.
    async fn receive(&self) -> Vec<Delivery> {
        self.process.consumer.receive(32).await.unwrap()
    }

    /// Works on the one message that can be received now.
    async fn deliver(&self) -> Outcome {
        let mut page = self.receive().await;
        assert_eq!(page.len(), 1, "one message should be visible");
        self.process.consumer.process(page.remove(0)).await
    }

    /// Dies, with all that it was about to do.
    async fn die(self) {
        let working = self.working.unwrap();
        working.abort();
        assert!(working.await.unwrap_err().is_cancelled());
    }

    /// How many attempts have begun here without being received, and how many else.
    fn started(&self) -> (u64, u64) {
        let metrics = self
            .process
            .engine
            .metrics
            .to_prometheus(&Default::default());
        let count = |how: &str| {
            let label = format!("started=\"{how}\"}} ");
            let lines = metrics
                .lines()
                .filter(|line| line.starts_with("attempts_started_total"));
            let counts = lines.filter_map(|line| line.split_once(&label));
            counts.map(|(_, count)| count.parse::<u64>().unwrap()).sum()
        };
        (count("early"), count("queue"))
    }
}
