//! Events from outside, each under a name: who waits for one, and what nobody has taken yet.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::value::RawValue;

/// Events by name. What comes first is taken first, by the step that waits first.
#[derive(Default)]
pub(super) struct Mail(BTreeMap<Arc<str>, Letters>);

/// The events of one name. Either nobody waits or there is nothing to take.
#[derive(Default)]
struct Letters {
    waiting: BTreeSet<u32>,
    kept: VecDeque<Box<RawValue>>,
}

impl Mail {
    /// An event that is there for a step; without one the step waits.
    pub(super) fn wait(&mut self, name: &Arc<str>, step: u32) -> Option<Box<RawValue>> {
        let letters = self.0.entry(Arc::clone(name)).or_default();
        let letter = letters.kept.pop_front();
        if letter.is_none() {
            letters.waiting.insert(step);
        }
        letter
    }

    /// The step waits no more.
    pub(super) fn leave(&mut self, name: &str, step: u32) {
        if let Some(letters) = self.0.get_mut(name) {
            letters.waiting.remove(&step);
        }
    }

    /// Whom an event is for, that came last: with nobody waiting it is kept.
    pub(super) fn put(&mut self, name: &str, data: &RawValue) -> Option<u32> {
        if let Some(letters) = self.0.get_mut(name) {
            let step = letters.waiting.pop_first();
            if step.is_none() {
                letters.kept.push_back(data.to_owned());
            }
            return step;
        }
        let letters = self.0.entry(name.into()).or_default();
        letters.kept.push_back(data.to_owned());
        None
    }

    /// Whom an event is for, that somebody had and did not take: it comes before all others.
    pub(super) fn put_back(
        &mut self,
        name: &Arc<str>,
        data: Box<RawValue>,
    ) -> Option<(u32, Box<RawValue>)> {
        let letters = self.0.entry(Arc::clone(name)).or_default();
        match letters.waiting.pop_first() {
            Some(step) => Some((step, data)),
            None => {
                letters.kept.push_front(data);
                None
            }
        }
    }

    /// What nobody has taken, in the order of the names.
    pub(super) fn kept(&self) -> impl Iterator<Item = (&Arc<str>, &RawValue)> {
        self.0.iter().flat_map(|(name, letters)| {
            let kept = letters.kept.iter();
            kept.map(move |data| (name, &**data))
        })
    }
}
