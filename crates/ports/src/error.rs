//! Why storage did not do what was asked.

use std::fmt;

/// A storage operation that failed for a reason other than the ones its signature names.
///
/// `Display` is safe to log: backends put no credentials, URLs or payloads in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageError {
    /// What was tried, such as `create record`.
    pub operation: &'static str,
    /// Why it failed, in one line.
    pub cause: String,
    /// Whether trying again can help.
    pub recovery: Recovery,
}

/// Whether trying a failed storage operation again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// It may pass, and nothing was done: unreachable, throttled, busy.
    Transient,
    /// It may pass, and what was to be written may be written, now or a little later: it was sent, and
    /// there was no answer. Never said of what only reads.
    Unanswered,
    /// It stays until somebody allows it, elsewhere and while we run: no permission.
    Denied,
    /// It stays until somebody acts: wrong key, corrupt file.
    Permanent,
}

impl StorageError {
    /// A failure that may pass by itself.
    pub fn transient(operation: &'static str, cause: impl Into<String>) -> Self {
        Self {
            operation,
            cause: cause.into(),
            recovery: Recovery::Transient,
        }
    }

    /// A write of which nobody knows whether it was done.
    pub fn unanswered(operation: &'static str, cause: impl Into<String>) -> Self {
        Self {
            operation,
            cause: cause.into(),
            recovery: Recovery::Unanswered,
        }
    }

    /// A failure that stays until somebody allows what was tried.
    pub fn denied(operation: &'static str, cause: impl Into<String>) -> Self {
        Self {
            operation,
            cause: cause.into(),
            recovery: Recovery::Denied,
        }
    }

    /// A failure that stays until somebody acts.
    pub fn permanent(operation: &'static str, cause: impl Into<String>) -> Self {
        Self {
            operation,
            cause: cause.into(),
            recovery: Recovery::Permanent,
        }
    }

    /// True when trying again may help without anybody's doing.
    pub fn is_transient(&self) -> bool {
        matches!(self.recovery, Recovery::Transient | Recovery::Unanswered)
    }

    /// True when what was to be written may be written all the same.
    pub fn is_unanswered(&self) -> bool {
        self.recovery == Recovery::Unanswered
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}: {}", self.operation, self.cause)
    }
}

impl std::error::Error for StorageError {}
