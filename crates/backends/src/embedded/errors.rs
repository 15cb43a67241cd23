//! SQLite's failures in the words of the ports.
//!
//! Only SQLite's own fixed texts are passed on: its detailed messages may quote a path or a value.

use rusqlite::{Error, ErrorCode, ffi};

use ports::StorageError;

/// What a failed statement or commit means to the caller of `operation`.
pub(super) fn storage_error(operation: &'static str, error: &Error) -> StorageError {
    match error {
        Error::SqliteFailure(failure, _) if may_pass(failure.code) => {
            StorageError::transient(operation, ffi::code_to_str(failure.extended_code))
        }
        Error::SqliteFailure(failure, _) => {
            StorageError::permanent(operation, ffi::code_to_str(failure.extended_code))
        }
        _ => StorageError::permanent(
            operation,
            "the file holds a value that does not belong there",
        ),
    }
}

/// The thread that should have answered is gone, and nothing starts it again.
pub(super) fn gone(operation: &'static str) -> StorageError {
    StorageError::permanent(operation, "the storage thread has stopped")
}

/// As many operations wait as may, and the disk does not keep up.
pub(super) fn overloaded(operation: &'static str) -> StorageError {
    StorageError::transient(operation, "too many operations wait for the disk")
}

/// The thread did not come to a write in time, or has not come to its end, and will.
pub(super) fn unanswered(operation: &'static str) -> StorageError {
    StorageError::unanswered(operation, "the disk did not keep up in time")
}

/// SQLite undid the whole transaction because of one statement (disk full, input or output error).
pub(super) fn rolled_back() -> Error {
    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ABORT_ROLLBACK), None)
}

/// True for a file that has to be restored, not waited for.
pub(super) fn is_damage(error: &Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
    )
}

fn may_pass(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::OperationAborted
            | ErrorCode::OperationInterrupted
            | ErrorCode::FileLockingProtocolFailed
            // Too many open files, most often.
            | ErrorCode::CannotOpen
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: i32) -> StorageError {
        let detail = Some("/secret/path: payload".to_owned());
        storage_error(
            "create record",
            &Error::SqliteFailure(ffi::Error::new(code), detail),
        )
    }

    #[test]
    fn what_may_pass_is_transient() {
        for code in [
            ffi::SQLITE_BUSY,
            ffi::SQLITE_LOCKED,
            ffi::SQLITE_FULL,
            ffi::SQLITE_IOERR_FSYNC,
        ] {
            assert!(failure(code).is_transient(), "code {code}");
        }
        assert!(storage_error("create record", &rolled_back()).is_transient());
    }

    #[test]
    fn what_somebody_must_repair_is_permanent() {
        for code in [
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_READONLY,
            ffi::SQLITE_NOTADB,
            ffi::SQLITE_CONSTRAINT,
        ] {
            assert!(!failure(code).is_transient(), "code {code}");
        }
        assert!(!storage_error("read record", &Error::InvalidQuery).is_transient());
    }

    #[test]
    fn no_detail_of_the_failure_gets_out() {
        assert_eq!(
            failure(ffi::SQLITE_FULL).to_string(),
            "could not create record: database or disk is full"
        );
    }
}
