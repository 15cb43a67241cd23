//! The kinds of work. A new kind is one new file in this folder and one line in [`Kinds::standard`].

mod fibonacci;
mod registry;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use tokio_util::sync::CancellationToken;

pub use fibonacci::Fibonacci;
pub(crate) use registry::is_safe;
pub use registry::{KindRefused, Kinds};

use crate::limits::ATTEMPT_TIME_LIMIT;
use crate::model::json::named_field;

/// The kind that a body `{"number": n}` stands for: R0 knows no other.
pub const R0_KIND: &str = Fibonacci::NAME;

/// One kind of work: what it takes, what it gives, and how it is done.
///
/// Work may run more than once (delivery is at-least-once), so it must be safe to repeat.
pub trait Kind: Send + Sync + 'static {
    /// The name clients use: 1 to 64 lower-case letters, digits, `-`, `_` and `.`, a letter or a digit
    /// first. With another one, or one that is taken, the service does not start.
    const NAME: &'static str;

    /// The client's input. What does not deserialize is refused with a 422 that names the field.
    type Input: DeserializeOwned;

    /// The result. A JSON object is merged into the reply of `GET /api/tasks/{id}`.
    type Output: Serialize;

    /// Looks at an input before it is accepted.
    fn check(&self, input: &Self::Input) -> Result<(), InvalidInput> {
        let _ = input;
        Ok(())
    }

    /// Does the work, on a thread of its own unless it [is quick](Self::is_quick): it may compute and
    /// block, but should ask [`Attempt::stop_requested`] now and then when it lasts.
    fn run(&self, input: Self::Input, attempt: &Attempt) -> Result<Self::Output, Failure>;

    /// How long one attempt may last.
    fn time_limit(&self) -> Duration {
        ATTEMPT_TIME_LIMIT
    }

    /// Whether the work for this input takes microseconds and never blocks, so that handing it to a
    /// thread of its own would take longer than doing it.
    fn is_quick(&self, input: &Self::Input) -> bool {
        let _ = input;
        false
    }

    /// Whether the work has no effect but its result. Pure work may begin without asking first
    /// whether the task was canceled, which saves a read for each task; its result is then dropped.
    const PURE: bool = false;
}

/// An input that the kind does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidInput {
    /// The path of the field inside the input, such as `number`; empty for the input as a whole.
    pub field: String,
    /// A sentence for the client, which repeats no text that it sent: it may be anything, of any
    /// length.
    pub message: String,
}

impl InvalidInput {
    /// Refuses an input because of one field.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// Why an attempt ended without a result.
///
/// A code is for programs, and travels in a header: `PascalCase`, up to 64 letters and digits. In place
/// of another one `InvalidCode` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Trying again cannot help; the task fails now.
    Permanent {
        /// Stable, for programs: `PascalCase`.
        code: &'static str,
        /// A sentence for the client.
        message: String,
    },
    /// Trying again may help; the task fails after the last attempt.
    Transient {
        /// Stable, for programs: `PascalCase`.
        code: &'static str,
        /// A sentence for the client.
        message: String,
    },
    /// It cannot be done yet. For a day this does not count as an attempt; from then on it does, so that
    /// the task ends.
    Later {
        /// When to try again: in a second at the soonest, in a year at the latest.
        after: Duration,
    },
    /// The attempt was told to stop and did: what [`Attempt::check_stop`] gives, and nothing else.
    Stopped(Stopped),
}

/// Says that an attempt was told to stop. Work cannot make it up: its task would be left open, and
/// nobody would come back to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped(());

/// What an attempt knows about itself, and how it talks to the outside.
#[derive(Clone, Debug)]
pub struct Attempt {
    number: u32,
    stop: CancellationToken,
    percent: Arc<AtomicU8>,
}

/// Stands for "no progress reported".
const NO_PERCENT: u8 = u8::MAX;

