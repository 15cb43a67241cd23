//! Exit codes, and what failure each of them means.

use std::collections::BTreeSet;
use std::process::ExitStatus;
use std::time::Duration;

use serde::Deserialize;
use work::{ErrorCode, Failure};

/// How long work waits that cannot be done yet and does not say for how long.
const LATER: Duration = Duration::from_secs(30);

const COMMAND_FAILED: ErrorCode = ErrorCode::literal("CommandFailed");

/// The exit codes that are more than a failure to be tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExitCodes {
    /// Trying again cannot help: 65, `EX_DATAERR` of `sysexits.h`.
    pub permanent: BTreeSet<u8>,
    /// It cannot be done yet: 75, `EX_TEMPFAIL`.
    pub later: BTreeSet<u8>,
}

impl Default for ExitCodes {
    fn default() -> Self {
        Self {
            permanent: BTreeSet::from([65]),
            later: BTreeSet::from([75]),
        }
    }
}

/// What a command says of its failure on stderr.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// `@error`.
    pub(super) error: Option<SaidError>,
    /// `@retry-after`.
    pub(super) retry_after: Option<Duration>,
}

/// `{"code": "…", "message": "…"}`.
#[derive(Debug, Deserialize)]
pub(super) struct SaidError {
    code: String,
    message: String,
}

impl ExitCodes {
    /// The failure of a command that ended like this, unless it succeeded.
    pub(super) fn failure(&self, status: ExitStatus, said: Said) -> Option<Failure> {
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        match code {
            Some(0) => None,
            Some(code) if self.later.contains(&code) => {
                Some(Failure::later(said.retry_after.unwrap_or(LATER)))
            }
            Some(code) if self.permanent.contains(&code) => Some(match said.error {
                Some(error) => Failure::permanent(error.code, error.message),
                None => Failure::permanent(COMMAND_FAILED, told(status)),
            }),
            _ => Some(match said.error {
                Some(error) => Failure::transient(error.code, error.message),
                None => Failure::transient(COMMAND_FAILED, told(status)),
            }),
        }
    }
}

/// `the command ended with exit status: 1`, or by which signal.
fn told(status: ExitStatus) -> String {
    format!("the command ended with {status}")
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use work::Told;

    use super::*;

    fn told_of(raw: i32, said: Said) -> Option<Told> {
        let status = ExitStatus::from_raw(raw);
        ExitCodes::default()
            .failure(status, said)
            .map(Failure::told)
    }

    fn said() -> Said {
        Said {
            error: Some(SaidError {
                code: "NoPicture".to_owned(),
                message: "it is no picture".to_owned(),
            }),
            retry_after: Some(Duration::from_secs(7)),
        }
    }

    #[test]
    fn an_exit_code_says_which_failure_it_is() {
        let (code, message) = (
            ErrorCode::literal("NoPicture"),
            "it is no picture".to_owned(),
        );
        let permanent = Told::Permanent {
            code: code.clone(),
            message: message.clone(),
        };
        let after = Duration::from_secs(7);
        assert_eq!(told_of(0, said()), None);
        assert_eq!(told_of(65 << 8, said()), Some(permanent));
        assert_eq!(told_of(75 << 8, said()), Some(Told::Later { after }));
        assert_eq!(
            told_of(1 << 8, said()),
            Some(Told::Transient { code, message })
        );
        let after = LATER;
        assert_eq!(
            told_of(75 << 8, Said::default()),
            Some(Told::Later { after })
        );
    }

    #[test]
    fn a_command_that_says_nothing_is_told_of_by_its_end() {
        for (raw, message) in [
            (1 << 8, "the command ended with exit status: 1"),
            (9, "the command ended with signal: 9 (SIGKILL)"),
        ] {
            let message = message.to_owned();
            let told = Told::Transient {
                code: COMMAND_FAILED,
                message,
            };
            assert_eq!(told_of(raw, Said::default()), Some(told));
        }
    }

    #[test]
    fn the_operator_says_what_codes_mean() {
        let codes = ExitCodes {
            permanent: BTreeSet::from([3]),
            later: BTreeSet::new(),
        };
        let told_of = |code: i32| {
            let status = ExitStatus::from_raw(code << 8);
            codes.failure(status, Said::default()).map(Failure::told)
        };
        assert!(matches!(told_of(3), Some(Told::Permanent { .. })));
        assert!(matches!(told_of(65), Some(Told::Transient { .. })));
        assert!(matches!(told_of(75), Some(Told::Transient { .. })));
    }
}
