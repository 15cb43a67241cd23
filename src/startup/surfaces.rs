//! The kinds that settings name, held against those there are.

use super::error::StartError;
use crate::surfaces::Surfaces;
use work::Kinds;

/// Refuses the name of a kind that nobody registered: all that comes to its route would be refused.
pub(super) fn check(surfaces: &Surfaces, kinds: &Kinds) -> Result<(), StartError> {
    match surfaces.kinds().find(|(_, kind)| kinds.get(kind).is_none()) {
        None => Ok(()),
        Some((setting, kind)) => Err(StartError::NoSuchKind {
            setting,
            kind: kind.to_owned(),
            known: kinds.names_for_people(),
        }),
    }
}
