//! How the process is told to stop, in two steps.

use tokio_util::sync::CancellationToken;

/// What everybody looks at who begins work or waits for some.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Canceled first: nobody is kept waiting, and no new work begins.
    pub stopping: CancellationToken,
    /// Canceled when the grace is over: attempts under way break off.
    pub break_off: CancellationToken,
}

impl Stop {
    /// Whether the first step was taken, or the second without it.
    pub fn is_told(&self) -> bool {
        self.stopping.is_cancelled() || self.break_off.is_cancelled()
    }
}
