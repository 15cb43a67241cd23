//! Results: written as JSON up to a limit, without a copy of the text.

use std::io;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{ErrorCode, Failure};

const RESULT_TOO_LARGE: ErrorCode = ErrorCode::literal("ResultTooLarge");
const INVALID_RESULT: ErrorCode = ErrorCode::literal("InvalidResult");

/// The room for a small result, in bytes: most need no more.
const SMALL: usize = 128;

/// The largest result, as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResultLimit(usize);

impl ResultLimit {
    /// So many bytes.
    pub const fn bytes(bytes: usize) -> Self {
        Self(bytes)
    }

    /// In bytes.
    pub const fn get(self) -> usize {
        self.0
    }

    /// What is told of a result that is larger.
    pub fn exceeded(self) -> Failure {
        let message = format!("the result is larger than {} bytes", self.0);
        Failure::permanent(RESULT_TOO_LARGE, message)
    }
}

/// The result as JSON. The output is gone before the text is looked at: it may be as large.
pub(super) fn written(
    output: impl Serialize,
    limit: ResultLimit,
) -> Result<Box<RawValue>, Failure> {
    let mut text = Bounded {
        text: Vec::with_capacity(SMALL.min(limit.0)),
        limit: limit.0,
    };
    serde_json::to_writer(&mut text, &output).map_err(|error| {
        if error.is_io() {
            limit.exceeded()
        } else {
            invalid(error)
        }
    })?;
    drop(output);
    let text = String::from_utf8(text.text).map_err(invalid)?;
    RawValue::from_string(text).map_err(invalid)
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::permanent(INVALID_RESULT, "the result cannot be written as JSON").with_source(error)
}

/// Text that has no room for more than its limit.
struct Bounded {
    text: Vec<u8>,
    limit: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let length = self.text.len() + part.len();
        if length > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if length > self.text.capacity() {
            // A vector left to itself doubles, and so might pass the limit.
            let capacity = length.max(self.text.capacity() * 2).min(self.limit);
            self.text.reserve_exact(capacity - self.text.len());
        }
        self.text.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Write;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use proptest::prelude::*;
    use serde::Serializer;

    use super::*;
    use crate::Told;

    fn told(output: impl Serialize, limit: usize) -> Told {
        written(output, ResultLimit::bytes(limit))
            .unwrap_err()
            .told()
    }

    #[test]
    fn a_result_as_large_as_the_limit_is_written() {
        let limit = ResultLimit::bytes(7);
        assert_eq!(written("hello", limit).unwrap().get(), "\"hello\"");
        assert_eq!(written((), limit).unwrap().get(), "null");
    }

    #[test]
    fn a_result_over_the_limit_fails_for_good() {
        assert_eq!(
            told("hello!", 7),
            Told::Permanent {
                code: RESULT_TOO_LARGE,
                message: "the result is larger than 7 bytes".to_owned(),
            }
        );
        assert!(matches!(told(0, 0), Told::Permanent { code, .. } if code == RESULT_TOO_LARGE));
    }

    #[test]
    fn a_result_that_cannot_be_json_fails_for_good_and_the_log_has_the_reason() {
        let failure =
            written(BTreeMap::from([((1, 2), 3)]), ResultLimit::bytes(1_000)).unwrap_err();
        assert_eq!(
            failure.source().unwrap().to_string(),
            "key must be a string"
        );
        assert_eq!(
            failure.told(),
            Told::Permanent {
                code: INVALID_RESULT,
                message: "the result cannot be written as JSON".to_owned(),
            }
        );
    }

    #[test]
    fn an_endless_result_is_not_written_past_the_limit() {
        struct Endless(Arc<AtomicUsize>);

        impl Serialize for Endless {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(std::iter::from_fn(|| {
                    Some(self.0.fetch_add(1, Ordering::Relaxed))
                }))
            }
        }

        let asked = Arc::new(AtomicUsize::new(0));
        let told = told(Endless(Arc::clone(&asked)), 1_000);
        assert!(matches!(told, Told::Permanent { code, .. } if code == RESULT_TOO_LARGE));
        assert!(asked.load(Ordering::Relaxed) < 1_000);
    }

    proptest! {
        #[test]
        fn no_more_than_the_limit_is_allocated(
            parts in proptest::collection::vec("[ -~]{0,300}", 0..20),
            limit in 0..3_000_usize,
        ) {
            let mut text = Bounded { text: Vec::new(), limit };
            let mut expected = String::new();
            for part in &parts {
                let fits = expected.len() + part.len() <= limit;
                prop_assert_eq!(text.write_all(part.as_bytes()).is_ok(), fits);
                if fits {
                    expected.push_str(part);
                }
                prop_assert!(text.text.capacity() <= limit);
            }
            prop_assert_eq!(text.text, expected.into_bytes());
        }
    }
}
