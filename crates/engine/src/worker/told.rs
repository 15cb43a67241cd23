//! How an attempt ended, and what the work said of it.

use std::time::Duration;

use serde_json::value::RawValue;

use crate::limits::LONGEST_HAND_OVER;
use crate::local::metrics::CameOut;
use crate::local::slots::NoSlot;
use crate::text::beginning;
use work::{Context, ErrorCode, Failure, Told};

const TIME_LIMIT_EXCEEDED: ErrorCode = ErrorCode::literal("TimeLimitExceeded");
const WORK_PANICKED: ErrorCode = ErrorCode::literal("WorkPanicked");
const NOT_WORKABLE: ErrorCode = ErrorCode::literal("NotWorkable");
const STOPPED_UNASKED: ErrorCode = ErrorCode::literal("StoppedUnasked");

/// The longest message of an error in a line of the log, in bytes.
pub(crate) const MAX_LOGGED_MESSAGE: usize = 500;

/// How an attempt ended.
pub(crate) enum Ended {
    /// With a result.
    Succeeded(Box<RawValue>),
    /// Without one.
    Failed {
        code: ErrorCode,
        message: String,
        /// Whether trying again may help.
        may_pass: bool,
    },
    /// The work asks for another time.
    Later(Duration),
    /// Somebody else goes on with it, and reports its end.
    HandedOver {
        /// How far it has come, if the work says.
        percent: Option<u8>,
        /// How long that may take.
        left: Duration,
    },
    /// The record asks for other work than the message did.
    OtherWork,
    /// It has not begun.
    NoSlot(NoSlot),
    /// It was told to stop, or not to begin: the process ends, or the task has.
    Stopped,
}

impl Ended {
    /// How this is counted, unless the attempt has not begun.
    pub(crate) fn came_out(&self) -> Option<CameOut> {
        match self {
            Self::Succeeded(_) => Some(CameOut::Succeeded),
            Self::Failed { .. } => Some(CameOut::Failed),
            Self::Later(_) => Some(CameOut::PutOff),
            Self::HandedOver { .. } => Some(CameOut::HandedOver),
            Self::OtherWork | Self::Stopped => Some(CameOut::Stopped),
            Self::NoSlot(_) => None,
        }
    }
}

/// What the work says of its end. That it was told to stop counts only if it was: a task whose message
/// is settled for nothing would stay open.
pub(super) fn told(worked: Result<Box<RawValue>, Failure>, cx: &Context) -> Ended {
    let failed = |code, message, may_pass| Ended::Failed {
        code,
        message,
        may_pass,
    };
    let failure = match worked {
        Ok(result) => return Ended::Succeeded(result),
        Err(failure) => failure,
    };
    if let Some(source) = failure.source() {
        let source = source.to_string();
        let reason = beginning(&source, MAX_LOGGED_MESSAGE);
        log::warn!("task.id" = cx.task_id(), "task.kind" = cx.kind().as_str(), attempt = cx.attempt(); "the work met an error: {reason}");
    }
    match failure.told() {
        Told::Permanent { code, message } => failed(code, message, false),
        Told::Transient { code, message } => failed(code, message, true),
        Told::Later { after } => Ended::Later(after),
        Told::HandedOver => Ended::HandedOver {
            percent: cx.percent(),
            left: cx.time_left().min(LONGEST_HAND_OVER),
        },
        Told::Stopped if cx.stop_requested() => Ended::Stopped,
        Told::Stopped => failed(
            STOPPED_UNASKED,
            "the work stopped although nobody told it to".to_owned(),
            true,
        ),
    }
}

/// The work has panicked, and nobody knows how far it had come.
pub(super) fn panicked() -> Ended {
    Ended::Failed {
        code: WORK_PANICKED,
        message: "the work broke off because of a defect".to_owned(),
        may_pass: true,
    }
}

/// A workflow has turns, and no attempts.
pub(super) fn not_workable() -> Ended {
    Ended::Failed {
        code: NOT_WORKABLE,
        message: "a workflow is no step".to_owned(),
        may_pass: false,
    }
}

/// The work has not ended in time.
pub(super) fn out_of_time() -> Ended {
    Ended::Failed {
        code: TIME_LIMIT_EXCEEDED,
        message: "the attempt took longer than its time limit".to_owned(),
        may_pass: true,
    }
}
