//! Many submissions with one key: each of them once.
//!
//! The first stands for all of them with its key, and its claim comes first: where that key was used for something
//! else, nothing of them is accepted. Each of the others has a key of its own, by its place. All keys are claimed
//! before the first task is made, and noted after the last: four rounds of writes, however many there are.

use std::iter::once;

use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};

use crate::limits::SEEN_TO_AT_ONCE;
use crate::model::id::TaskId;
use crate::tasks::idempotency::{Claim, Claimed, KeyRecord, KeyedSubmitError, hex, name_of};
use crate::tasks::many::{EachSubmitted, NoneAccepted, in_order};
use crate::tasks::service::Tasks;
use crate::tasks::submit::{Submission, SubmitError};
use ports::crash::{CrashPoint, crash_point};
use ports::{Step, Timestamp, Written};

/// One of many, and what its key is called.
struct Keyed {
    name: String,
    submission: Submission,
}

/// One of many whose key is claimed.
struct Ours {
    place: usize,
    name: String,
    claimed: Claimed,
}

/// What became of some, by their places.
type EachPlace = Vec<(usize, Result<TaskId, KeyedSubmitError>)>;

impl Tasks {
    /// Accepts each once. There is room for all in their queues, or none is accepted, unless some may have been
    /// before.
    pub(super) async fn accept_many_once(
        &self,
        key: &str,
        submissions: Vec<Submission>,
    ) -> Result<EachSubmitted, NoneAccepted> {
        let text = text_of(&submissions);
        let keyed = |(place, submission)| Keyed {
            name: match place {
                0 => name_of(key),
                // No client can send such a key: a header holds no such character.
                place => name_of(&format!("\0many\0{key}\0{place}")),
            },
            submission,
        };
        let keyed: Vec<_> = submissions.into_iter().enumerate().map(keyed).collect();
        let Some((first, others)) = keyed.split_first() else {
            return Ok(Vec::new());
        };
        let first = self.claim_key(&first.name, first.submission.id, &text);
        let first = first.await?;
        let others = self.claim_each(&text, first.since(), others).await;
        let claims: Vec<_> = once(Ok(first)).chain(others).collect();
        crash_point(CrashPoint::AfterKey);

        let are_new = claims.iter().all(|claim| {
            let claim = claim.as_ref();
            claim.is_ok_and(Claim::is_new)
        });
        let mut each = Vec::with_capacity(claims.len());
        let (mut ours, mut reserved, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for (place, (keyed, claim)) in keyed.into_iter().zip(claims).enumerate() {
            let claimed = match claim {
                Ok(Claim::Ours(claimed)) => claimed,
                Ok(Claim::Accepted(record)) => {
                    each.push((place, Ok(record.task)));
                    continue;
                }
                Err(error) => {
                    each.push((place, Err(error)));
                    continue;
                }
            };
            let submission = Submission {
                id: claimed.record.task,
                ..keyed.submission
            };
            let reservation = self.reserve(&submission).await;
            let name = keyed.name;
            let one = Ours {
                place,
                name,
                claimed,
            };
            match reservation {
                Ok(reservation) => {
                    ours.push(one);
                    reserved.push((submission, reservation));
                }
                Err(error) => refused.push((one, error)),
            }
        }
        if are_new && let Some((last, error)) = refused.pop() {
            let refused = refused.into_iter().map(|(one, _)| one);
            ours.extend(refused.chain([last]));
            self.give_all_back(&ours).await;
            return Err(KeyedSubmitError::from(error).into());
        }
        let accepted = self.accept_each(reserved).await;
        let mut noted = Vec::with_capacity(ours.len());
        for (one, accepted) in ours.into_iter().zip(accepted) {
            match accepted {
                Ok(_) => noted.push(one),
                Err(error) => refused.push((one, error)),
            }
        }
        let may_be =
            |(_, error): &(Ours, SubmitError)| matches!(error, SubmitError::Unknown { .. });
        let is_any =
            !noted.is_empty() || refused.iter().any(may_be) || each.iter().any(stands_for_one);
        each.extend(self.note_each(noted).await);
        each.extend(self.leave_each(refused, is_any).await);
        Ok(in_order(stream::iter(each)).await)
    }

    /// Claims the keys of some, the first of which stands for its task since then.
    async fn claim_each(
        &self,
        text: &str,
        since: Timestamp,
        keyed: &[Keyed],
    ) -> Vec<Result<Claim, KeyedSubmitError>> {
        let now = self.parts.clock.now();
        let mine = keyed.iter();
        let mine: Vec<_> = mine
            .map(|keyed| KeyRecord::new(keyed.submission.id, text, now).beside(since))
            .collect();
        let documents: Vec<_> = mine.iter().map(KeyRecord::to_document).collect();
        let steps = keyed.iter().zip(&documents);
        let steps: Vec<_> = steps
            .map(|(Keyed { name, .. }, document)| [Step::Create { name, document }])
            .collect();
        let writes: Vec<_> = steps.iter().map(|steps| &steps[..]).collect();
        let written = self.parts.store.write_each(&writes);
        let claims = written.map(|(place, written)| {
            let (name, mine) = (&keyed[place].name, mine[place].clone());
            async move {
                let created = written.map(Written::into_etag);
                (place, self.claim(name, mine, created).await)
            }
        });
        in_order(claims.buffer_unordered(SEEN_TO_AT_ONCE)).await
    }

    /// Notes with the keys of some that their tasks are accepted.
    async fn note_each(&self, accepted: Vec<Ours>) -> EachPlace {
        let accepted: Vec<_> = accepted
            .into_iter()
            .map(|one| Ours {
                claimed: one.claimed.accepted(),
                ..one
            })
            .collect();
        let documents = accepted.iter().map(|one| one.claimed.record.to_document());
        let documents: Vec<_> = documents.collect();
        let steps = accepted.iter().zip(&documents);
        let steps: Vec<_> = steps
            .map(|(one, document)| {
                [Step::Replace {
                    name: &one.name,
                    document,
                    etag: &one.claimed.etag,
                }]
            })
            .collect();
        let writes: Vec<_> = steps.iter().map(|steps| &steps[..]).collect();
        let mut written = self.parts.store.write_each(&writes);
        while let Some((place, written)) = written.next().await {
            if let Err(error) = written {
                let Ours { name, claimed, .. } = &accepted[place];
                let (document, etag) = (documents[place].clone(), claimed.etag.clone());
                self.note_later(name.clone(), claimed.record.task, document, etag, &error);
            }
        }
        let ids = accepted.iter();
        ids.map(|one| (one.place, Ok(one.claimed.record.task)))
            .collect()
    }

    /// Leaves the keys of some whose tasks were not accepted, or may be. That of the first goes on standing for
    /// all if any other is, or may be.
    async fn leave_each(&self, refused: Vec<(Ours, SubmitError)>, is_any: bool) -> EachPlace {
        let left = refused.into_iter().map(|(one, error)| async move {
            let Ours {
                place,
                name,
                claimed,
            } = one;
            let claimed = match place {
                0 if is_any => claimed.standing(),
                _ => claimed,
            };
            self.not_accepted(&name, claimed, &error).await;
            (place, Err(error.into()))
        });
        let left = stream::iter(left).buffer_unordered(SEEN_TO_AT_ONCE);
        left.collect().await
    }

    /// Gives the keys back of which none stood for a task before.
    async fn give_all_back(&self, claimed: &[Ours]) {
        let steps = claimed.iter().map(|one| {
            [Step::Delete {
                name: &one.name,
                etag: Some(&one.claimed.etag),
            }]
        });
        let steps: Vec<_> = steps.collect();
        let writes: Vec<_> = steps.iter().map(|steps| &steps[..]).collect();
        let mut written = self.parts.store.write_each(&writes);
        while let Some((_, written)) = written.next().await {
            if let Err(error) = written {
                log::debug!("key not given back: {error}");
            }
        }
    }
}

/// Whether there is a task at a place, or may be.
fn stands_for_one((_, submitted): &(usize, Result<TaskId, KeyedSubmitError>)) -> bool {
    matches!(
        submitted,
        Ok(_)
            | Err(KeyedSubmitError::InProgress
                | KeyedSubmitError::Submit(SubmitError::Unknown { .. }))
    )
}

/// What tells many from others, see [`Submission::text`].
fn text_of(submissions: &[Submission]) -> String {
    let digest = submissions
        .iter()
        .fold(Sha256::new(), |digest, submission| {
            digest.chain_update(submission.text()).chain_update("\0")
        });
    hex(&digest.finalize())
}
