//! Ids that are the same in every run.

use sha2::{Digest, Sha256};

/// Says what is hashed, so that no other hash of the same instance is an id.
const PURPOSE: &[u8] = b"workflow new_id\0";

/// The `ordinal`-th id of a generation of an instance: a UUID of version 8, of SHA-256.
pub(super) fn derived(instance: &str, generation: u32, ordinal: u32) -> String {
    let hash = Sha256::new()
        .chain_update(PURPOSE)
        .chain_update(generation.to_be_bytes())
        .chain_update(ordinal.to_be_bytes())
        .chain_update(instance)
        .finalize();
    let bits = hash.iter().take(16);
    let bits = bits.fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
    // RFC 9562: four bits for the version, two for the variant.
    let bits = (bits & !(0xf << 76) & !(0b11 << 62)) | (8 << 76) | (0b10 << 62);
    let hex = format!("{bits:032x}");
    let mut text = String::with_capacity(36);
    for (index, digit) in hex.chars().enumerate() {
        if [8, 12, 16, 20].contains(&index) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn an_id_stays_what_it_is() {
        assert_eq!(
            derived("01a1fde5-dc8c-728c-86f8-01a2760d7385", 0, 0),
            "2b934467-e722-8ed9-9deb-245b34949351"
        );
    }

    #[test]
    fn every_instance_generation_and_ordinal_has_ids_of_its_own() {
        let mut seen = HashSet::new();
        for instance in ["a", "b", ""] {
            for generation in 0..10 {
                for ordinal in 0..10 {
                    let id = derived(instance, generation, ordinal);
                    assert_eq!((id.len(), &id[14..15]), (36, "8"));
                    assert!(["8", "9", "a", "b"].contains(&&id[19..20]));
                    assert!(seen.insert(id));
                }
            }
        }
    }
}
