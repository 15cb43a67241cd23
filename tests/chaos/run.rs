//! A run over any storage: handlers that die, clients that go on, and the calm after it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use backends::azure::Account;
use futures_util::future::join_all;
use ports::Queue;
use serde_json::Value;
use tokio::sync::MutexGuard;
use tokio::time::sleep;

use crate::client::live;
use crate::front::{Front, Seen};
use crate::handlers::{Plan, keep};
use crate::helpers::eventually::eventually;
use crate::helpers::queues::{AzureStorage, length};
use crate::keeper::{Keeper, Keeping};
use crate::ledger::{Breach, Ledger};
use crate::random::Random;
use crate::settings::Settings;

/// How long the service may take, once all is well, to end what it has accepted: a message that a
/// killed process had is hidden for a minute, one that was lost is sent again by a sweep, and one that a
/// dead host has is missed two minutes after the last sign of life, by the sweep that comes then.
const SETTLING: Duration = Duration::from_secs(420);

/// `MAX_QUEUE_LENGTH`: submissions are refused while so many messages wait. Clients that go on
/// regardless would leave a backlog that no settling works off. Hidden messages count, and each
/// killed process leaves up to eight of them for a minute.
pub(crate) const BACKLOG: &str = "1000";

/// Tasks looked at side by side.
const LOOKS: usize = 32;

/// Between two looks at what has not settled.
const PAUSE: Duration = Duration::from_millis(500);

/// Handlers and clients, on storage that a scenario provides.
pub(crate) struct Run {
    pub(crate) settings: Settings,
    pub(crate) ledger: Arc<Ledger>,
    /// Where the handlers work, and write their logs.
    pub(crate) folder: PathBuf,
    pub(crate) kills_until: Instant,
    pub(crate) chaos_until: Instant,
    /// Whether messages of dead hosts stay hidden for longer than a test can wait. Their tasks end before.
    pub(crate) leaves_hidden: bool,
}

impl Run {
    /// Starts a thread that keeps a handler going and kills it.
    pub(crate) fn keeper(
        &self,
        number: u64,
        keep: impl FnOnce(Keeping) + Send + 'static,
    ) -> Keeper {
        let random = Random::of(self.settings.seed, "handler", number);
        Keeper::start(self.kills_until, random, Arc::clone(&self.ledger), keep)
    }

    /// Starts one for a process with these settings, that lives for so many milliseconds.
    pub(crate) fn handler(
        &self,
        number: u64,
        settings: &[(&str, &str)],
        life: (usize, usize),
    ) -> Keeper {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let plan = Plan {
            name: format!("handler-{number}"),
            folder: self.folder.clone(),
            settings: settings.iter().map(owned).collect(),
            life,
        };
        self.keeper(number, move |keeping| keep(&plan, keeping))
    }

    /// No message may be left in an account, which is looked at directly.
    pub(crate) async fn check_queues(&self, account: &Account, name: &str) {
        let storage = AzureStorage::new(account, name);
        self.check_empty([storage.queue(), storage.poison_queue()])
            .await;
    }

    /// No message may be left in the queue and the poison queue.
    pub(crate) async fn check_empty(&self, queues: [Arc<dyn Queue>; 2]) {
        for (queue, name) in queues.iter().zip(["queue", "poison queue"]) {
            // What is there is of tasks that have ended: those were looked at.
            if self.leaves_hidden && name == "queue" {
                continue;
            }
            let length = length(&**queue).await;
            if length > 0 {
                let what = format!("{length} messages are left in the {name}");
                self.ledger.breach(Breach::Unexpected, what);
            }
        }
    }

    /// Lets the clients live until the chaos is over, gives the machine away, waits until all has
    /// settled, and stops the handlers. Gives how long the settling took.
    pub(crate) async fn live(&self, keepers: Vec<Keeper>, machine: MutexGuard<'_, ()>) -> Duration {
        let front = Arc::new(Front {
            doors: keepers
                .iter()
                .map(|keeper| Arc::clone(&keeper.door))
                .collect(),
            ledger: Arc::clone(&self.ledger),
        });
        eventually("every handler serves", async || {
            let mut doors = front.doors.iter();
            doors
                .all(|door| door.lock().unwrap().is_some())
                .then_some(())
        })
        .await;
        let clients: Vec<_> = (0..self.settings.clients)
            .map(|number| {
                let front = Arc::clone(&front);
                tokio::spawn(live(front, self.settings.seed, number, self.chaos_until))
            })
            .collect();
        for client in clients {
            client.await.expect("a client met what it never should");
        }
        drop(machine);
        let calm = Instant::now();
        self.settle(&front, calm + SETTLING).await;
        let settled = calm.elapsed();
        for keeper in keepers {
            keeper.stop();
        }
        settled
    }

