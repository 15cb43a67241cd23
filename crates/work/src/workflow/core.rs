//! What a replay knows of its workflow, shared between the flow's futures and whoever applies what arrived.
//!
//! A step is issued, and then closed or done: its result is kept until its future takes it. A lock is never
//! held while code of the author runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::value::RawValue;

use super::StepError;
use super::command::Command;
use super::mail::Mail;
use super::names::Names;

/// The end of the year 9999: no timer is later.
const LATEST: Duration = Duration::from_secs(253_402_300_799);

/// What a workflow is told of its instance.
#[derive(Clone)]
pub struct About {
    /// The instance's id.
    pub id: String,
    /// How often it continued as new.
    pub generation: u32,
    /// When this generation began; of it whole milliseconds count.
    pub started_at: SystemTime,
    /// Who knows what callees are named: the registered [`Kinds`](crate::Kinds).
    pub kinds: Arc<dyn Names>,
}

/// What became of one task.
pub(super) type Given = Result<Box<RawValue>, StepError>;

/// That a timer's time was reached.
pub(super) struct Fired;

pub(super) struct Core {
    pub(super) about: About,
    state: Mutex<State>,
}

pub(super) struct State {
    /// The time of what arrived last.
    pub(super) now: SystemTime,
    /// How many arrivals were applied.
    pub(super) applied: usize,
    /// How many steps were issued: the number of the next.
    pub(super) issued: u32,
    /// Neither done nor closed.
    pub(super) open: BTreeMap<u32, Issued>,
    /// Never were commands: there was something wrong with them.
    pub(super) refused: BTreeSet<u32>,
    /// Done and not taken, of calls and events.
    pub(super) given: BTreeMap<u32, Given>,
    /// Done and not taken, of many calls.
    pub(super) given_all: BTreeMap<u32, Vec<Given>>,
    /// Done and not taken, of timers.
    pub(super) fired: BTreeSet<u32>,
    pub(super) mail: Mail,
    /// How many ids were made.
    pub(super) ids: u32,
    pub(super) status: Option<Box<RawValue>>,
    /// What the next generation gets.
    pub(super) continued: Option<Box<RawValue>>,
    /// Whether a future of the flow was found waiting since the workflow was polled.
    pub(super) awaited: bool,
    /// Whether a waiting step is done since the workflow was polled, by a future that was dropped.
    pub(super) handed_on: bool,
    /// The replay is over: what is dropped now says nothing about the workflow.
    pub(super) torn_down: bool,
}

/// A command that is open.
pub(super) struct Issued {
    /// How many arrivals had been applied.
    pub(super) by: usize,
    pub(super) command: Arc<Command>,
}

impl Core {
    pub(super) fn new(about: About) -> Self {
        let state = State {
            now: whole_milliseconds(about.started_at),
            applied: 0,
            issued: 0,
            open: BTreeMap::new(),
            refused: BTreeSet::new(),
            given: BTreeMap::new(),
            given_all: BTreeMap::new(),
            fired: BTreeSet::new(),
            mail: Mail::default(),
            ids: 0,
            status: None,
            continued: None,
            awaited: false,
            handed_on: false,
            torn_down: false,
        };
        Self {
            about,
            state: Mutex::new(state),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Each change is whole when a panic could come.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes up a command, and gives the number of its step.
    pub(super) fn issue(&mut self, command: Command) -> u32 {
        let step = self.number();
        if let Command::Event { name } = &command
            && let Some(data) = self.mail.wait(name, step)
        {
            self.given.insert(step, Ok(data));
            return step;
        }
        let issued = Issued {
            by: self.applied,
            command: Arc::new(command),
        };
        self.open.insert(step, issued);
        step
    }

    /// Counts a step that cannot become a command, so that those after it keep their numbers.
    pub(super) fn refuse(&mut self) -> u32 {
        let step = self.number();
        self.refused.insert(step);
        step
    }

    fn number(&mut self) -> u32 {
        let step = self.issued;
        self.issued += 1;
        step
    }

    /// Nobody waits for the step any more.
    pub(super) fn close(&mut self, step: u32) {
        if self.torn_down {
            return;
        }
        if let Some(issued) = self.open.remove(&step)
            && let Command::Event { name } = &*issued.command
        {
            self.mail.leave(name, step);
        }
    }

    /// Takes back an event that a step had and did not take.
    pub(super) fn put_back(&mut self, name: &Arc<str>, data: Box<RawValue>) {
        if self.torn_down {
            return;
        }
        if let Some((step, data)) = self.mail.put_back(name, data) {
            self.open.remove(&step);
            self.given.insert(step, Ok(data));
            self.handed_on = true;
        }
    }

    /// The time goes on; it never goes back.
    pub(super) fn reach(&mut self, at: SystemTime) {
        self.now = self.now.max(whole_milliseconds(at));
    }
}

/// As journals keep times: a replay must see the same as the first run.
pub(super) fn whole_milliseconds(at: SystemTime) -> SystemTime {
    let since = at.duration_since(SystemTime::UNIX_EPOCH);
    let since = since.unwrap_or_default().min(LATEST);
    let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

/// So much later, or as late as can be.
pub(super) fn later(now: SystemTime, wait: Duration) -> SystemTime {
    let latest = SystemTime::UNIX_EPOCH + LATEST;
    let at = now.checked_add(wait);
    at.map_or(latest, |at| whole_milliseconds(at).min(latest))
}
