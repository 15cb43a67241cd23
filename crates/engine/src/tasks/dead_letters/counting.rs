//! Counting what is done to many dead letters over all attempts of the task that does it.

use super::DeadLetter;
use crate::model::bulk::BulkCount;
use crate::model::dead_letter::EntryName;
use crate::records::RecordError;
use crate::tasks::service::Tasks;
use ports::{ETag, StorageError};
use work::{Context, ErrorCode, Failure};

const OVERTAKEN: ErrorCode = ErrorCode::literal("Overtaken");

/// The count of one task, in an attempt.
pub(super) struct Counting {
    tasks: Tasks,
    name: String,
    kind: String,
    etag: Option<ETag>,
    count: BulkCount,
}

impl Counting {
    /// Counts on from the attempts before this one.
    pub(super) async fn begin(tasks: &Tasks, cx: &Context) -> Result<Self, RecordError> {
        let name = BulkCount::name(cx.task_id());
        let stored = tasks.parts.store.read(&name).await?;
        let (etag, mut count) = match stored {
            Some(stored) => (Some(stored.etag), BulkCount::from_body(&stored.body)),
            None => (None, BulkCount::default()),
        };
        for entry in std::mem::take(&mut count.at_hand) {
            let still_dead = match EntryName::parse(&entry) {
                Some(name) => tasks.letter_of_failure(name).await?.is_some(),
                None => true,
            };
            count.done += usize::from(!still_dead);
        }
        Ok(Self {
            tasks: tasks.clone(),
            name,
            kind: cx.kind().to_string(),
            etag,
            count,
        })
    }

    /// Letters that it was done to.
    pub(super) fn done(&self) -> usize {
        self.count.done
    }

    /// Notes which letters are next.
    pub(super) async fn next(&mut self, letters: &[DeadLetter]) -> Result<(), Failure> {
        let names = letters.iter().map(|letter| letter.entry().text());
        self.count.at_hand = names.collect();
        let now = self.tasks.parts.clock.now();
        let document = self.count.to_document(&self.kind, now);
        let store = &self.tasks.parts.store;
        let written: Result<_, StorageError> = match &self.etag {
            Some(etag) => store.replace(&self.name, &document, etag).await,
            None => store.create(&self.name, &document).await,
        };
        self.etag = written?;
        match self.etag {
            Some(_) => Ok(()),
            None => Err(Failure::transient(
                OVERTAKEN,
                "another attempt of the task is under way",
            )),
        }
    }

    /// Counts one of them that it was done to.
    pub(super) fn one_is_done(&mut self) {
        self.count.done += 1;
    }
}
