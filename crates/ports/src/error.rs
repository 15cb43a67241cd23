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
    /// It may pass: unreachable, throttled, busy.
    Transient,
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
        self.recovery == Recovery::Transient
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}: {}", self.operation, self.cause)
    }
}

impl std::error::Error for StorageError {}
