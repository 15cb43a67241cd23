//! What the clients were told, and whether it holds together.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use crate::fibonacci::is_fibonacci;

/// How a task ended, as a client saw it. Values are checked when they are seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Succeeded,
    /// With its code.
    Failed(String),
    Canceled,
}

/// A promise that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Breach {
    /// An accepted task is gone that nobody can have fetched, or never ends.
    Lost,
    /// A task ended in two ways.
    Flipped,
    /// A value is not the Fibonacci number that was asked for.
    WrongValue,
    /// An idempotency key stands for two tasks, or an id for two submissions.
    Doubled,
    /// The service answered or did something that it never should.
    Unexpected,
}

impl Breach {
    pub(crate) const ALL: [Self; 5] = [
        Self::Lost,
        Self::Flipped,
        Self::WrongValue,
        Self::Doubled,
        Self::Unexpected,
    ];
}

/// A task that got a 202, or a 200 with its result.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) number: i64,
    key: Option<String>,
    /// The first ending that was seen; all others must be the same.
    pub(crate) ending: Option<Ending>,
    /// Fetches that were sent, and may yet consume the result.
    fetches_begun: u32,
    /// Fetches whose whole reply came.
    pub(crate) fetched: u32,
    /// Fetches without a whole reply. The service deletes the record once the operating system has
    /// taken the reply, so each of these may have consumed the result.
    fetches_cut: u32,
    /// Somebody was told that there is no such task.
    pub(crate) gone: bool,
}

impl Entry {
    /// Gone, by a fetch whose reply was cut.
    pub(crate) fn is_consumed_unseen(&self) -> bool {
        self.gone && self.ending.is_none() && self.fetches_cut > 0
    }

    /// Whether a client may be told that the task is gone.
    fn may_be_gone(&self) -> bool {
        let can_be_consumed = matches!(self.ending, None | Some(Ending::Succeeded));
        can_be_consumed && self.fetched + self.fetches_cut > 0
    }
}

/// The book of all clients.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Book>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    pub(crate) tasks: HashMap<String, Entry>,
    keys: HashMap<String, String>,
    /// How often what happened, for the table.
    pub(crate) counts: BTreeMap<String, u64>,
    pub(crate) breaches: Vec<(Breach, String)>,
}

impl Ledger {
    /// Counts an event for the table.
    pub(crate) fn count(&self, event: &str) {
        self.with(|book| *book.counts.entry(event.to_owned()).or_default() += 1);
    }

    pub(crate) fn breach(&self, breach: Breach, what: String) {
        self.with(|book| book.breaches.push((breach, what)));
    }

    /// A submission was accepted under this id.
    pub(crate) fn accepted(&self, id: &str, number: i64, key: Option<&str>) {
        self.with(|book| book.accepted(id, number, key));
    }

    /// A client read how a task ended; `value` is the result's if there is one.
    pub(crate) fn ended(&self, id: &str, ending: Ending, value: Option<&str>) {
        self.with(|book| book.ended(id, ending, value));
    }

    /// A fetch is about to be sent.
    pub(crate) fn fetch_begun(&self, id: &str) {
        self.with(|book| book.entry(id).fetches_begun += 1);
    }

    /// A fetch gave the result.
    pub(crate) fn fetched(&self, id: &str, value: &str) {
        self.ended(id, Ending::Succeeded, Some(value));
        self.with(|book| book.entry(id).fetched += 1);
    }

    /// A fetch had no whole reply.
    pub(crate) fn fetch_cut(&self, id: &str) {
        self.with(|book| book.entry(id).fetches_cut += 1);
    }

    /// A client was told that there is no such task.
    pub(crate) fn gone(&self, id: &str) {
        self.with(|book| {
            let entry = book.entry(id);
            entry.gone = true;
            if entry.fetches_begun == 0 {
                let what = format!("{id} is gone, and was never fetched: {entry:?}");
                book.breaches.push((Breach::Lost, what));
            }
        });
    }

    /// At the end: everything that is gone was fetched, or may have been.
    pub(crate) fn close(&self) -> Book {
        self.with(|book| {
            for (id, entry) in &book.tasks {
                if entry.gone && entry.fetches_begun > 0 && !entry.may_be_gone() {
                    let what =
                        format!("{id} is gone, and no fetch can have consumed it: {entry:?}");
                    book.breaches.push((Breach::Lost, what));
                }
            }
            book.clone()
        })
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.with(|book| book.tasks.keys().cloned().collect())
    }

    fn with<T>(&self, act: impl FnOnce(&mut Book) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }
}

impl Book {
    fn entry(&mut self, id: &str) -> &mut Entry {
        self.tasks
            .get_mut(id)
            .expect("only accepted tasks are asked for")
    }

    fn accepted(&mut self, id: &str, number: i64, key: Option<&str>) {
        let new = || Entry {
            number,
            key: key.map(str::to_owned),
            ending: None,
            fetches_begun: 0,
            fetched: 0,
            fetches_cut: 0,
            gone: false,
        };
        let is_known = self.tasks.contains_key(id);
        let entry = self.tasks.entry(id.to_owned()).or_insert_with(new);
        let is_another = entry.number != number || entry.key.as_deref() != key;
        if is_another || (is_known && key.is_none()) {
            let what = format!("{id} was given to two submissions, of {number} and {entry:?}");
            self.breaches.push((Breach::Doubled, what));
        }
        if let Some(key) = key {
            let first = self
                .keys
                .entry(key.to_owned())
                .or_insert_with(|| id.to_owned());
            if first != id {
                let what = format!("{key} stands for {first} and {id}");
                self.breaches.push((Breach::Doubled, what));
            }
        }
    }

    fn ended(&mut self, id: &str, ending: Ending, value: Option<&str>) {
        let entry = self.entry(id);
        let first = entry.ending.get_or_insert_with(|| ending.clone()).clone();
        let number = entry.number;
        if first != ending {
            let what = format!("{id} was {first:?}, then {ending:?}");
            self.breaches.push((Breach::Flipped, what));
        }
        let is_right = value.is_none_or(|value| is_fibonacci(number, value));
        if !is_right || (ending == Ending::Succeeded) != value.is_some() {
            let start: String = value.unwrap_or("nothing").chars().take(40).collect();
            let what = format!("{id}: F({number}) is not {start}");
            self.breaches.push((Breach::WrongValue, what));
        }
    }
}