    /// Waits until every accepted task has ended or was fetched, no message is left, and no record is
    /// open. A submission whose client was cut off leaves a record that nobody was told of: a
    /// sweep sends its message again, and until it has ended there may be messages at any time.
    async fn settle(&self, front: &Front, deadline: Instant) {
        let mut random = Random::of(self.settings.seed, "settling", 0);
        let mut open = self.ledger.ids();
        while Instant::now() < deadline {
            let mut still_open = Vec::new();
            for some in open.chunks(LOOKS) {
                let looks = some.iter().map(|id| {
                    let mut random = Random::of(random.number(), id, 0);
                    async move { front.monitor(&mut random, id).await }
                });
                for (id, seen) in some.iter().zip(join_all(looks).await) {
                    if seen != Seen::Over {
                        still_open.push(id.clone());
                    }
                }
            }
            open = still_open;
            let is_empty = self.leaves_hidden || self.messages(front).await == Some(0);
            if open.is_empty() && is_empty && self.untold(front).await == Some(0) {
                return;
            }
            sleep(PAUSE).await;
        }
        for id in open {
            self.ledger
                .breach(Breach::Lost, format!("{id} does not end"));
        }
        let untold = self.untold(front).await;
        if untold != Some(0) {
            let what = format!("records that nobody was told of do not end: {untold:?}");
            self.ledger.breach(Breach::Unexpected, what);
        }
        let messages = self.messages(front).await;
        if !self.leaves_hidden && messages != Some(0) {
            let what = format!("messages are left: {messages:?}");
            self.ledger.breach(Breach::Unexpected, what);
        }
    }

    /// How many messages a handler says that there are.
    async fn messages(&self, front: &Front) -> Option<u64> {
        let client = front.client(&mut Random::of(0, "metrics", 0));
        let reply = client.try_send(client.keyed("GET", "/api/metrics")).await;
        let reply = reply.ok().filter(|reply| reply.status == 200)?;
        let mut lines = reply.text().lines();
        lines.find_map(|line| line.strip_prefix("queue_messages ")?.parse().ok())
    }

    /// How many records the service lists as open that nobody was told of; `None` when it does not list
    /// them now. An accepted task that has ended must not be listed as open.
    async fn untold(&self, front: &Front) -> Option<usize> {
        let accepted: HashSet<String> = self.ledger.ids().into_iter().collect();
        let client = front.client(&mut Random::of(0, "listing", 0));
        // Without a filter: one for what is rare makes storage list everything for every page.
        let mut next = Some("/api/operations?top=1000".to_owned());
        let mut untold = 0;
        while let Some(path) = next {
            let page = client.try_send(client.keyed("GET", &path)).await.ok()?;
            if page.status != 200 {
                return None;
            }
            let page = page.json();
            for task in page["value"].as_array().unwrap() {
                let (id, status) = (task["id"].as_str().unwrap(), task["status"].as_str());
                if !matches!(status, Some("NotStarted" | "Running")) {
                    continue;
                }
                if accepted.contains(id) {
                    let what = format!("{id} is listed as {status:?} after the calm");
                    self.ledger.breach(Breach::Unexpected, what);
                } else {
                    untold += 1;
                }
            }
            next = next_path(&page, client.base());
        }
        Some(untold)
    }
}

fn next_path(page: &Value, base: &str) -> Option<String> {
    let link = page["nextLink"].as_str()?;
    Some(link.strip_prefix(base).unwrap().to_owned())
}

/// A folder for a scenario's logs and data.
pub(crate) fn folder(scenario: &str) -> PathBuf {
    let name = format!("chaos-{}-{scenario}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
