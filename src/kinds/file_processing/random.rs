//! Random choices that a task repeats in every attempt.

use sha2::{Digest, Sha256};

/// A sequence of choices (the generator is `SplitMix64`).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The sequence of a task for one of the things it does.
    pub(super) fn of(task_id: &str, what: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(task_id)
            .chain_update([0])
            .chain_update(what)
            .finalize();
        let mut seed = [0; 8];
        seed.copy_from_slice(&digest[..8]);
        Self(u64::from_le_bytes(seed))
    }

    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below `end`, which is 1 or more.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.number()) * u128::from(end)) >> 64) as u64
    }

    /// An index below `end`, which is 1 or more.
    pub(super) fn index(&mut self, end: usize) -> usize {
        self.below(end as u64) as usize
    }

    /// One of these, of which there is one at least.
    pub(super) fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.index(items.len())]
    }

    /// So many of these, or all there are, in random order.
    pub(super) fn sample<T>(&mut self, mut items: Vec<T>, count: usize) -> Vec<T> {
        let count = count.min(items.len());
        for taken in 0..count {
            let other = taken + self.index(items.len() - taken);
            items.swap(taken, other);
        }
        items.truncate(count);
        items
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_task_has_the_same_sequence_every_time_and_others_have_others() {
        let first = |task, what| Random::of(task, what).below(u64::MAX);
        assert_eq!(first("a", "step1"), first("a", "step1"));
        assert_ne!(first("a", "step1"), first("b", "step1"));
        assert_ne!(first("a", "step1"), first("a", "step2"));
        assert_ne!(first("as", "tep1"), first("a", "step1"));
    }

    #[test]
    fn choices_are_in_their_bounds_and_reach_all_of_them() {
        let mut random = Random::of("a", "b");
        let seen: BTreeSet<_> = (0..1_000).map(|_| random.below(7)).collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(random.below(1), 0);
    }

    #[test]
    fn a_sample_has_nothing_twice_and_each_as_often_as_others() {
        let mut random = Random::of("a", "b");
        let mut often = [0_u32; 10];
        for _ in 0..10_000 {
            let sample = random.sample((0..10).collect(), 3);
            assert_eq!(sample.iter().collect::<BTreeSet<_>>().len(), 3);
            often[sample[0]] += 1;
        }
        assert!(
            often.iter().all(|count| (800..1_200).contains(count)),
            "{often:?}"
        );
        let all: BTreeSet<_> = random.sample(vec![1, 2, 3], 5).into_iter().collect();
        assert_eq!(all.into_iter().collect::<Vec<_>>(), [1, 2, 3]);
    }
}
