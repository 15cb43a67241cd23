//! A client's key for a submission: the same key and body again is the same task.
//!
//! The key has a record of its own in the store, beside those of the tasks, under a name that is
//! no task's. It is written first, when the key is claimed, and again when the task is accepted.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::time::sleep;

use crate::limits::{ACCEPTING_TIMEOUT, CLOCK_SKEW, IDEMPOTENCY_RETENTION};
use crate::model::id::TaskId;
use crate::tasks::service::Tasks;
use crate::tasks::submit::{Submission, SubmitError};
use ports::crash::{CrashPoint, crash_point};
use ports::{Document, ETag, Head, StorageError, TaskStore, Timestamp};

/// What the names of keys begin with; no digit of a task's name.
pub(crate) const NAME_PREFIX: &str = "key-";

/// The kind in the head of a key's record.
const KIND: &str = "idempotency-key";

/// The pauses before the looks for a claim that is to be let go: at once, and for as long as storage that
/// stood still takes to get to what it was sent.
const LET_GO_PAUSES: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(15),
];

/// What the store keeps about a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeyRecord {
    pub(super) task: TaskId,
    /// SHA-256 of what was submitted.
    submission: String,
    accepted: bool,
    /// Whoever claimed it does not know what became of its task, and does no more about it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    let_go: bool,
    #[serde(with = "ports::timestamp")]
    claimed_at: Timestamp,
    /// When it was claimed the first time, if that was another time; for one of many, when the first of them was:
    /// they stand for their tasks together, and no longer.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "ports::timestamp::option"
    )]
    stands_since: Option<Timestamp>,
}

/// Why a submission with a key was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum KeyedSubmitError {
    /// The key was used for another submission.
    #[error("the key was used for another submission")]
    OtherSubmission,
    /// The first submission with the key is still being accepted.
    #[error("the first submission with this key is still being accepted")]
    InProgress,
    /// As without a key.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

/// What is to be done for a key.
pub(super) enum Claim {
    /// The task has been accepted before, by who claimed it then.
    Accepted(KeyRecord),
    /// It is ours to submit.
    Ours(Claimed),
}

/// A key that was claimed to submit its task.
pub(super) struct Claimed {
    pub(super) record: KeyRecord,
    /// The version that was written.
    pub(super) etag: ETag,
    /// What was there before, when somebody else's submission is carried on: its task may have been
    /// acknowledged, so the key goes on standing for it, whatever happens.
    before: Option<KeyRecord>,
}

impl Claim {
    /// Whether the key stood for no task before.
    pub(super) fn is_new(&self) -> bool {
        matches!(self, Self::Ours(Claimed { before: None, .. }))
    }

    /// Since when the key stands for its task.
    pub(super) fn since(&self) -> Timestamp {
        match self {
            Self::Accepted(record) | Self::Ours(Claimed { record, .. }) => record.since(),
        }
    }
}

impl Claimed {
    /// The same when its task is accepted.
    pub(super) fn accepted(mut self) -> Self {
        self.record.accepted = true;
        self
    }

    /// The same with the key standing for its task whatever becomes of that: what is not accepted, the next one who
    /// comes with the key carries on, and nobody uses it for something else.
    pub(super) fn standing(mut self) -> Self {
        let let_go = || KeyRecord {
            let_go: true,
            ..self.record.clone()
        };
        self.before.get_or_insert_with(let_go);
        self
    }
}

impl Tasks {
    /// Accepts work once for each key, for [`IDEMPOTENCY_RETENTION`]. Gives the id of the task
    /// that the key stands for, which is the submission's the first time.
    pub async fn submit_once(
        &self,
        key: &str,
        submission: Submission,
    ) -> Result<TaskId, KeyedSubmitError> {
        let text = submission.text();
        self.submit_keyed(key, &text, submission).await
    }

    /// The same, where something else than the submission says whether it is the same: `text`.
    pub(crate) async fn submit_keyed(
        &self,
        key: &str,
        text: &str,
        mut submission: Submission,
    ) -> Result<TaskId, KeyedSubmitError> {
        // What would be refused anyhow must not use up the key.
        self.check(&submission)?;
        let name = name_of(key);
        let claimed = match self.claim_key(&name, submission.id, text).await? {
            Claim::Accepted(record) => return Ok(record.task),
            Claim::Ours(claimed) => claimed,
        };
        crash_point(CrashPoint::AfterKey);
        submission.id = claimed.record.task;
        if let Err(error) = self.submit_checked(submission).await {
            self.not_accepted(&name, claimed, &error).await;
            return Err(error.into());
        }
        let Claimed { record, etag, .. } = claimed.accepted();
        let document = record.to_document();
        if let Err(error) = self.parts.store.replace(&name, &document, &etag).await {
            self.note_later(name, record.task, document, etag, &error);
        }
        Ok(record.task)
    }

