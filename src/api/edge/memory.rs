//! What the bodies of requests and replies hold of memory, bounded over all connections.
//!
//! A body that does not fit is refused with a 503 before anything is stored or consumed, and its
//! client comes back. So neither many large bodies at once nor clients that read slowly can fill
//! the memory.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use futures_util::FutureExt;
use futures_util::future::Either;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;
use ports::budget;

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

impl Held {
    /// Does the work that this is held for. That goes on when its client hangs up, as writes do that are under way,
    /// and what it has of the body is in memory until it is done; so is this held, which comes back after it.
    pub(in crate::api) fn during<F>(
        self,
        work: F,
    ) -> impl Future<Output = Result<(F::Output, Self), Problem>> + use<F>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        if self.permit.is_none() {
            return Either::Left(work.map(|done| Ok((done, self))));
        }
        let work = tokio::spawn(budget::carried(work.map(|done| (done, self))));
        Either::Right(work.map(|done| done.map_err(|broken_off| Problem::internal(&broken_off))))
    }
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

    /// Takes what a reply needs, and leaves it there: one that tells of what is done must not be refused it any more.
    /// `None` when there is not so much.
    pub(in crate::api) fn fit(&self, mut reply: HttpResponse) -> Option<HttpResponse> {
        if let BodySize::Sized(length) = reply.body().size() {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            let held = self.hold(length).ok()?;
            reply.extensions_mut().insert(held);
        }
        Some(reply)
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

    #[tokio::test]
    async fn what_is_held_for_work_is_free_when_that_is_done_and_not_when_its_client_hangs_up() {
        let memory = Memory::new(MIB);
        let (go_on, waits) = tokio::sync::oneshot::channel::<()>();
        let client = memory.hold(MIB).unwrap().during(waits);
        drop(client);
        tokio::task::yield_now().await;
        assert!(memory.hold(SMALL + 1).is_err());
        go_on.send(()).unwrap();
        while memory.hold(MIB).is_err() {
            tokio::task::yield_now().await;
        }
        let held = memory.hold(MIB).unwrap();
        let (done, held) = held.during(async { 7 }).await.unwrap();
        assert_eq!(done, 7);
        assert!(memory.hold(SMALL + 1).is_err());
        drop(held);
        assert!(memory.hold(MIB).is_ok());
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
