//! What begins where it was accepted does not overtake what waits, and nothing is begun by two.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_request_reply::triggers::early;
use async_request_reply::triggers::standalone::{self, Pace};
use engine::{Consumer, EarlyStart, Engine, Ports, Settings, Submission};
use ports::{Clock, Queue, Settle};
use tokio::task::{JoinSet, yield_now};
use tokio::time::sleep;
use work::{BlockingKind, Context, Failure, Kinds, Policy, any};

use super::{ALL, MOMENT};
use crate::helpers::clock::RuntimeClock;
use crate::helpers::memory::Memory;
use crate::helpers::process::settings;
use crate::helpers::queues::{self, TestQueues, length};
use crate::worker::bench::json;

const OLD: usize = 1_000;
const NEW: usize = 50;
const SLOTS: usize = 2;

/// Takes a slot for so long, and notes in which order its tasks were begun.
struct Noted(Arc<Mutex<Vec<usize>>>, Duration);

impl BlockingKind for Noted {
    type Input = usize;
    type Output = usize;

    fn run(&self, number: usize, _: &Context) -> Result<usize, Failure> {
        self.0.lock().unwrap().push(number);
        std::thread::sleep(self.1);
        Ok(number)
    }
}

/// Who receives messages.
#[derive(Clone, Copy)]
enum Receiver {
    Loop,
    /// Takes more than there are slots, as the Functions host does.
    Host,
}

struct Busy {
    engine: Engine,
    /// A process that accepts tasks and begins none.
    elsewhere: Engine,
    queue: Arc<dyn Queue>,
    noted: Arc<Mutex<Vec<usize>>>,
}

impl Busy {
    fn new(early_start: EarlyStart, lasts: Duration) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(RuntimeClock::new());
        let memory = Memory::new(clock.clone());
        let queue = memory.queue();
        let ports = Ports {
            store: memory.clone(),
            tallies: memory.tallies(),
            queues: memory.clone(),
            queue: queues::tasks(),
            files: None,
            storage_calls: Arc::new(backends::Counts::default()),
        };
        let noted: Arc<Mutex<Vec<usize>>> = Arc::default();
        let kind = any::of_blocking(Noted(noted.clone(), lasts));
        let kinds = Kinds::default().with("noted", kind, Policy::default());
        let process = |early_start| {
            let settings = Settings {
                early_start,
                ..settings(SLOTS, true)
            };
            Engine::new(ports.clone(), kinds.clone(), clock.clone(), settings)
        };
        let (engine, elsewhere) = (process(early_start), process(EarlyStart::Off));
        if let Some(messages) = engine.early_messages() {
            tokio::spawn(early::work(engine.clone(), messages));
        }
        Self {
            engine,
            elsewhere,
            queue,
            noted,
        }
    }

    async fn submit(&self, engine: &Engine, number: usize) {
        let submission = Submission::new(engine.tasks.new_id(), "noted", json(&number.to_string()));
        engine.tasks.submit(submission).await.unwrap();
    }

    fn start(&self, receiver: Receiver) {
        match receiver {
            Receiver::Loop => {
                let pace = Pace {
                    longest_wait: Duration::from_secs(1),
                    rest: 0,
                };
                tokio::spawn(standalone::work(self.engine.clone(), pace));
            }
            Receiver::Host => {
                tokio::spawn(host(self.queue.clone(), self.engine.consumers[0].clone()));
            }
        }
    }

    fn begun(&self) -> usize {
        self.noted.lock().unwrap().len()
    }

    async fn until_empty(&self) {
        while length(&*self.queue).await > 0 {
            sleep(MOMENT).await;
        }
    }
}

/// Takes 16 messages while it has 8 or fewer, and settles them by what it is answered.
async fn host(queue: Arc<dyn Queue>, consumer: Consumer) {
    let mut in_flight = JoinSet::new();
    loop {
        while in_flight.len() > 8 {
            in_flight.join_next().await;
        }
        let page = queue.receive(16, Duration::from_secs(600)).await.unwrap();
        if page.is_empty() {
            sleep(Duration::from_millis(100)).await;
        }
        for mut delivery in page {
            let (queue, consumer) = (queue.clone(), consumer.clone());
            in_flight.spawn(async move {
                let receipt = delivery.receipt.take().unwrap();
                let outcome = consumer.run(&delivery).await;
                let answer = consumer.settle_for_host(&delivery, outcome).await;
                let how = match answer {
                    Ok(()) => Settle::Done,
                    Err(_) => Settle::Release(Duration::ZERO),
                };
                queue.settle(&receipt, how).await.unwrap();
            });
        }
    }
}

/// In which place each of the old tasks was begun, when the others came after the first ones of them.
async fn places(early_start: EarlyStart, receiver: Receiver) -> Vec<usize> {
    let busy = Busy::new(early_start, MOMENT);
    for number in 0..OLD {
        busy.submit(&busy.elsewhere, number).await;
    }
    busy.start(receiver);
    while busy.begun() < 20 {
        yield_now().await;
    }
    for number in OLD..OLD + NEW {
        busy.submit(&busy.engine, number).await;
        yield_now().await;
    }
    busy.until_empty().await;
    let noted = busy.noted.lock().unwrap().clone();
    assert_eq!(noted.len(), OLD + NEW, "something was begun twice");
    let mut places = vec![0; OLD];
    for (place, number) in noted.into_iter().enumerate() {
        if number < OLD {
            places[number] = place;
        }
    }
    places
}

async fn no_old_task_waits_longer(receiver: Receiver) {
    let without = places(EarlyStart::Off, receiver).await;
    let with = places(ALL, receiver).await;
    for (number, (with, without)) in with.into_iter().zip(without).enumerate() {
        let longest = without + without / 10 + 2 * SLOTS;
        assert!(with <= longest, "task {number}: {with} and not {without}");
    }
}

#[tokio::test(start_paused = true)]
async fn new_tasks_do_not_overtake_a_backlog_of_our_own_loop() {
    no_old_task_waits_longer(Receiver::Loop).await;
}

#[tokio::test(start_paused = true)]
async fn new_tasks_do_not_overtake_a_backlog_under_a_host() {
    no_old_task_waits_longer(Receiver::Host).await;
}

#[tokio::test(start_paused = true)]
async fn what_begins_here_is_not_begun_by_a_host_beside_it() {
    const TASKS: usize = 10_000;
    let busy = Busy::new(ALL, Duration::ZERO);
    busy.start(Receiver::Host);
    for number in 0..TASKS {
        busy.submit(&busy.engine, number).await;
        if number % 4 == 0 {
            sleep(Duration::from_millis(2)).await;
        }
    }
    busy.until_empty().await;
    let mut noted = busy.noted.lock().unwrap().clone();
    noted.sort_unstable();
    assert_eq!(noted, (0..TASKS).collect::<Vec<_>>());
    let metrics = busy.engine.metrics.to_prometheus(&Default::default());
    for how in ["early", "queue"] {
        let none = format!("attempts_started_total{{kind=\"noted\",started=\"{how}\"}} 0");
        assert!(!metrics.contains(&none), "all or none began early");
    }
}