    /// What is to become of a claim whose task was not accepted, or may be.
    pub(super) async fn not_accepted(&self, name: &str, claimed: Claimed, error: &SubmitError) {
        match error {
            SubmitError::Unknown { id, cause } if cause.is_unanswered() => {
                self.let_go(name.to_owned(), *id);
            }
            // Its record may yet be removed: nobody may be told before that the task is accepted.
            SubmitError::Unknown { .. } => {}
            _ => self.give_back(name, claimed).await,
        }
    }

    /// Whether a submission that was first sent at this time, by its client's clock, is one whose key
    /// cannot have been forgotten: that clock may be [`CLOCK_SKEW`] ahead or behind.
    pub fn is_remembered(&self, first_sent: Timestamp) -> bool {
        let now = self.parts.clock.now();
        first_sent - now <= CLOCK_SKEW && now - first_sent <= IDEMPOTENCY_RETENTION - CLOCK_SKEW
    }

    /// Undoes a claim, so that the client may come again with the key at once. Best effort: a claim
    /// that stays is carried on after a while.
    async fn give_back(&self, name: &str, claimed: Claimed) {
        let Claimed { etag, before, .. } = claimed;
        let given_back = match before {
            None => self.parts.store.delete(name, Some(&etag)).await.map(drop),
            Some(before) => {
                let document = before.to_document();
                self.parts
                    .store
                    .replace(name, &document, &etag)
                    .await
                    .map(drop)
            }
        };
        if let Err(error) = given_back {
            log::debug!("key not given back: {error}");
        }
    }

    /// Lets the next one who comes with the key carry on with its task at once: what became of that is not known,
    /// and there is one task for a key. Done in the background, since storage does not answer; and more than
    /// once, since the claim itself may be what storage has not got to yet. Best effort: otherwise it is carried
    /// on after [`ACCEPTING_TIMEOUT`].
    fn let_go(&self, name: String, task: TaskId) {
        let store = Arc::clone(&self.parts.store);
        tokio::spawn(async move {
            for pause in LET_GO_PAUSES {
                sleep(pause).await;
                match note_let_go(&*store, &name, task).await {
                    Ok(true) => return,
                    Ok(false) => {}
                    Err(error) => log::debug!("key not yet let go: {error}"),
                }
            }
        });
    }

    /// Notes the acceptance of a task in the background, with all the time that storage takes: what the request
    /// had of it is over. If this fails too the task has been accepted all the same; the key will be claimed
    /// again after a while, for the same task.
    pub(super) fn note_later(
        &self,
        name: String,
        task: TaskId,
        document: Document,
        etag: ETag,
        error: &StorageError,
    ) {
        log::debug!("task.id" = task; "acceptance not yet noted with the key: {error}");
        let store = Arc::clone(&self.parts.store);
        tokio::spawn(async move {
            if let Err(error) = store.replace(&name, &document, &etag).await {
                log::warn!("task.id" = task; "acceptance not noted with the key: {error}");
            }
        });
    }

    /// Claims a key for the submission of a task that has this text.
    pub(super) async fn claim_key(
        &self,
        name: &str,
        id: TaskId,
        text: &str,
    ) -> Result<Claim, KeyedSubmitError> {
        let mine = KeyRecord::new(id, text, self.parts.clock.now());
        let created = self.parts.store.create(name, &mine.to_document()).await;
        self.claim(name, mine, created).await
    }