impl Attempt {
    /// The attempt with this number (from 1), to be stopped by this token.
    pub fn new(number: u32, stop: CancellationToken) -> Self {
        Self {
            number,
            stop,
            percent: Arc::new(AtomicU8::new(NO_PERCENT)),
        }
    }

    /// Which attempt it is; 1 is the first.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// True when the result is no longer wanted: canceled, out of time, or the process ends.
    pub fn stop_requested(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// The same as a `?`-able check.
    pub fn check_stop(&self) -> Result<(), Failure> {
        if self.stop_requested() {
            Err(Failure::Stopped(Stopped(())))
        } else {
            Ok(())
        }
    }

    /// Says how far the work has come, in percent (more than 100 counts as 100).
    pub fn report_percent(&self, percent: u8) {
        self.percent.store(percent.min(100), Ordering::Relaxed);
    }

    /// What was last reported.
    pub fn percent(&self) -> Option<u8> {
        Some(self.percent.load(Ordering::Relaxed)).filter(|percent| *percent != NO_PERCENT)
    }
}

/// A [`Kind`] without its types: JSON in, JSON out.
pub trait AnyKind: Send + Sync {
    /// Parses and checks an input.
    fn check(&self, input: &RawValue) -> Result<(), InvalidInput>;

    /// Parses an input and does the work.
    fn run(&self, input: &RawValue, attempt: &Attempt) -> Result<Box<RawValue>, Failure>;

    /// Whether the work for this input is not worth a thread of its own.
    fn is_quick(&self, input: &RawValue) -> bool;

    /// How long one attempt may last.
    fn time_limit(&self) -> Duration;

    /// Whether the work has no effect but its result.
    fn is_pure(&self) -> bool;
}

impl<K: Kind> AnyKind for K {
    fn check(&self, input: &RawValue) -> Result<(), InvalidInput> {
        Kind::check(self, &parse(input)?)
    }

    fn run(&self, input: &RawValue, attempt: &Attempt) -> Result<Box<RawValue>, Failure> {
        let input = parse(input).map_err(|invalid| Failure::Permanent {
            code: "InvalidInput",
            message: invalid.message,
        })?;
        let output = Kind::run(self, input, attempt)?;
        to_raw_value(&output).map_err(|_| Failure::Permanent {
            code: "InvalidResult",
            message: "the result cannot be written as JSON".to_owned(),
        })
    }

    fn is_quick(&self, input: &RawValue) -> bool {
        parse(input).is_ok_and(|input| Kind::is_quick(self, &input))
    }

    fn time_limit(&self) -> Duration {
        Kind::time_limit(self)
    }

    fn is_pure(&self) -> bool {
        K::PURE
    }
}

fn parse<T: DeserializeOwned>(input: &RawValue) -> Result<T, InvalidInput> {
    // The path to a field is a copy of each name on it, so only a refusal makes one.
    serde_json::from_str(input.get()).or_else(|_| parse_with_path(input))
}

fn parse_with_path<T: DeserializeOwned>(input: &RawValue) -> Result<T, InvalidInput> {
    let mut json = serde_json::Deserializer::from_str(input.get());
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let message = error.into_inner().to_string();
        // serde_json ends its sentences with a position inside the input, which a client cannot use.
        let sentence = message
            .rsplit_once(" at line ")
            .map_or(&*message, |(sentence, _)| sentence);
        let field = if path == "." {
            named_field(sentence).unwrap_or_default()
        } else {
            &path
        };
        InvalidInput::new(field, without_value(sentence))
    })
}

/// ``invalid type: string "…", expected u32`` -> `invalid type, expected u32`
fn without_value(sentence: &str) -> String {
    match sentence.rsplit_once(", expected ") {
        Some((said, expected)) => {
            let what = said.split([':', '`']).next().unwrap_or_default().trim_end();
            format!("{what}, expected {expected}")
        }
        None => sentence.to_owned(),
    }
}
