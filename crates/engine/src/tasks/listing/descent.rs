//! The way back through time of one listing, window by window.
//!
//! Each is as wide as it may be by what is known: at what rate tasks were made, and where the listings
//! before found the newest one. Where nothing is, the next is wider; one that holds too many is read
//! again in narrower ones.

use super::windows::{DIGITS, Rate, Window, millisecond_of, width};
use crate::limits::{LIST_KNOWN_FOR, LIST_SETTLES_IN, LIST_WINDOW};

/// As much as the clocks of other processes may be ahead of ours, in milliseconds. A task of one that is
/// further ahead is listed when our clock has come so far.
const SKEW_MS: u64 = 2_000;

/// How many tasks a window may hold, by what is known: in one call, with room for error; and where most
/// are passed over, in a few that are full.
const ROOM: u64 = LIST_WINDOW as u64 * 3 / 4;
const CHOOSY_ROOM: u64 = LIST_WINDOW as u64 * 8;

/// In how many calls a window is read that ends a time without tasks: there is no telling how many.
const GAP_CALLS: usize = 4;

const LIST_KNOWN_FOR_MS: u64 = LIST_KNOWN_FOR.as_millis() as u64;
const LIST_SETTLES_IN_MS: u64 = LIST_SETTLES_IN.as_millis() as u64;

/// What a process knows from its last listings.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hints {
    rate: Option<Rate>,
    top: Option<Top>,
}

/// The newest task, or the time after which none was found before the calls were used up.
#[derive(Clone, Copy, Debug)]
struct Top {
    newest: u64,
    looked_at: u64,
    rate: Rate,
}

/// What was read of a window.
#[derive(Default)]
pub(super) struct Seen {
    /// Whether it was read to its end.
    pub(super) is_whole: bool,
    /// In so many calls.
    pub(super) calls: usize,
    /// How many tasks it held, and when the first and the last of them were made.
    pub(super) tasks: u64,
    pub(super) oldest: Option<u64>,
    pub(super) newest: Option<u64>,
    /// The rate of those of the last call.
    pub(super) last_rate: Option<Rate>,
}

impl Seen {
    /// Adds what one call listed: when its tasks were made, in order.
    pub(super) fn add(&mut self, made: impl Iterator<Item = u64>) {
        self.calls += 1;
        let mut first = None;
        let mut tasks = 0;
        for millisecond in made {
            first = first.or(Some(millisecond));
            self.newest = Some(millisecond);
            tasks += 1;
        }
        self.tasks += tasks;
        if let (Some(first), Some(last)) = (first, self.newest) {
            self.oldest = self.oldest.or(Some(first));
            self.last_rate = Some(Rate {
                tasks,
                milliseconds: last - first + 1,
            });
        }
    }
}

/// A window that holds too many.
struct Crowd {
    start: u64,
    digits: u8,
    /// When the first of its tasks was made.
    oldest: u64,
}

/// The way back through time of one listing.
pub(super) struct Descent {
    now: u64,
    /// The last millisecond that was not read.
    end: u64,
    /// Tasks of this millisecond and later ones were listed, or are not to be.
    ceiling: Option<u64>,
    /// How many tasks a window may hold.
    room: u64,
    rate: Option<Rate>,
    /// How many digits the next window has when the rate does not say: where there are no tasks.
    digits: Option<u8>,
    /// Windows around the next one that hold too many, the narrowest last.
    crowds: Vec<Crowd>,
    /// The last task that was seen of a crowd: the newest one is not before it.
    bound: Option<u64>,
    /// Whether the last window was empty.
    is_in_gap: bool,
    /// No task is older than this.
    floor: Option<u64>,
    /// When the time after the newest task was looked at, while that one is not found.
    seeks_top: Option<u64>,
    /// What was known when this began, if it still counts: no task is newer than this one.
    quiet: Option<Top>,
}

impl Descent {
    /// From `start` on back, or from the newest task.
    pub(super) fn new(start: Option<u64>, now: u64, hints: &Hints, is_choosy: bool) -> Self {
        let latest = now + SKEW_MS;
        let is_top = start.is_none_or(|start| start >= latest);
        let top = hints.top.filter(|_| is_top);
        let is_known = |top: &Top| {
            let age = now.saturating_sub(top.looked_at);
            age < LIST_KNOWN_FOR_MS && top.newest + 1 < settled(top.looked_at)
        };
        Self {
            now,
            end: start.map_or(latest, |start| start.min(latest)),
            ceiling: start.map(|start| start + 1),
            room: if is_choosy { CHOOSY_ROOM } else { ROOM },
            rate: top.map_or(hints.rate, |top| Some(top.rate)),
            digits: None,
            crowds: Vec::new(),
            bound: None,
            is_in_gap: false,
            floor: None,
            seeks_top: is_top.then_some(now),
            quiet: top.filter(is_known),
        }
    }

    /// The last millisecond that was not read.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Whether a task was not listed before.
    pub(super) fn is_below(&self, name: &str) -> bool {
        let is_below = |ceiling| millisecond_of(name).is_some_and(|made| made < ceiling);
        self.ceiling.is_none_or(is_below)
    }