    /// What is to be done for a key, once it was tried to create this record for it.
    pub(super) async fn claim(
        &self,
        name: &str,
        mine: KeyRecord,
        created: Result<Option<ETag>, StorageError>,
    ) -> Result<Claim, KeyedSubmitError> {
        let storage = |error: StorageError| KeyedSubmitError::Submit(error.into());
        // Whether it is claimed is not known, so neither is whether its task will be submitted.
        let unclaimed = |id, cause: StorageError| {
            if cause.is_unanswered() {
                self.let_go(name.to_owned(), id);
            }
            KeyedSubmitError::Submit(SubmitError::unwritten(id, cause))
        };
        let ours = |record, etag, before| {
            Claim::Ours(Claimed {
                record,
                etag,
                before,
            })
        };
        let (id, now) = (mine.task, mine.claimed_at);
        if let Some(etag) = created.map_err(|cause| unclaimed(id, cause))? {
            return Ok(ours(mine, etag, None));
        }
        let Some(stored) = self.parts.store.read(name).await.map_err(storage)? else {
            // It was released in between.
            return Err(KeyedSubmitError::InProgress);
        };
        let first = serde_json::from_slice::<KeyRecord>(&stored.body).ok();
        let (successor, before) = match first {
            // Unreadable is as good as expired: nobody else writes such names.
            None => (mine, None),
            // Our own claim, whose answer was lost: no other submission has the id.
            Some(first) if first.task == id => return Ok(ours(first, stored.etag, None)),
            Some(first) if mine.outlives(&first) => (mine, None),
            Some(first) if first.submission != mine.submission => {
                return Err(KeyedSubmitError::OtherSubmission);
            }
            Some(first) if first.accepted => return Ok(Claim::Accepted(first)),
            Some(first) if !first.let_go && now - first.claimed_at < ACCEPTING_TIMEOUT => {
                return Err(KeyedSubmitError::InProgress);
            }
            // Whoever claimed it died half-way, or let it go: carry on with its task.
            Some(first) => {
                let successor = KeyRecord {
                    let_go: false,
                    claimed_at: now,
                    stands_since: Some(first.since()),
                    ..first.clone()
                };
                (successor, Some(first))
            }
        };
        let document = successor.to_document();
        match self
            .parts
            .store
            .replace(name, &document, &stored.etag)
            .await
            .map_err(|cause| unclaimed(successor.task, cause))?
        {
            Some(etag) => Ok(ours(successor, etag, before)),
            None => Err(KeyedSubmitError::InProgress),
        }
    }
}

/// Notes with a claim of a task that it is let go; `false` when there is no claim.
async fn note_let_go(
    store: &dyn TaskStore,
    name: &str,
    task: TaskId,
) -> Result<bool, StorageError> {
    let Some(stored) = store.read(name).await? else {
        return Ok(false);
    };
    if let Ok(claimed) = serde_json::from_slice::<KeyRecord>(&stored.body)
        && claimed.task == task
        && !claimed.accepted
    {
        let let_go = KeyRecord {
            let_go: true,
            ..claimed
        };
        let document = let_go.to_document();
        store.replace(name, &document, &stored.etag).await?;
    }
    Ok(true)
}

impl KeyRecord {
    /// Of one who claims a key now, for a submission with this text.
    pub(super) fn new(task: TaskId, text: &str, now: Timestamp) -> Self {
        Self {
            task,
            submission: hex(&Sha256::digest(text)),
            accepted: false,
            let_go: false,
            claimed_at: now,
            stands_since: None,
        }
    }

    /// The same of one of many, the first of which stands for its task since then.
    pub(super) fn beside(self, since: Timestamp) -> Self {
        Self {
            stands_since: Some(since),
            ..self
        }
    }

    fn since(&self) -> Timestamp {
        self.stands_since.unwrap_or(self.claimed_at)
    }

    /// Whether what is stored stands for its task no more when this one comes: after [`IDEMPOTENCY_RETENTION`], and
    /// beside others when the first of them does not.
    fn outlives(&self, stored: &Self) -> bool {
        match self.stands_since {
            None => self.claimed_at - stored.since() > IDEMPOTENCY_RETENTION,
            Some(since) => stored.since() < since,
        }
    }

    pub(super) fn to_document(&self) -> Document {
        let body = serde_json::to_vec(self).expect("a key's record has string keys");
        let status = match self.accepted {
            true => "accepted",
            false => "accepting",
        };
        Document {
            head: Head::beside(KIND, status, self.claimed_at),
            body: Bytes::from(body),
        }
    }
}

/// What the record of a key is called.
pub(super) fn name_of(key: &str) -> String {
    format!("{NAME_PREFIX}{}", hex(&Sha256::digest(key)))
}

/// How long a key's record is kept, if the listing shows that it is one.
pub(crate) fn retention(name: &str, head: &Head) -> Option<Duration> {
    (name.starts_with(NAME_PREFIX) && head.kind == KIND).then_some(IDEMPOTENCY_RETENTION)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
