//! What may happen, and how often. The model knows how many tasks there are; everything else is
//! judged by what was seen.

use std::time::Duration;

use engine::limits::{HIDDEN_AT_MOST, LOST_AFTER, VISIBILITY_TIMEOUT};
use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;

use crate::helpers::calls::Moment;
use crate::helpers::process::RETENTION;

/// Work, and what may come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Succeeds with what it got; begins without looking at the record.
    Echo,
    /// Succeeds after so many failed attempts.
    Flaky(u32),
    /// Fails for good.
    Hopeless,
    /// Comes too early, and asks to be put off.
    Later,
}

/// What one process does.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Submit(Work),
    /// Takes a message and works on it.
    Deliver,
    /// Takes a message, and does nothing with it for now.
    Take,
    /// Works on a message that was taken, perhaps long ago.
    Finish(usize),
    Cancel(usize),
    Delete(usize),
    Retry(usize),
    /// Reads a result, and deletes it.
    Consume(usize),
    Sweep,
}

/// One step of a history.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// An act of one of two processes.
    Alone(usize, Act),
    /// The process dies at its so many-th call to storage, before the call's effect or after.
    Dying(usize, Act, u32, Moment),
    /// Two acts at once, one of each process; each call to storage lets others go first so often.
    Together(Act, Act, Vec<u8>),
    /// So many times: long enough for a next attempt, and a delivery.
    Rounds(usize),
    /// Time passes.
    Pass(Duration),
    /// Somebody clears the queue.
    Clear,
}

/// How many tasks were submitted.
#[derive(Clone, Debug)]
pub(super) struct Script {
    tasks: usize,
}

impl ReferenceStateMachine for Script {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self { tasks: 0 }).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Step> {
        let moment = prop_oneof![Just(Moment::Before), Just(Moment::After)];
        let yields = proptest::collection::vec(0_u8..4, 24);
        prop_oneof![
            8 => (0..2_usize, act(state.tasks)).prop_map(|(process, act)| Step::Alone(process, act)),
            5 => (0..2_usize, act(state.tasks), 0..5_u32, moment)
                .prop_map(|(process, act, call, moment)| Step::Dying(process, act, call, moment)),
            5 => (act(state.tasks), act(state.tasks), yields)
                .prop_map(|(one, two, yields)| Step::Together(one, two, yields)),
            6 => time().prop_map(Step::Pass),
            3 => (1..7_usize).prop_map(Step::Rounds),
            1 => Just(Step::Clear),
        ]
        .boxed()
    }

    fn apply(mut state: Self, step: &Step) -> Self {
        let acts = match step {
            Step::Alone(_, act) | Step::Dying(_, act, ..) => vec![act],
            Step::Together(one, two, _) => vec![one, two],
            Step::Rounds(_) | Step::Pass(_) | Step::Clear => vec![],
        };
        state.tasks += acts
            .iter()
            .filter(|act| matches!(act, Act::Submit(_)))
            .count();
        state
    }

    /// Shrinking may take tasks away that a later step is about.
    fn preconditions(state: &Self, step: &Step) -> bool {
        let is_known = |act: &Act| match act {
            Act::Cancel(task) | Act::Delete(task) | Act::Retry(task) | Act::Consume(task) => {
                *task < state.tasks
            }
            _ => true,
        };
        match step {
            Step::Alone(_, act) | Step::Dying(_, act, ..) => is_known(act),
            Step::Together(one, two, _) => is_known(one) && is_known(two),
            Step::Rounds(_) | Step::Pass(_) | Step::Clear => true,
        }
    }
}

fn act(tasks: usize) -> BoxedStrategy<Act> {
    let work = prop_oneof![
        4 => Just(Work::Echo),
        4 => (0..7_u32).prop_map(Work::Flaky),
        1 => Just(Work::Hopeless),
        1 => Just(Work::Later),
    ];
    let deliveries = prop_oneof![
        6 => Just(Act::Deliver),
        2 => Just(Act::Take),
        2 => (0..4_usize).prop_map(Act::Finish),
        2 => Just(Act::Sweep),
    ];
    if tasks == 0 {
        return prop_oneof![work.prop_map(Act::Submit), deliveries].boxed();
    }
    let operations = prop_oneof![
        2 => (0..tasks).prop_map(Act::Cancel),
        1 => (0..tasks).prop_map(Act::Delete),
        3 => (0..tasks).prop_map(Act::Retry),
        2 => (0..tasks).prop_map(Act::Consume),
    ];
    // A few tasks meet more often than many.
    let submissions = if tasks < 3 { 6 } else { 1 };
    prop_oneof![
        submissions => work.prop_map(Act::Submit),
        12 => deliveries,
        4 => operations,
    ]
    .boxed()
}

fn time() -> impl Strategy<Value = Duration> {
    let second = Duration::from_secs(1);
    prop_oneof![
        4 => Just(second),
        4 => Just(3 * second),
        4 => Just(VISIBILITY_TIMEOUT),
        2 => Just(LOST_AFTER + second),
        3 => Just(3 * VISIBILITY_TIMEOUT),
        1 => Just(HIDDEN_AT_MOST + second),
        1 => Just(RETENTION + second),
    ]
}
