//! Many submissions in one: all are checked before the first is accepted. Each is a task like any other from
//! then on, and comes to be or not by itself: there is no storage that takes them all or none.

use futures_util::StreamExt;
use futures_util::stream;
use sha2::{Digest, Sha256};

use crate::limits::{BUDGET_FOR_EACH, SUBMITTED_AT_ONCE, SUBMITTED_AT_ONCE_SHARED};
use crate::model::id::TaskId;
use crate::tasks::idempotency::{KeyedSubmitError, hex};
use crate::tasks::service::Tasks;
use crate::tasks::submit::{Submission, SubmitError};
use ports::{StorageError, budget};

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
        budget::extend(BUDGET_FOR_EACH * u32::try_from(submissions.len()).unwrap_or(u32::MAX));
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
            let queue = self.parts.queues.of(&submission.kind);
            let reservation = self.reserve(queue).await;
            let reservation = reservation.map_err(KeyedSubmitError::from)?;
            reserved.push((submission, reservation));
        }
        let accepting = reserved.into_iter().map(|(submission, reservation)| async {
            let accepted = self.clone().accept(submission, reservation).await;
            accepted.map(|record| record.id).map_err(Into::into)
        });
        let accepting = stream::iter(accepting).buffered(self.at_once());
        Ok(accepting.collect().await)
    }

    fn at_once(&self) -> usize {
        match self.parts.settings.has_other_workers {
            true => SUBMITTED_AT_ONCE_SHARED,
            false => SUBMITTED_AT_ONCE,
        }
    }

    /// The first stands for all of them with its key, and so comes first: where that was used for something
    /// else, no other is accepted. Each of the others has a key of its own, by its place.
    async fn accept_many_once(
        &self,
        key: &str,
        submissions: Vec<Submission>,
    ) -> Result<EachSubmitted, NoneAccepted> {
        let digest = submissions
            .iter()
            .fold(Sha256::new(), |digest, submission| {
                digest.chain_update(submission.text()).chain_update("\0")
            });
        let text = &hex(&digest.finalize());
        let mut submissions = submissions.into_iter().enumerate();
        let Some((_, first)) = submissions.next() else {
            return Ok(Vec::new());
        };
        let first = self.submit_keyed(key, text, first).await?;
        let others = submissions.map(|(place, submission)| async move {
            // No client can send such a key: a header holds no such character.
            let key = format!("\0many\0{key}\0{place}");
            self.submit_keyed(&key, text, submission).await
        });
        let others = stream::iter(others).buffered(self.at_once());
        Ok(stream::iter([Ok(first)]).chain(others).collect().await)
    }
}
