//! Calls to storage that a test stops, fails or counts, on either side of their effect; `seen` wraps
//! the storage.
//!
//! A call held before its effect or after it is a process that is slow there; one that is never let
//! go on, and whose caller is dropped, is a process that died there.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use ports::StorageError;
use tokio::sync::Notify;

/// What is asked of storage. `Poison` is any call to the poison queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    Create,
    Read,
    Replace,
    Put,
    DeleteRecord,
    List,
    Send,
    Receive,
    Update,
    DeleteMessage,
    Poison,
    Look,
    OpenTally,
    AddToTally,
    CountTally,
    ReadTally,
    ClearTallies,
}

/// On which side of the call's effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Before,
    After,
}

/// A call that is to stop, or has stopped.
#[derive(Clone, Default)]
pub(crate) struct Held(Arc<(Notify, Notify)>);

impl Held {
    /// Waits until the call has come this far.
    pub(crate) async fn arrived(&self) {
        self.0.0.notified().await;
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        self.0.1.notify_one();
    }

    async fn stop(&self) {
        self.0.0.notify_one();
        self.0.1.notified().await;
    }
}

struct Rule {
    /// `None`: any call.
    call: Option<Call>,
    /// How many calls it lets pass before.
    passes: u32,
    moment: Moment,
    what: What,
}

/// What is to happen.
#[derive(Clone)]
enum What {
    Hold(Held),
    /// As if storage had been out of reach.
    Fail,
    /// As if storage had not answered a write.
    Lose,
    /// As storage does that will never do it.
    Refuse,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    is_away: bool,
    counts: HashMap<Call, u64>,
    /// How often each of the next calls lets others go first.
    yields: VecDeque<u8>,
    /// What the last message says that was to be sent.
    last_sent: String,
}

/// The calls of all processes of one test.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<State>>);

impl Calls {
    /// Stops the next such call.
    pub(crate) fn hold(&self, call: Call, moment: Moment) -> Held {
        self.hold_after(Some(call), 0, moment)
    }

    /// Stops such a call, or with `None` any, after so many others of them.
    pub(crate) fn hold_after(&self, call: Option<Call>, passes: u32, moment: Moment) -> Held {
        let held = Held::default();
        self.plan(call, passes, moment, What::Hold(held.clone()));
        held
    }

    /// Fails the next such call, with its effect (`After`) or without.
    pub(crate) fn fail(&self, call: Call, moment: Moment) {
        self.plan(Some(call), 0, moment, What::Fail);
    }

    /// Loses the answer to the next such call, a write, which has its effect (`After`) or has not.
    pub(crate) fn lose(&self, call: Call, moment: Moment) {
        self.plan(Some(call), 0, moment, What::Lose);
    }

    /// Refuses the next such call, for good.
    pub(crate) fn refuse(&self, call: Call) {
        self.plan(Some(call), 0, Moment::Before, What::Refuse);
    }

    fn plan(&self, call: Option<Call>, passes: u32, moment: Moment, what: What) {
        self.0.lock().unwrap().rules.push(Rule {
            call,
            passes,
            moment,
            what,
        });
    }

    /// Forgets what was planned and has not happened.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap().rules.clear();
    }

    /// Every call fails from now on, or none.
    pub(crate) fn set_away(&self, is_away: bool) {
        self.0.lock().unwrap().is_away = is_away;
    }

    /// Makes each of the next calls let others go first, so many times.
    pub(crate) fn set_yields(&self, yields: impl IntoIterator<Item = u8>) {
        self.0.lock().unwrap().yields = yields.into_iter().collect();
    }

    /// How many such calls there were.
    pub(crate) fn count(&self, call: Call) -> u64 {
        let state = self.0.lock().unwrap();
        state.counts.get(&call).copied().unwrap_or_default()
    }

    /// How many calls there were of all.
    pub(crate) fn all(&self) -> u64 {
        self.0.lock().unwrap().counts.values().sum()
    }

    /// What the last message says that a process was to send.
    pub(crate) fn last_sent(&self) -> String {
        self.0.lock().unwrap().last_sent.clone()
    }

    pub(super) fn sends(&self, text: &str) {
        text.clone_into(&mut self.0.lock().unwrap().last_sent);
    }

    /// What is to happen to this call, when, and how long it lets others go first.
    fn meet(&self, call: Call) -> (Option<(Moment, What)>, u8) {
        let mut state = self.0.lock().unwrap();
        *state.counts.entry(call).or_default() += 1;
        let yields = state.yields.pop_front().unwrap_or_default();
        if state.is_away {
            return (Some((Moment::Before, What::Fail)), yields);
        }
        let matching = |rule: &Rule| rule.call.is_none_or(|wanted| wanted == call);
        let mut due = None;
        for (index, rule) in state.rules.iter_mut().enumerate() {
            if !matching(rule) {
                continue;
            }
            if rule.passes == 0 {
                due = Some(index);
                break;
            }
            rule.passes -= 1;
        }
        let due = due.map(|index| state.rules.remove(index));
        (due.map(|rule| (rule.moment, rule.what)), yields)
    }

    /// Runs a call as it was planned.
    pub(super) async fn pass<T>(
        &self,
        call: Call,
        effect: impl Future<Output = Result<T, StorageError>>,
    ) -> Result<T, StorageError> {
        let (due, yields) = self.meet(call);
        for _ in 0..yields {
            tokio::task::yield_now().await;
        }
        let Some((moment, what)) = due else {
            return effect.await;
        };
        let happen = async {
            let (operation, cause) = ("reach storage", "a test cut it off");
            match what {
                What::Hold(held) => held.stop().await,
                What::Fail => return Err(StorageError::transient(operation, cause)),
                What::Lose => return Err(StorageError::unanswered(operation, cause)),
                What::Refuse => return Err(StorageError::permanent(operation, cause)),
            }
            Ok(())
        };
        match moment {
            Moment::Before => {
                happen.await?;
                effect.await
            }
            Moment::After => {
                let done = effect.await;
                happen.await?;
                done
            }
        }
    }
}
