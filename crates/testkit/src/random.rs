//! Random choices that a seed repeats: everybody who chooses has a sequence of their own, so that
//! nobody's pace changes another's choices.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// A sequence of choices (the generator is `SplitMix64`).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of one of those who choose.
    pub fn of(seed: u64, who: &str, number: u64) -> Self {
        let mut hasher = DefaultHasher::new();
        (seed, who, number).hash(&mut hasher);
        Self(hasher.finish())
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.number() % end as u64) as usize
    }

    /// `true` in so many of 1,000 cases.
    pub fn permille(&mut self, cases: usize) -> bool {
        self.below(1_000) < cases
    }

    /// A time between these, in milliseconds.
    pub fn millis(&mut self, from: usize, to: usize) -> Duration {
        Duration::from_millis((from + self.below(to - from)) as u64)
    }

    /// One of the items, of which there has to be one.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}
