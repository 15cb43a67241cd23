//! What an attempt knows about itself, and how it talks to the outside.

mod files;
mod submission;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

pub use files::{BlockingFiles, Files};

use crate::{Callback, ErrorCode, Failure, FileStore, KindName, MemoryFiles, Submitter};

/// Stands for "no progress reported".
const NO_PERCENT: u8 = u8::MAX;

/// How long an attempt in a test may last.
const TEST_TIME_LIMIT: Duration = Duration::from_secs(7 * 60);

/// One attempt of a task: what it knows about itself, and how it talks to the outside. A clone is the same
/// attempt.
#[derive(Clone)]
pub struct Context {
    attempt: Arc<Attempt>,
    /// Whether the thread may be blocked: it is not one that other work waits for.
    may_block: bool,
}

struct Attempt {
    parts: ContextParts,
    percent: AtomicU8,
    /// How many tasks it has handed in.
    submitted: AtomicU32,
}

/// What a [`Context`] is made of: by the engine, and by tests that need a special one.
///
/// ```
/// use work::{CancellationToken, Context, ContextParts};
///
/// let stop = CancellationToken::new();
/// let cx = Context::new(ContextParts {
///     stop: stop.clone(),
///     ..ContextParts::for_test()
/// });
/// stop.cancel();
/// assert!(cx.check_stop().is_err());
/// ```
#[derive(Clone)]
pub struct ContextParts {
    /// The task's id.
    pub task_id: String,
    /// The name of its kind.
    pub kind: KindName,
    /// Which attempt it is; 1 is the first.
    pub attempt: u32,
    /// When it is out of time.
    pub deadline: SystemTime,
    /// The trace context it runs in (W3C).
    pub traceparent: Option<String>,
    /// Canceled when the result is no longer wanted.
    pub stop: CancellationToken,
    /// Where its end may be reported, if the service can sign that.
    pub callback: Option<Callback>,
    /// Who takes in the tasks it hands in.
    pub submitter: Option<Arc<dyn Submitter>>,
    /// Who keeps the files it reads and writes.
    pub files: Option<Arc<dyn FileStore>>,
}

impl ContextParts {
    /// The first attempt of a task, which nobody stops and which has some minutes. It has no callback,
    /// and nobody takes in what it hands in. Its files are [in memory](MemoryFiles), and none to begin with;
    /// a clone shares them.
    pub fn for_test() -> Self {
        Self {
            task_id: "00000000-0000-7000-8000-000000000001".to_owned(),
            kind: KindName::of_test(),
            attempt: 1,
            deadline: SystemTime::now() + TEST_TIME_LIMIT,
            traceparent: None,
            stop: CancellationToken::new(),
            callback: None,
            submitter: None,
            files: Some(Arc::new(MemoryFiles::default())),
        }
    }
}

impl Context {
    /// An attempt that begins now.
    pub fn new(parts: ContextParts) -> Self {
        Self {
            attempt: Arc::new(Attempt {
                parts,
                percent: AtomicU8::new(NO_PERCENT),
                submitted: AtomicU32::new(0),
            }),
            may_block: true,
        }
    }

    /// An attempt for the test of a kind, made of [`ContextParts::for_test`].
    pub fn for_test() -> Self {
        Self::new(ContextParts::for_test())
    }

    /// The task's id, the same in every attempt: a key for what must not be done twice.
    pub fn task_id(&self) -> &str {
        &self.attempt.parts.task_id
    }

    /// The name of the task's kind.
    pub fn kind(&self) -> &KindName {
        &self.attempt.parts.kind
    }

    /// Which attempt it is; 1 is the first.
    pub fn attempt(&self) -> u32 {
        self.attempt.parts.attempt
    }

    /// When the attempt is out of time and is stopped.
    pub fn deadline(&self) -> SystemTime {
        self.attempt.parts.deadline
    }

    /// How long it is to the [deadline](Self::deadline); zero afterwards.
    pub fn time_left(&self) -> Duration {
        self.deadline()
            .duration_since(SystemTime::now())
            .unwrap_or_default()
    }

    /// The trace context that the attempt runs in, as the header `traceparent` (W3C) has it.
    pub fn traceparent(&self) -> Option<&str> {
        self.attempt.parts.traceparent.as_deref()
    }

    /// True when the result is no longer wanted: canceled, out of time, or the process ends.
    pub fn stop_requested(&self) -> bool {
        self.attempt.parts.stop.is_cancelled()
    }

    /// The same as a `?`-able check.
    ///
    /// # Errors
    ///
    /// The result is no longer wanted.
    pub fn check_stop(&self) -> Result<(), Failure> {
        if self.stop_requested() {
            Err(Failure::stopped())
        } else {
            Ok(())
        }
    }

    /// Waits until the result is no longer wanted.
    pub async fn stopped(&self) {
        self.attempt.parts.stop.cancelled().await;
    }

    /// Says how far the work has come, in percent (more than 100 counts as 100).
    pub fn report_percent(&self, percent: u8) {
        let percent = percent.min(100);
        self.attempt.percent.store(percent, Ordering::Relaxed);
    }

    /// What was last reported.
    pub fn percent(&self) -> Option<u8> {
        let percent = self.attempt.percent.load(Ordering::Relaxed);
        Some(percent).filter(|percent| *percent != NO_PERCENT)
    }

    /// Where somebody else may report the end of this attempt (`Task-Callback`); `None` where the service
    /// has no key to sign with.
    pub fn callback(&self) -> Option<&Callback> {
        self.attempt.parts.callback.as_ref()
    }

    /// Ends the work without a result, which somebody else reports through the
    /// [callback](Self::callback): `return Err(cx.hand_over())`. Until then, and up to the deadline, the
    /// task is running.
    ///
    /// Without a callback nobody could report it, so the task fails for good with the code `NoCallback`.
    pub fn hand_over(&self) -> Failure {
        const NO_CALLBACK: ErrorCode = ErrorCode::literal("NoCallback");
        match self.callback() {
            Some(_) => Failure::handed_over(),
            None => Failure::permanent(NO_CALLBACK, "the service takes no results from others"),
        }
    }
}

/// Without what stands for a key.
impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("task_id", &self.task_id())
            .field("kind", self.kind())
            .field("attempt", &self.attempt())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
