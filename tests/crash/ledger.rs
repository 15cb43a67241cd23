//! What clients know of their tasks, and what they have seen of them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::helpers::client::Client;
use crate::helpers::reply::Reply;

/// What is to become of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// It succeeds, with this Fibonacci number.
    Value(u32),
    /// The same, unless its retention has ended.
    ValueOrNothing(u32),
    Failed,
    /// Its client cancels it.
    Canceled,
}

/// A submission with a key, and the task it became, if its client was told.
pub(super) struct Keyed {
    pub(super) key: String,
    pub(super) number: u32,
    pub(super) id: Option<String>,
}

/// All tasks that a client was told of, by id, and what was last seen of each.
#[derive(Default)]
pub(super) struct Ledger {
    tasks: BTreeMap<String, (Expected, Option<Seen>)>,
    pub(super) keyed: Vec<Keyed>,
}

/// An ended task as its client sees it: nothing of this may ever change.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    etag: String,
    monitor: String,
    result: (u16, String),
}

impl Ledger {
    pub(super) fn add(&mut self, id: &str, expected: Expected) {
        let known = self.tasks.insert(id.to_owned(), (expected, None));
        assert_eq!(known, None, "{id} stands for two tasks");
    }

    /// The tasks and what is expected of them.
    pub(super) fn tasks(&self) -> impl Iterator<Item = (&str, Expected)> {
        self.tasks
            .iter()
            .map(|(id, (expected, _))| (id.as_str(), *expected))
    }

    pub(super) fn knows(&self, id: &str) -> bool {
        self.tasks.contains_key(id)
    }

    /// Looks at every task that has ended: it is as expected, and as it was before.
    pub(super) async fn look(&mut self, client: &Client) {
        for (id, (expected, seen)) in &mut self.tasks {
            let monitor = client.monitor(id).await;
            if monitor.status == 404 && matches!(expected, Expected::ValueOrNothing(_)) {
                continue;
            }
            assert_eq!(monitor.status, 200, "{id}: {}", monitor.text());
            if !has_ended(&monitor.json()) {
                assert_eq!(*seen, None, "{id} had ended: {}", monitor.text());
                continue;
            }
            let now = Seen::of(&monitor, &client.result(id).await);
            expected.check(&monitor.json());
            assert_eq!(
                *seen.get_or_insert_with(|| now.clone()),
                now,
                "{id} has changed"
            );
        }
    }
}

impl Seen {
    fn of(monitor: &Reply, result: &Reply) -> Self {
        Self {
            etag: monitor.header("etag").unwrap().to_owned(),
            monitor: monitor.text().to_owned(),
            result: (result.status, result.text().to_owned()),
        }
    }
}

impl Expected {
    /// Checks the monitor of a task that has ended.
    fn check(self, monitor: &Value) {
        let (status, value) = match self {
            Self::Value(number) | Self::ValueOrNothing(number) => {
                ("Succeeded", Some(fibonacci(number)))
            }
            Self::Failed => ("Failed", None),
            Self::Canceled => ("Canceled", None),
        };
        assert_eq!(monitor["status"], status, "{monitor}");
        let result = monitor["result"]["calculation_result"].as_str();
        assert_eq!(result, value.as_deref(), "{monitor}");
    }
}

/// Whether a monitor shows a terminal status.
pub(super) fn has_ended(monitor: &Value) -> bool {
    !matches!(monitor["status"].as_str(), Some("NotStarted" | "Running"))
}

/// F(n), by addition.
pub(super) fn fibonacci(number: u32) -> String {
    let (mut f, mut next) = (0_u128, 1_u128);
    for _ in 0..number {
        (f, next) = (next, f + next);
    }
    f.to_string()
}
