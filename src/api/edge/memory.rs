//! What the bodies of requests and replies hold of memory, bounded over all connections.
//!
//! A body that does not fit is refused with a 503 before anything is stored or consumed, and its
//! client comes back. So neither many large bodies at once nor clients that read slowly can fill
//! the memory.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// What costs nothing of the budget, in bytes, and so nothing on the way of most requests: about
/// what a connection's own buffers hold. The number of connections bounds it.
pub(in crate::api) const SMALL: usize = 16 * 1024;

/// The unit of the budget, in bytes.
const UNIT: usize = 1024;

/// What is taken at a time, in bytes: a body that comes in pieces does not ask for each of them.
const STEP: usize = 64 * 1024;

/// The budget of one process.
#[derive(Clone, Debug)]
pub struct Memory {
    units: Arc<Semaphore>,
    bytes: usize,
}

/// A part of the budget, free again when this is dropped.
#[derive(Debug, Default)]
pub(in crate::api) struct Held {
    bytes: usize,
    permit: Option<OwnedSemaphorePermit>,
}

impl Memory {
    /// A budget of so many bytes.
    pub fn new(bytes: usize) -> Self {
        let bytes = bytes / STEP * STEP;
        Self {
            units: Arc::new(Semaphore::new(bytes / UNIT)),
            bytes,
        }
    }

    /// Takes what this many bytes need.
    pub(in crate::api) fn hold(&self, bytes: usize) -> Result<Held, Problem> {
        let mut held = Held::default();
        self.grow(&mut held, bytes)?;
        Ok(held)
    }

    /// Takes what is missing to this many bytes in all.
    pub(in crate::api) fn grow(&self, held: &mut Held, bytes: usize) -> Result<(), Problem> {
        if bytes <= SMALL.max(held.bytes) {
            return Ok(());
        }
        // What is larger than the whole budget has to be alone.
        let bytes = bytes.next_multiple_of(STEP).min(self.bytes.max(STEP));
        let units =
            u32::try_from((bytes - held.bytes) / UNIT).map_err(|_| Problem::overloaded())?;
        let more = Arc::clone(&self.units)
            .try_acquire_many_owned(units)
            .map_err(|_| Problem::overloaded())?;
        match &mut held.permit {
            Some(permit) => permit.merge(more),
            none => *none = Some(more),
        }
        held.bytes = bytes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    #[test]
    fn what_is_held_is_free_again_when_it_is_dropped() {
        let memory = Memory::new(MIB);
        for _ in 0..3 {
            let held = memory.hold(MIB).unwrap();
            assert!(memory.hold(SMALL + 1).is_err());
            drop(held);
        }
    }

    #[test]
    fn what_is_small_is_free() {
        let memory = Memory::new(0);
        assert!(memory.hold(SMALL).is_ok());
        assert!(memory.hold(SMALL + 1).is_err());
    }

    #[test]
    fn a_body_that_grows_pays_for_what_it_is() {
        let memory = Memory::new(MIB);
        let mut held = Held::default();
        for bytes in (0..=MIB).step_by(1000) {
            memory.grow(&mut held, bytes).unwrap();
        }
        assert!(memory.hold(SMALL + 1).is_err());
    }

    #[test]
    fn what_is_larger_than_all_has_to_be_alone() {
        let memory = Memory::new(MIB);
        let held = memory.hold(10 * MIB).unwrap();
        assert!(memory.hold(SMALL + 1).is_err());
        drop(held);
        let _small = memory.hold(SMALL + 1).unwrap();
        assert!(memory.hold(10 * MIB).is_err());
    }
}
