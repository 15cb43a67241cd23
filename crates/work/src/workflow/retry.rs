//! How often a step is tried.

use crate::BackOff;

/// How often a call is tried before it fails, and how long it is between two attempts. Without one a call
/// is treated as its kind's policy says.
///
/// ```
/// use std::time::Duration;
///
/// use work::BackOff;
/// use work::workflow::Retry;
///
/// let retry = Retry::attempts(3).back_off(BackOff {
///     first: Duration::from_secs(1),
///     factor: 2,
///     longest: Duration::from_secs(60),
/// });
/// assert_eq!(retry.attempts, 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retry {
    /// How many attempts there are, the first one included; at least 1.
    pub attempts: u32,
    /// How long it is from a failed attempt to the next one.
    pub back_off: BackOff,
}

impl Retry {
    /// So many attempts, the first one included, with the usual back-off. 0 counts as 1.
    pub fn attempts(attempts: u32) -> Self {
        Self {
            attempts: attempts.max(1),
            back_off: BackOff::default(),
        }
    }

    /// How long it is from a failed attempt to the next one.
    #[must_use]
    pub fn back_off(mut self, back_off: BackOff) -> Self {
        self.back_off = back_off;
        self
    }
}
