//! Points on the way of a task at which a test lets the process die, as a kill would. Those between a
//! record and what follows it are inside a [write](crate::TaskStore::write), so they are here.
//!
//! Debug builds only: in a release build `crash_point` is nothing, and the variable means nothing.
//! This is the one reader of the environment beside `config`, so that no user meets it as a setting.

/// The environment variable that names the point to die at, such as `after-record`; `after-record:3`
/// dies when it is passed for the third time.
pub const CRASH_AT: &str = "CRASH_AT";

/// Where a process may die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// Submit: the record is written, its message is not.
    AfterRecord,
    /// Submit: the message is sent, the client has no reply.
    AfterMessage,
    /// Submit with an idempotency key: the key is claimed, its task is not there.
    AfterKey,
    /// Retry by an operator: the record is queued again, its message is not sent.
    AfterRetry,
    /// Work: the result is there, the record does not know.
    AfterWork,
    /// Work: the record has its terminal status, the message is not acknowledged.
    AfterCommit,
    /// Work: the failure is among the dead letters, the record does not know.
    AfterEntry,
    /// Work: an attempt failed, the record is queued again, the next message is not sent.
    AfterRequeue,
    /// Work: the next message is sent, the one at hand is not deleted.
    AfterNextMessage,
    /// Work: the message is a dead letter, and still in its own queue.
    AfterPoisoning,
    /// Workflow: what has arrived is written, and the messages that follow are sent; the one at hand is not settled.
    FlowAfterCommit,
    /// Workflow: the single messages that follow are sent, the fan-outs are not.
    FlowAfterSends,
    /// Workflow: the tally of a fan-out is open, no member is sent.
    FlowAfterTally,
    /// Workflow: the members of a range are sent, the range's message is not settled.
    FlowAfterRange,
    /// Workflow: a member has added what it gave, nobody has looked whether it was the last.
    FlowAfterAdd,
    /// Workflow: all members have given something, the instance does not know.
    FlowAfterLook,
    /// Workflow: the instance has ended, whoever waits for it does not know.
    FlowAfterEnd,
    /// Workflow: the instance begins anew, nothing has begun.
    FlowAfterGeneration,
    /// Workflow: what had failed is taken back, nothing is sent again.
    FlowAfterRewind,
    /// Read: the reply is written, the record is not deleted.
    AfterReply,
    /// Sweep: messages are received, none is worked on.
    SweepAfterReceive,
    /// Sweep: a dead letter's task has failed, the letter is still there.
    SweepAfterBurial,
    /// Sweep: some old records are deleted, others are not.
    SweepAfterPrune,
    /// Sweep: a lost task is claimed to be sent again, its message is not sent.
    SweepAfterClaim,
    /// Sweep: the message of a lost task is sent again.
    SweepAfterResend,
}

impl CrashPoint {
    /// Every point.
    pub const ALL: [Self; 25] = [
        Self::AfterRecord,
        Self::AfterMessage,
        Self::AfterKey,
        Self::AfterRetry,
        Self::AfterWork,
        Self::AfterCommit,
        Self::AfterEntry,
        Self::AfterRequeue,
        Self::AfterNextMessage,
        Self::AfterPoisoning,
        Self::FlowAfterCommit,
        Self::FlowAfterSends,
        Self::FlowAfterTally,
        Self::FlowAfterRange,
        Self::FlowAfterAdd,
        Self::FlowAfterLook,
        Self::FlowAfterEnd,
        Self::FlowAfterGeneration,
        Self::FlowAfterRewind,
        Self::AfterReply,
        Self::SweepAfterReceive,
        Self::SweepAfterBurial,
        Self::SweepAfterPrune,
        Self::SweepAfterClaim,
        Self::SweepAfterResend,
    ];

    /// Whether it is between two steps of one write, and so is not where a store does all or none.
    pub fn is_inside_a_write(self) -> bool {
        matches!(
            self,
            Self::AfterRecord
                | Self::AfterRetry
                | Self::AfterCommit
                | Self::AfterEntry
                | Self::AfterRequeue
                | Self::AfterNextMessage
                | Self::AfterPoisoning
                | Self::SweepAfterClaim
        )
    }

    /// The spelling in [`CRASH_AT`].
    pub fn name(self) -> &'static str {
        match self {
            Self::AfterRecord => "after-record",
            Self::AfterMessage => "after-message",
            Self::AfterKey => "after-key",
            Self::AfterRetry => "after-retry",
            Self::AfterWork => "after-work",
            Self::AfterCommit => "after-commit",
            Self::AfterEntry => "after-entry",
            Self::AfterRequeue => "after-requeue",
            Self::AfterNextMessage => "after-next-message",
            Self::AfterPoisoning => "after-poisoning",
            Self::FlowAfterCommit => "flow-after-commit",
            Self::FlowAfterSends => "flow-after-sends",
            Self::FlowAfterTally => "flow-after-tally",
            Self::FlowAfterRange => "flow-after-range",
            Self::FlowAfterAdd => "flow-after-add",
            Self::FlowAfterLook => "flow-after-look",
            Self::FlowAfterEnd => "flow-after-end",
            Self::FlowAfterGeneration => "flow-after-generation",
            Self::FlowAfterRewind => "flow-after-rewind",
            Self::AfterReply => "after-reply",
            Self::SweepAfterReceive => "sweep-after-receive",
            Self::SweepAfterBurial => "sweep-after-burial",
            Self::SweepAfterPrune => "sweep-after-prune",
            Self::SweepAfterClaim => "sweep-after-claim",
            Self::SweepAfterResend => "sweep-after-resend",
        }
    }
}

/// Dies here, without a destructor or a flush, if the process was told to. Debug builds only.
#[cfg(debug_assertions)]
pub fn crash_point(point: CrashPoint) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// The point that was asked for, and how often it is to be passed before.
    static ASKED: LazyLock<Option<(String, AtomicU32)>> = LazyLock::new(|| {
        let asked = std::env::var(CRASH_AT).ok()?;
        let (name, time) = asked.split_once(':').unwrap_or((&asked, "1"));
        let passes = time.parse::<u32>().ok()?.checked_sub(1)?;
        Some((name.to_owned(), AtomicU32::new(passes)))
    });

    let Some((name, passes)) = &*ASKED else {
        return;
    };
    let last = |left: u32| left.checked_sub(1);
    if name == point.name()
        && passes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, last)
            .is_err()
    {
        eprintln!("crash point {name}");
        std::process::abort();
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
#[inline]
pub fn crash_point(_: CrashPoint) {}
