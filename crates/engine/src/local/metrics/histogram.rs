//! A histogram of durations that is counted up without a lock.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::prometheus::Exposition;

/// The upper bounds, in seconds: from a small number to a large one.
const BOUNDS: [f64; 8] = [0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 300.0, 1800.0];

#[derive(Default)]
pub(super) struct Histogram {
    /// How many took longer than the bound before, and at most as long as theirs; the last ones took
    /// longer than all bounds.
    within: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

impl Histogram {
    pub(super) fn observe(&self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let index = BOUNDS.partition_point(|bound| *bound < seconds);
        self.within[index].fetch_add(1, Relaxed);
        // Of 64 bits, which hold 500 years.
        let nanoseconds = duration.as_nanos().try_into().unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Relaxed);
    }

    /// How many durations there were.
    pub(super) fn count(&self) -> u64 {
        self.within.iter().map(|within| within.load(Relaxed)).sum()
    }

    /// All of them together.
    pub(super) fn sum(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.load(Relaxed))
    }

    pub(super) fn write(&self, text: &mut Exposition, name: &str, labels: &str) {
        let bucket = format!("{name}_bucket");
        let mut count = 0;
        for (index, within) in self.within.iter().enumerate() {
            count += within.load(Relaxed);
            let bound = BOUNDS.get(index).map(ToString::to_string);
            let bound = bound.as_deref().unwrap_or("+Inf");
            text.sample(&bucket, &format!("{labels},le=\"{bound}\""), count);
        }
        text.sample(&format!("{name}_sum"), labels, self.sum().as_secs_f64());
        text.sample(&format!("{name}_count"), labels, count);
    }
}
