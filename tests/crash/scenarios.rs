//! For every crash point: what is there before, how a process comes to the point, and what may
//! come of it. A new point without a scenario does not compile.

use std::ops::RangeInclusive;

use ports::crash::CrashPoint;

use crate::helpers::deployment::Setting;

/// How a process dies at one point.
pub(super) struct Scenario {
    pub(super) point: CrashPoint,
    /// At which pass of the point.
    pub(super) pass: u32,
    /// What is in storage when the process starts.
    pub(super) before: Before,
    pub(super) drive: Drive,
    /// Whether work waits for a look into the queue, and does not begin where it was accepted.
    pub(super) is_queued: bool,
    /// Settings of the process that dies; the one after it has none of them.
    pub(super) settings: &'static [(&'static str, &'static str)],
    /// How many tasks there may be that no client was told of.
    pub(super) untold: RangeInclusive<usize>,
}

/// What earlier processes have left.
#[derive(Clone, Copy)]
pub(super) enum Before {
    Nothing,
    /// An accepted task that nobody has begun.
    Waiting,
    /// Another one, and a task whose message cannot be read.
    Unreadable,
    /// Another one, and tasks whose messages were put into the poison queue.
    Poisoned,
    /// Tasks without a message, long enough for that to show.
    Lost,
}

/// What clients, operators and the platform do until the process dies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Drive {
    /// Submissions, one after another, each with a key.
    Submit,
    /// A result is fetched.
    Fetch,
    /// A failed task is retried.
    Retry,
    /// The platform stops a process whose slots are taken.
    Stop,
    /// The results are old when a sweep comes.
    Prune,
    /// A sweep finds messages that no host takes, because the queue's function is missing.
    Drain,
    /// This is submitted, which is a workflow.
    Flow(&'static str),
    /// The same with one that fails, and then what has failed is taken back.
    Rewind(&'static str),
    /// The start is enough.
    Start,
}

/// Whether its client was told of an instance, and besides as many children as a family has.
const FAMILY: RangeInclusive<usize> = 3..=4;

pub(super) fn scenario(point: CrashPoint) -> Scenario {
    let plain = Scenario {
        point,
        pass: 1,
        before: Before::Nothing,
        drive: Drive::Start,
        is_queued: false,
        settings: &[],
        untold: 0..=0,
    };
    match point {
        CrashPoint::AfterRecord | CrashPoint::AfterMessage => Scenario {
            pass: 3,
            drive: Drive::Submit,
            untold: 1..=1,
            ..plain
        },
        CrashPoint::AfterKey => Scenario {
            pass: 3,
            drive: Drive::Submit,
            ..plain
        },
        CrashPoint::AfterWork | CrashPoint::AfterCommit => Scenario {
            pass: 2,
            drive: Drive::Submit,
            untold: 0..=1,
            ..plain
        },
        CrashPoint::AfterEntry => Scenario {
            before: Before::Waiting,
            // So that the task fails; the next process can do it.
            settings: &[("MAX_NUMBER", "10")],
            ..plain
        },
        CrashPoint::AfterReply => Scenario {
            drive: Drive::Fetch,
            ..plain
        },
        CrashPoint::AfterRetry => Scenario {
            before: Before::Waiting,
            drive: Drive::Retry,
            // So that the task fails; the next process can do it.
            settings: &[("MAX_NUMBER", "10")],
            ..plain
        },
        CrashPoint::AfterRequeue | CrashPoint::AfterNextMessage => Scenario {
            drive: Drive::Stop,
            settings: &[("WORKER_CONCURRENCY", "1")],
            ..plain
        },
        CrashPoint::AfterPoisoning => Scenario {
            before: Before::Unreadable,
            ..plain
        },
        CrashPoint::FlowAfterCommit => Scenario {
            pass: 2,
            drive: Drive::Flow(r#"{"kind":"flow-chain","input":{"number":5}}"#),
            untold: 0..=1,
            ..plain
        },
        CrashPoint::FlowAfterSends | CrashPoint::FlowAfterEnd => Scenario {
            drive: Drive::Flow(r#"{"kind":"flow-family","input":{"number":5}}"#),
            untold: FAMILY,
            ..plain
        },
        CrashPoint::FlowAfterTally | CrashPoint::FlowAfterLook => Scenario {
            drive: Drive::Flow(r#"{"kind":"flow-fan","input":{"number":6}}"#),
            untold: 0..=1,
            ..plain
        },
        CrashPoint::FlowAfterAdd => Scenario {
            pass: 2,
            drive: Drive::Flow(r#"{"kind":"flow-fan","input":{"number":7}}"#),
            untold: 0..=1,
            ..plain
        },
        CrashPoint::FlowAfterRange => Scenario {
            // More than one turn sends itself.
            drive: Drive::Flow(r#"{"kind":"flow-fan","input":{"number":8,"width":260}}"#),
            untold: 0..=1,
            ..plain
        },
        CrashPoint::FlowAfterGeneration => Scenario {
            pass: 2,
            drive: Drive::Flow(r#"{"kind":"flow-loop","input":{"number":9}}"#),
            untold: 0..=1,
            ..plain
        },
        CrashPoint::FlowAfterRewind => Scenario {
            drive: Drive::Rewind(r#"{"kind":"flow-checked","input":{"number":20}}"#),
            // So that a step fails; the next process can do it.
            settings: &[("MAX_NUMBER", "10")],
            ..plain
        },
        CrashPoint::SweepAfterReceive => Scenario {
            drive: Drive::Drain,
            // Otherwise there would be nothing for the sweep to find: quick work begins at once.
            is_queued: true,
            settings: &[("WORKER_CONCURRENCY", "1")],
            ..plain
        },
        CrashPoint::SweepAfterBurial => Scenario {
            before: Before::Poisoned,
            ..plain
        },
        CrashPoint::SweepAfterPrune => Scenario {
            drive: Drive::Prune,
            settings: &[("RESULT_RETENTION", "1s")],
            ..plain
        },
        CrashPoint::FlowAfterCommit
        | CrashPoint::FlowAfterSends
        | CrashPoint::FlowAfterTally
        | CrashPoint::FlowAfterRange
        | CrashPoint::FlowAfterAdd
        | CrashPoint::FlowAfterLook
        | CrashPoint::FlowAfterEnd
        | CrashPoint::FlowAfterGeneration
        | CrashPoint::FlowAfterRewind => plain,
        CrashPoint::SweepAfterClaim | CrashPoint::SweepAfterResend => Scenario {
            before: Before::Lost,
            ..plain
        },
    }
}

impl Scenario {
    /// The same with work that waits for a look into the queue, if that comes to the point on another way.
    pub(super) fn queued(self) -> Option<Self> {
        let has_another_way = matches!(
            self.point,
            CrashPoint::AfterWork | CrashPoint::AfterCommit | CrashPoint::AfterNextMessage
        );
        has_another_way.then_some(Self {
            is_queued: true,
            ..self
        })
    }

    /// A sweep takes messages from the queue only where no loop of the process does, and on the embedded
    /// store no write has an inside, and nothing begins where it was accepted.
    pub(super) fn exists_in(&self, setting: Setting) -> bool {
        match setting {
            Setting::Embedded => {
                self.drive != Drive::Drain && !self.point.is_inside_a_write() && !self.is_queued
            }
            Setting::Azurite => self.drive != Drive::Drain,
            Setting::Hosted => true,
        }
    }

    /// What makes the process die.
    pub(super) fn crash_at(&self) -> String {
        format!("{}:{}", self.point.name(), self.pass)
    }
}
