//! The values of labels that are closed lists, as Prometheus reads them.

/// How an attempt came out. A failed one may be followed by another; one that was put off or stopped
/// does not count as an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CameOut {
    Succeeded,
    Failed,
    PutOff,
    HandedOver,
    Stopped,
}

impl CameOut {
    pub(super) const ALL: [Self; 5] = [
        Self::Succeeded,
        Self::Failed,
        Self::PutOff,
        Self::HandedOver,
        Self::Stopped,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::PutOff => "put_off",
            Self::HandedOver => "handed_over",
            Self::Stopped => "stopped",
        }
    }
}

/// How an attempt came to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Started {
    /// Where its message was sent.
    Early,
    /// Where its message was received.
    Queue,
}

impl Started {
    pub(super) const ALL: [Self; 2] = [Self::Early, Self::Queue];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Early => "early",
            Self::Queue => "queue",
        }
    }
}

/// How a client's wait for a task came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// The task ended in time.
    Ended,
    /// It did not, or it is gone.
    NotEnded,
    /// As many clients waited as may.
    Refused,
}

impl Waited {
    pub(super) const ALL: [Self; 3] = [Self::Ended, Self::NotEnded, Self::Refused];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::NotEnded => "not_ended",
            Self::Refused => "refused",
        }
    }
}
