//! A hash of inputs that is the same in every build and on every machine.

use serde_json::value::RawValue;

const OFFSET_BASIS: u32 = 0x811c_9dc5;
const PRIME: u32 = 0x0100_0193;

/// FNV-1a, 32 bits, over the JSON of each input and a zero byte behind it, which JSON has nowhere. It tells
/// code that changed by accident, not by an attacker, who cannot write a journal.
pub(super) fn of<'a>(inputs: impl IntoIterator<Item = &'a RawValue>) -> u32 {
    inputs.into_iter().fold(OFFSET_BASIS, |hash, input| {
        let bytes = input.get().bytes().chain([0]);
        bytes.fold(hash, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(PRIME)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(inputs: &[&str]) -> u32 {
        let inputs: Vec<_> = inputs
            .iter()
            .map(|json| RawValue::from_string((*json).to_owned()).unwrap())
            .collect();
        of(inputs.iter().map(|input| &**input))
    }

    /// Journals hold these: they may not change.
    #[test]
    fn the_hash_of_an_input_stays_what_it_is() {
        assert_eq!(hash(&[]), 0x811c_9dc5);
        assert_eq!(hash(&["1"]), 0x0beb_1114);
        assert_eq!(hash(&["{\"number\":24}"]), 0x0f7b_9b0a);
        assert_eq!(hash(&["1", "2"]), 0xafe2_2496);
    }

    #[test]
    fn where_one_input_ends_makes_a_difference() {
        assert_ne!(hash(&["1", "23"]), hash(&["12", "3"]));
        assert_ne!(hash(&["1", "2"]), hash(&["2", "1"]));
        assert_ne!(hash(&["1"]), hash(&["1", "1"]));
    }
}