    /// What is to be read next, and in how many calls at most, when so many are left.
    pub(super) fn next(&self, calls: usize) -> (Window, usize) {
        let (digits, at_most) = match (self.digits, self.rate) {
            (Some(digits), _) => (digits, GAP_CALLS),
            (None, Some(rate)) => {
                let digits = rate.digits(self.room, calls);
                (digits, rate.calls(digits) as usize + 1)
            }
            // All there is: most stores hold few enough for one call.
            (None, None) => (1, 1),
        };
        let least = self.crowds.last().map_or(1, |crowd| crowd.digits + 1);
        let mut window = Window::around(self.end, digits.max(least));
        // Down to what is known to be there, in as few windows as can be.
        let known = match self.quiet {
            Some(top) => Some(top.newest),
            None => self.bound.filter(|_| self.is_in_gap),
        };
        if let Some(known) = known {
            while window.start > known && window.digits > 1 {
                let wider = Window::around(self.end, window.digits - 1);
                if wider.start <= known {
                    break;
                }
                window = wider;
            }
        }
        match window.digits {
            // A millisecond cannot be divided: all of it, to have it in order.
            DIGITS => (window, usize::MAX),
            _ => (window, at_most.min(calls)),
        }
    }

    /// A window holds too many: on to its end.
    pub(super) fn crowded(&mut self, window: &Window, seen: &Seen, hints: &mut Hints) {
        self.quiet = None;
        self.crowds.push(Crowd {
            start: window.start,
            digits: window.digits,
            oldest: seen.oldest.unwrap_or(window.start),
        });
        if seen.last_rate.is_some() {
            self.digits = None;
            self.bound = seen.newest;
            self.rate = seen.last_rate;
            hints.rate = seen.last_rate;
        } else {
            self.digits = Some(window.digits + 1);
        }
    }

    /// A window was read to its end: on to the one before it. `false` when nothing is before it.
    pub(super) fn passed(&mut self, window: &Window, seen: &Seen, hints: &mut Hints) -> bool {
        // None were made later than now.
        let lasted = (self.end.min(self.now) + 1).saturating_sub(window.start);
        // A moment tells nothing of a long time.
        let is_telling = lasted >= width(window.digits) / 16;
        if let Some(newest) = seen.newest {
            self.learn(seen, is_telling.then_some(lasted), newest, hints);
        }
        self.ceiling = Some(window.start);
        let Some(end) = window.start.checked_sub(1) else {
            return false;
        };
        self.end = end;
        while let Some(crowd) = self.crowds.pop_if(|crowd| self.end < crowd.oldest) {
            let Some(end) = crowd.start.checked_sub(1) else {
                return false;
            };
            self.end = self.end.min(end);
        }
        if let Some(top) = self.quiet {
            if self.end < settled(top.looked_at) {
                self.end = self.end.min(top.newest);
                // What is known was not looked at again, and is no newer than it was.
                self.seeks_top = self.seeks_top.map(|_| top.looked_at);
                self.quiet = None;
            }
        } else if seen.tasks == 0 && is_telling {
            self.is_in_gap = true;
            self.digits = Some(window.digits.saturating_sub(2).max(1));
        } else if seen.tasks > 0 {
            self.is_in_gap = false;
        }
        self.floor.is_none_or(|floor| self.end >= floor)
    }

    /// `lasted` is the time that the window tells of, if it does.
    fn learn(&mut self, seen: &Seen, lasted: Option<u64>, newest: u64, hints: &mut Hints) {
        let of_window = lasted.filter(|_| seen.calls == 1).map(|milliseconds| Rate {
            tasks: seen.tasks,
            milliseconds,
        });
        let is_needed = seen.tasks > ROOM / 3 || self.rate.is_none();
        let rate = of_window.or(seen.last_rate.filter(|_| is_needed));
        if rate.is_some() {
            self.rate = rate;
            self.digits = None;
        }
        hints.rate = self.rate;
        if let (Some(looked_at), Some(rate)) = (self.seeks_top.take(), self.rate) {
            hints.top = Some(Top {
                newest,
                looked_at,
                rate,
            });
        }
    }

    /// The calls are used up: what was found out about the way to the newest task is kept.
    pub(super) fn broken_off(&self, hints: &mut Hints) {
        if let (Some(looked_at), Some(rate)) = (self.seeks_top, self.rate) {
            hints.top = Some(Top {
                newest: self.end,
                looked_at,
                rate,
            });
        }
    }

    /// Whether to ask for the oldest task of all: nothing tells whether there is one before a gap.
    pub(super) fn lacks_floor(&self) -> bool {
        self.is_in_gap && self.floor.is_none() && self.crowds.iter().all(|crowd| crowd.start > 0)
    }

    /// When the oldest task of all was made. `false` when it was listed.
    pub(super) fn found_floor(&mut self, oldest: Option<u64>) -> bool {
        self.floor = Some(oldest.unwrap_or_default());
        oldest.is_none_or(|oldest| self.end >= oldest)
    }
}

/// Whose records are all there by the time of a look.
fn settled(looked_at: u64) -> u64 {
    looked_at.saturating_sub(LIST_SETTLES_IN_MS)
}
