//! Repairs: a letter is sent whole, with its input, and settled once that was taken. So many are sent side by side: each
//! holds what it sends in memory, and whoever is to repair may hang.

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::LetterBody;
use crate::limits::{REPAIR_AGAIN, REPAIR_WAIT, REPAIRS, REPAIRS_IN_FRONT, varied};
use crate::model::dead_letter::EntryName;
use crate::model::parcel::{Parcel, WholeLetter};
use crate::model::rules::Outward;
use crate::records::RecordError;
use crate::tasks::service::Tasks;
use ports::StorageError;
use work::{Context, Failure};

/// The places of those that are sent, and the room in front of them. Digests need none: they wait for no repair.
pub(super) struct Repairs {
    places: Semaphore,
    front: Semaphore,
}

impl Default for Repairs {
    fn default() -> Self {
        Self {
            places: Semaphore::new(REPAIRS),
            front: Semaphore::new(REPAIRS_IN_FRONT),
        }
    }
}

impl Repairs {
    /// A place; or the attempt is to come again, and does not count.
    pub(super) async fn place(&self, cx: &Context) -> Result<SemaphorePermit<'_>, Failure> {
        if let Ok(place) = self.places.try_acquire() {
            return Ok(place);
        }
        let again = || Failure::later(varied(REPAIR_AGAIN));
        let _in_front = self.front.try_acquire().map_err(|_| again())?;
        tokio::select! {
            biased;
            () = cx.stopped() => {
                cx.check_stop()?;
                Err(again())
            }
            place = timeout(REPAIR_WAIT, self.places.acquire()) => match place {
                Ok(Ok(place)) => Ok(place),
                Ok(Err(_)) | Err(_) => Err(again()),
            }
        }
    }
}

/// Sends something, unless the attempt is told to stop.
pub(super) async fn sent(
    to: &dyn Outward,
    parcel: &Parcel<'_>,
    done_with: &mut Vec<String>,
    cx: &Context,
) -> Result<(), Failure> {
    tokio::select! {
        biased;
        () = cx.stopped() => cx.check_stop(),
        sent = to.send(parcel, done_with, cx) => sent,
    }
}

/// Sends a letter and settles it; `false` when it is none any more.
pub(super) async fn repair(
    tasks: &Tasks,
    rule: &str,
    name: EntryName,
    to: &dyn Outward,
    cx: &Context,
) -> Result<bool, Failure> {
    let Some(letter) = tasks.letter_of_failure(name).await? else {
        return Ok(false);
    };
    let (mut input, mut message, mut queue) = (None, None, None);
    match &letter.body {
        LetterBody::Task { input: held } => input = held.as_deref(),
        LetterBody::LargeTask => {}
        LetterBody::Message { text, queue: of } => (message, queue) = (Some(&**text), Some(&**of)),
    }
    let parcel = Parcel::letter(WholeLetter {
        rule,
        id: letter.id,
        kind: letter.kind.as_deref(),
        error: &letter.error,
        attempts: letter.attempts,
        created_date_time: letter.created_at,
        failed_date_time: letter.failed_at,
        input,
        message,
        queue,
    });
    sent(to, &parcel, &mut Vec::new(), cx).await?;
    tasks.settle(name, message.is_some()).await?;
    Ok(true)
}

impl Tasks {
    /// Takes a letter from those that are listed: somebody has done what it asks for. The record of a task stays
    /// as it is; the entry of a message holds the message, and is marked.
    async fn settle(&self, name: EntryName, is_message: bool) -> Result<(), RecordError> {
        let store = &self.parts.store;
        if !is_message {
            store.delete(&name.text(), None).await?;
        } else if let Some((name, mut message, etag)) = self.dead_message(name.id).await? {
            message.settled_at = Some(self.parts.clock.now());
            let document = message.to_document(name);
            let settled = store.replace(&name.text(), &document, &etag).await?;
            if settled.is_none() {
                let cause = "it has changed";
                return Err(StorageError::transient("settle a dead letter", cause).into());
            }
        }
        log::info!("task.id" = name.id; "dead letter settled by a rule");
        Ok(())
    }
}
