//! Why an attempt ended without a result.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::ErrorCode;

/// What stands in place of a code that is none.
const INVALID_CODE: ErrorCode = ErrorCode::literal("InvalidCode");

/// What stands in place of the rest.
const ELLIPSIS: &str = "…";

/// The code of an error that the work did not name.
const ERROR: ErrorCode = ErrorCode::literal("Error");

/// The longest message of a failure, in bytes: it is in the record of its task and in the history of a workflow, and
/// is told in monitors, among the dead letters and in mail.
pub const MAX_SENTENCE: usize = 16 * 1024;

/// Why an attempt ended without a result.
///
/// Its code and its message are for the client, its [source](Self::source) is for the log. Any error
/// becomes one with `?`: a transient failure with the code `Error`, which tells the client no more, since
/// the text of an error may hold what is nobody else's business.
///
/// That an attempt was told to stop comes from [`Context::check_stop`](crate::Context::check_stop)
/// alone, and that its result comes later from [`Context::hand_over`](crate::Context::hand_over) alone:
/// work that could make these up would leave its task open.
///
/// ```compile_fail
/// # use work::{Failure, Told};
/// let failure = Failure::from(Told::Stopped);
/// ```
#[derive(Debug)]
pub struct Failure {
    told: Told,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What a [`Failure`] says: for the engine, and for the tests of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Trying again cannot help; the task fails now.
    Permanent {
        /// For programs.
        code: ErrorCode,
        /// A sentence for the client.
        message: String,
    },
    /// Trying again may help; the task fails after the last attempt.
    Transient {
        /// For programs.
        code: ErrorCode,
        /// A sentence for the client.
        message: String,
    },
    /// It cannot be done yet.
    Later {
        /// When to try again.
        after: Duration,
    },
    /// The attempt was told to stop and did.
    Stopped,
    /// The result comes through the callback.
    HandedOver,
}

impl Failure {
    /// Trying again cannot help: the task fails now. The message is a sentence for the client, of [`MAX_SENTENCE`]
    /// at the most: what is longer is cut.
    ///
    /// In place of a code that is none, `InvalidCode` is told, and the log has the reason.
    pub fn permanent<C>(code: C, message: impl Into<String>) -> Self
    where
        C: TryInto<ErrorCode, Error: fmt::Display>,
    {
        Self::saying(Told::Permanent {
            code: fit(code),
            message: sentence(message),
        })
    }

    /// Trying again may help: the task fails after the last attempt. The message is a sentence for the client, of
    /// [`MAX_SENTENCE`] at the most: what is longer is cut.
    ///
    /// In place of a code that is none, `InvalidCode` is told, and the log has the reason.
    pub fn transient<C>(code: C, message: impl Into<String>) -> Self
    where
        C: TryInto<ErrorCode, Error: fmt::Display>,
    {
        Self::saying(Told::Transient {
            code: fit(code),
            message: sentence(message),
        })
    }

    /// It cannot be done yet, and is tried again after this time: in a second at the soonest, in a year
    /// at the latest. For a day this does not count as an attempt; from then on it does, so that the task
    /// ends.
    pub fn later(after: Duration) -> Self {
        Self::saying(Told::Later { after })
    }

    fn saying(told: Told) -> Self {
        Self { told, source: None }
    }

    /// The attempt was told to stop and did.
    pub(crate) fn stopped() -> Self {
        Self::saying(Told::Stopped)
    }

    /// The result comes through the callback.
    pub(crate) fn handed_over() -> Self {
        Self::saying(Told::HandedOver)
    }

    /// The same failure, with the error behind it. Clients do not see it; the log does, so an error that
    /// quotes the input does not belong here.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }

    /// The error behind it, for the log.
    pub fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }

    /// What it says: for the engine, and for the tests of a kind.
    pub fn told(self) -> Told {
        self.told
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::transient(ERROR, "the work met an error, which the log tells").with_source(error)
    }
}

/// A text as the message of a failure has it: as it is, but for the end of what is longer than [`MAX_SENTENCE`].
pub fn sentence(text: impl Into<String>) -> String {
    let mut text = text.into();
    if text.len() > MAX_SENTENCE {
        let mut places = (0..=MAX_SENTENCE - ELLIPSIS.len()).rev();
        let end = places.find(|place| text.is_char_boundary(*place));
        text.truncate(end.unwrap_or_default());
        text.push_str(ELLIPSIS);
    }
    text
}

fn fit<C>(code: C) -> ErrorCode
where
    C: TryInto<ErrorCode, Error: fmt::Display>,
{
    code.try_into().unwrap_or_else(|invalid| {
        log::error!("{invalid}");
        INVALID_CODE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_it_was_told() {
        assert_eq!(
            Failure::permanent("NotFound", "the page is not there").told(),
            Told::Permanent {
                code: ErrorCode::literal("NotFound"),
                message: "the page is not there".to_owned(),
            }
        );
        assert_eq!(
            Failure::transient("NotYet".to_owned(), String::from("not yet")).told(),
            Told::Transient {
                code: ErrorCode::literal("NotYet"),
                message: "not yet".to_owned(),
            }
        );
        let after = Duration::from_secs(30);
        assert_eq!(Failure::later(after).told(), Told::Later { after });
    }

    #[test]
    fn in_place_of_a_code_that_is_none_another_is_told() {
        let code = INVALID_CODE;
        let message = "a sentence".to_owned();
        assert_eq!(
            Failure::permanent("not a code", &*message).told(),
            Told::Permanent {
                code: code.clone(),
                message: message.clone(),
            }
        );
        assert_eq!(
            Failure::transient("X-Forged: 1\r\n".to_owned(), &*message).told(),
            Told::Transient { code, message }
        );
    }

    #[test]
    fn what_is_longer_than_a_sentence_is_cut() {
        for (text, left) in [
            ("x".repeat(MAX_SENTENCE), "x".repeat(MAX_SENTENCE)),
            (
                "x".repeat(MAX_SENTENCE + 1),
                "x".repeat(MAX_SENTENCE - 3) + "…",
            ),
            ("ü".repeat(1 << 22), "ü".repeat(MAX_SENTENCE / 2 - 2) + "…"),
        ] {
            assert!(sentence(&*text) == left, "{} bytes", text.len());
            let told = Failure::permanent("TooMuch", text).told();
            assert!(matches!(told, Told::Permanent { message, .. } if message == left));
        }
    }

    #[test]
    fn an_error_is_kept_from_the_client_and_told_to_the_log() {
        fn read() -> Result<(), Failure> {
            Err(std::io::Error::other("postgres://user:secret@db"))?;
            Ok(())
        }
        let failure = read().unwrap_err();
        let source = failure.source().unwrap().to_string();
        assert_eq!(source, "postgres://user:secret@db");
        assert_eq!(
            failure.told(),
            Told::Transient {
                code: ErrorCode::literal("Error"),
                message: "the work met an error, which the log tells".to_owned(),
            }
        );
    }

    #[test]
    fn a_failure_with_a_source_says_the_same() {
        let failure = Failure::permanent("NotFound", "the page is not there");
        assert!(failure.source().is_none());
        let failure = failure.with_source(std::fmt::Error);
        assert!(failure.source().unwrap().is::<std::fmt::Error>());
        assert!(
            matches!(failure.told(), Told::Permanent { message, .. } if message == "the page is not there")
        );
    }
}
