//! Many submissions in one: all are checked before the first is accepted. Each is a task like any other from
//! then on, and comes to be or not by itself: there is no storage that takes them all or none.

use std::future::ready;

use futures_util::{Stream, StreamExt};

use crate::limits::{ACCEPTING_TIMEOUT, BUDGET_FOR_EACH, SEEN_TO_AT_ONCE};
use crate::local::backlog::Reservation;
use crate::model::id::TaskId;
use crate::tasks::accepting::Offer;
use crate::tasks::idempotency::KeyedSubmitError;
use crate::tasks::service::Tasks;
use crate::tasks::submit::{Submission, SubmitError};
use ports::{ETag, StorageError, budget};

/// Why none of many was accepted.
#[derive(Debug, thiserror::Error)]
pub enum NoneAccepted {
    /// The one at this place (from 0) would be refused for what it is.
    #[error("the one at {place}: {error}")]
    At {
        /// Where it is.
        place: usize,
        /// Why.
        error: SubmitError,
    },
    /// All of them, or the first, before any other.
    #[error(transparent)]
    All(#[from] KeyedSubmitError),
}

/// What became of each of many, in their order.
pub type EachSubmitted = Vec<Result<TaskId, KeyedSubmitError>>;

impl Tasks {
    /// Accepts many, side by side, and with a key each of them once: see [`submit_once`](Self::submit_once).
    ///
    /// Runs to its end even when the caller stops waiting, as a single submission does.
    ///
    /// # Errors
    ///
    /// When none is accepted, but for the first of those with a key, of which it may not be known.
    pub async fn submit_many(
        &self,
        key: Option<&str>,
        submissions: Vec<Submission>,
    ) -> Result<EachSubmitted, NoneAccepted> {
        for (place, submission) in submissions.iter().enumerate() {
            self.check(submission)
                .map_err(|error| NoneAccepted::At { place, error })?;
        }
        extend_budget(submissions.len());
        let (tasks, key) = (self.clone(), key.map(str::to_owned));
        let accepted = tokio::spawn(budget::carried(async move {
            match key {
                None => tasks.accept_many(submissions).await,
                Some(key) => tasks.accept_many_once(&key, submissions).await,
            }
        }));
        accepted.await.unwrap_or_else(|_| {
            let cause = StorageError::permanent("accept tasks", "accepting them broke off");
            Err(KeyedSubmitError::from(SubmitError::from(cause)).into())
        })
    }

    /// There is room for all in their queues, or none is accepted.
    async fn accept_many(
        &self,
        submissions: Vec<Submission>,
    ) -> Result<EachSubmitted, NoneAccepted> {
        let mut reserved = Vec::with_capacity(submissions.len());
        for submission in submissions {
            let reservation = self.reserve(&submission).await;
            let reservation = reservation.map_err(KeyedSubmitError::from)?;
            reserved.push((submission, reservation));
        }
        let each = self.accept_each(reserved).await.into_iter();
        Ok(each.map(|each| each.map_err(Into::into)).collect())
    }

    /// Accepts many, each by itself, in as few writes as the store makes of them.
    pub(super) async fn accept_each(
        &self,
        reserved: Vec<(Submission, Reservation)>,
    ) -> Vec<Result<TaskId, SubmitError>> {
        let offers = reserved
            .into_iter()
            .map(|(submission, reservation)| self.offer(submission, reservation));
        let (offers, rights): (Vec<_>, Vec<_>) = offers.unzip();
        let tells: Vec<_> = offers.iter().map(tell).collect();
        let steps: Vec<_> = offers
            .iter()
            .zip(&tells)
            .map(|(offer, tell)| offer.steps(tell))
            .collect();
        let writes: Vec<_> = steps.iter().map(|steps| &steps[..]).collect();
        let mut rights: Vec<_> = rights.into_iter().map(Some).collect();
        let written = self.parts.store.write_each(&writes);
        let concluded = written.map(|(place, written)| {
            let (offer, rights) = (&offers[place], rights[place].take());
            async move {
                let other = self.conclude(offer, rights?, written).await;
                Some((place, other.map(|_| offer.record.id)))
            }
        });
        let concluded = concluded.buffer_unordered(SEEN_TO_AT_ONCE);
        in_order(concluded.filter_map(ready)).await
    }
}

/// Gives storage more time for many than for one, but no more than whoever claims a key has: then another may
/// carry it on.
fn extend_budget(count: usize) {
    if let Some(left) = budget::left() {
        let longer = BUDGET_FOR_EACH.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
        budget::extend(longer.min(ACCEPTING_TIMEOUT.saturating_sub(left)));
    }
}

/// What makes the message of an offer.
fn tell(offer: &Offer) -> impl Fn(Option<&ETag>) -> String + Sync {
    |etag| offer.message(etag)
}

/// What came for each place, in their order.
pub(super) async fn in_order<T>(each: impl Stream<Item = (usize, T)>) -> Vec<T> {
    let mut each: Vec<_> = each.collect().await;
    each.sort_unstable_by_key(|(place, _)| *place);
    each.into_iter().map(|(_, of)| of).collect()
}
