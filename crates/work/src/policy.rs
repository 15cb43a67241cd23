//! How the tasks of a kind are treated: how often, how long, how many at a time.

use std::time::Duration;

/// The longest name of a queue, in characters: its poison queue's, which ends in `-poison`, has 63
/// at the most.
const MAX_QUEUE_NAME: usize = 63 - DEAD_LETTERS.len();

/// How the names of poison queues end, and no others.
const DEAD_LETTERS: &str = "-poison";

/// How the tasks of a kind are treated. What is left out is as the service has it for all kinds.
///
/// ```
/// use std::time::Duration;
///
/// use work::{BackOff, Policy};
///
/// let policy = Policy::default()
///     .description("Counts the words of a page")
///     .time_limit(Duration::from_secs(30))
///     .attempts(3)
///     .back_off(BackOff {
///         first: Duration::from_secs(1),
///         ..BackOff::default()
///     })
///     .concurrency(2);
/// assert!(policy.checked().is_ok());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// How long one attempt may last.
    pub time_limit: Option<Duration>,
    /// How many attempts there are before a task fails for good.
    pub attempts: Option<u32>,
    /// How long it is from a failed attempt to the next one.
    pub back_off: Option<BackOff>,
    /// How many of its tasks one process works on at a time.
    pub concurrency: Option<usize>,
    /// Whether the work has no effect but its result.
    pub pure: bool,
    /// The queue that carries its tasks.
    pub queue: Option<String>,
    /// How long a task is kept after its end.
    pub retention: Option<Duration>,
    /// What the kind does, for people.
    pub description: Option<String>,
}

/// How long it is from a failed attempt to the next one: a wait that grows by a factor each time, up to
/// the longest. 2 s, 8 s, 32 s, 128 s unless it is said otherwise; each is made longer or shorter by up to
/// a quarter, so that tasks that failed together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff {
    /// The wait after the first attempt.
    pub first: Duration,
    /// How many times longer each wait is than the one before.
    pub factor: u32,
    /// No wait is longer.
    pub longest: Duration,
}

impl Default for BackOff {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(2),
            factor: 4,
            longest: Duration::from_secs(600),
        }
    }
}

impl BackOff {
    /// The wait after the `spent`-th failed attempt, before it is varied.
    pub fn wait_after(&self, spent: u32) -> Duration {
        let factor = self.factor.saturating_pow(spent.saturating_sub(1));
        self.first.saturating_mul(factor).min(self.longest)
    }

    fn checked(&self) -> Result<(), InvalidPolicy> {
        if self.first.is_zero() {
            Err(InvalidPolicy::NoWait)
        } else if self.factor == 0 {
            Err(InvalidPolicy::NoFactor)
        } else if self.longest < self.first {
            Err(InvalidPolicy::LongestWait)
        } else {
            Ok(())
        }
    }
}

/// A policy that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPolicy {
    /// No time to work.
    #[error("a time limit of zero leaves no time for the work")]
    NoTime,
    /// No attempt.
    #[error("with zero attempts the work is never done")]
    NoAttempts,
    /// No wait between attempts.
    #[error("a back-off begins with more than zero, so that a failure is not repeated at once")]
    NoWait,
    /// Waits that come to nothing.
    #[error("the factor of a back-off is at least 1")]
    NoFactor,
    /// A first wait that is longer than the longest.
    #[error("the longest wait of a back-off is shorter than its first")]
    LongestWait,
    /// None at a time.
    #[error("with a concurrency of zero the work is never done")]
    NoConcurrency,
    /// A task that is gone before anybody has seen its result.
    #[error("a retention of zero leaves no time to fetch the result")]
    NoRetention,
    /// Azure has no queue with this name.
    #[error(
        "{0:?} is not a name of 3 to {MAX_QUEUE_NAME} lower-case letters, digits and single hyphens, \
         which begins and ends with a letter or digit"
    )]
    QueueName(String),
    /// The messages in it would be taken for those that were given up.
    #[error("{0:?} is the name of a poison queue: those end in \"-poison\"")]
    PoisonQueue(String),
}

impl Policy {
    /// How long one attempt may last.
    #[must_use]
    pub fn time_limit(mut self, time_limit: Duration) -> Self {
        self.time_limit = Some(time_limit);
        self
    }

    /// How many attempts there are before a task fails for good.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// How long it is from a failed attempt to the next one.
    #[must_use]
    pub fn back_off(mut self, back_off: BackOff) -> Self {
        self.back_off = Some(back_off);
        self
    }

    /// How many of its tasks one process works on at a time.
    #[must_use]
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = Some(concurrency);
        self
    }

    /// Says that the work has no effect but its result. Pure work may begin without asking first whether
    /// the task was canceled, which saves a read for each task; its result is then dropped.
    #[must_use]
    pub fn pure(mut self) -> Self {
        self.pure = true;
        self
    }

    /// The queue that carries its tasks, instead of that of all kinds: 3 to 56 lower-case letters, digits
    /// and single hyphens, and not `-poison` at the end. Its poison queue is named after it. Kinds may
    /// share one.
    #[must_use]
    pub fn queue(mut self, name: &str) -> Self {
        self.queue = Some(name.to_owned());
        self
    }

    /// How long a task is kept after its end.
    #[must_use]
    pub fn retention(mut self, retention: Duration) -> Self {
        self.retention = Some(retention);
        self
    }

    /// What the kind does, for people: a sentence.
    #[must_use]
    pub fn description(mut self, description: &str) -> Self {
        self.description = Some(description.to_owned());
        self
    }

    /// Whether a kind can be registered with it, which asks this itself.
    ///
    /// # Errors
    ///
    /// The first value that makes no sense.
    pub fn checked(&self) -> Result<(), InvalidPolicy> {
        if self.time_limit == Some(Duration::ZERO) {
            Err(InvalidPolicy::NoTime)
        } else if self.attempts == Some(0) {
            Err(InvalidPolicy::NoAttempts)
        } else if self.concurrency == Some(0) {
            Err(InvalidPolicy::NoConcurrency)
        } else if self.retention == Some(Duration::ZERO) {
            Err(InvalidPolicy::NoRetention)
        } else {
            self.back_off.as_ref().map_or(Ok(()), BackOff::checked)?;
            match self.queue.as_deref() {
                Some(name) if !is_queue_name(name) => {
                    Err(InvalidPolicy::QueueName(name.to_owned()))
                }
                Some(name) if name.ends_with(DEAD_LETTERS) => {
                    Err(InvalidPolicy::PoisonQueue(name.to_owned()))
                }
                _ => Ok(()),
            }
        }
    }
}

/// Azure's rules, and room for the name of the poison queue.
fn is_queue_name(name: &str) -> bool {
    (3..=MAX_QUEUE_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}

#[cfg(test)]
mod tests;
