//! How long things took, and what that looks like.

use std::time::Duration;

use serde::Serialize;

/// Durations of one kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn add(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    /// The duration that this share of them (0 to 1) did not exceed; zero when there are none.
    pub(crate) fn quantile(&mut self, share: f64) -> Duration {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        let index = (last as f64 * share).round() as usize;
        self.0.get(index).copied().unwrap_or_default()
    }
}

/// The middle and the tail, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Spread {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Latencies {
    /// `None` when there are none.
    pub(crate) fn spread(&mut self) -> Option<Spread> {
        (!self.0.is_empty()).then(|| Spread {
            p50_ms: milliseconds(self.quantile(0.5)),
            p99_ms: milliseconds(self.quantile(0.99)),
        })
    }
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
