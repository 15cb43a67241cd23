//! A service that has nothing to do: what it still asks of storage, and how soon it is awake.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use tokio::time::sleep;

use super::http::HttpError;
use super::latencies::milliseconds;
use super::service::Service;
use super::storage::Storage;
use super::workload::{self, Mode};

/// How long the last load is still heard: the loop's interval has doubled from 100 ms to its
/// longest, 30 s, after 51 s.
const ECHO: Duration = Duration::from_secs(60);

/// Two looks at the metrics that both ask storage.
const APART: Duration = Duration::from_secs(2);

/// Tasks before, one after the other, to compare with.
const BUSY_TASKS: usize = 100;

/// What that was.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Idle {
    pub(crate) storage: Storage,
    pub(crate) window_s: f64,
    /// Unknown from a service that does not show its metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) operations_per_hour: Option<BTreeMap<String, f64>>,
    /// The median of one task with `Prefer: wait` when the one before has just ended.
    pub(crate) busy_wait_ms: f64,
    /// The same at the end of the idle time.
    pub(crate) idle_wait_ms: f64,
}

impl Idle {
    /// All calls to storage of an hour.
    pub(crate) fn operations(&self) -> Option<f64> {
        Some(self.operations_per_hour.as_ref()?.values().sum())
    }
}

/// Leaves the service alone until the load's echo is over and then for a window.
pub(crate) async fn measure(service: &Service, window: Duration) -> Result<Idle, HttpError> {
    let busy_wait_ms = waiting(service, BUSY_TASKS).await?;
    sleep(ECHO).await;
    // A look at the metrics asks storage itself, unless another did in the last second: what two differ by that
    // are further apart.
    let first = service.metrics().await?;
    sleep(APART).await;
    let second = service.metrics().await?;
    sleep(window).await;
    let last = service.metrics().await?;
    let idle_wait_ms = waiting(service, 1).await?;
    let hours = window.as_secs_f64() / 3_600.0;
    let operations_per_hour = first.zip(second).zip(last).map(|((first, second), last)| {
        let looks = second.operations_since(&first);
        let operations = last.operations_since(&second).into_iter();
        operations
            .map(|(name, calls)| {
                let own = looks.get(&name).unwrap_or(&0.0);
                (name, (calls - own) / hours)
            })
            .filter(|(_, calls)| *calls > 0.0)
            .collect()
    });
    Ok(Idle {
        storage: service.storage,
        window_s: window.as_secs_f64(),
        operations_per_hour,
        busy_wait_ms,
        idle_wait_ms,
    })
}

/// The median of so many tasks with `Prefer: wait`.
async fn waiting(service: &Service, tasks: usize) -> Result<f64, HttpError> {
    let mut measured = workload::run(service, Mode::Wait, tasks, 1).await?;
    if measured.errors > 0 {
        return Err("a task on its own failed".into());
    }
    Ok(milliseconds(measured.result.quantile(0.5)))
}
