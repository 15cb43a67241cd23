//! Dead letters, newest first: failed tasks, and messages that name no task. They are found by the entries that
//! were made of them, so that what succeeded is not looked through.

pub(crate) mod action;
pub(crate) mod bulk;
mod counting;
mod digest;
mod due;
mod letter;
mod repair;
mod replay;
mod total;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

pub use self::bulk::Bulk;
pub use self::letter::{DeadLetter, LetterBody, LetterFilter};
use self::letter::{of_head, of_message, of_record};
pub use self::replay::{Edit, Replayed};

use crate::limits::{LETTER_CALLS, LETTER_LOOKS, LETTER_PAGE, LETTER_WHOLE, WALK_CONCURRENCY};
use crate::model::dead_letter::{
    DeadMessage, EntryName, NAME_PREFIX, is_of_message, is_settled, kind,
};
use crate::model::id::TaskId;
use crate::model::task::TaskRecord;
use crate::records::RecordError;
use crate::tasks::listing::ListError;
use crate::tasks::service::Tasks;
use ports::{ETag, Head, Listed, Looked, Stored, are_among};

/// The longest that a store calls a page, in bytes: Azure's markers have a name in them, and some more.
const MAX_MARKER: usize = 512;

/// Where a page of dead letters ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterPosition {
    /// The page of the store, as the store calls it.
    page: Option<String>,
    /// The last entry that was looked at.
    after: String,
}

impl LetterPosition {
    /// Whether it is made as positions are: one may be forged.
    pub fn may_be_one(&self) -> bool {
        let is_marker = |page: &String| {
            page.len() <= MAX_MARKER && page.bytes().all(|byte| byte.is_ascii_graphic())
        };
        EntryName::parse(&self.after).is_some() && self.page.as_ref().is_none_or(is_marker)
    }
}

/// Some dead letters, newest first.
#[derive(Clone, Debug, Default)]
pub struct LetterPage {
    /// The letters.
    pub letters: Vec<DeadLetter>,
    /// Where the next page goes on; `None` after the last one.
    pub next: Option<LetterPosition>,
}

/// An entry that may be of a dead letter that is wanted.
struct Candidate {
    name: EntryName,
    /// As the store has it.
    text: String,
    is_message: bool,
    head: Head,
}

impl LetterFilter {
    /// Whether a letter may be wanted, by what a listing shows of it. A code that was cut there is compared
    /// as far as it goes.
    fn may_take(&self, candidate: &Candidate) -> bool {
        let Candidate { name, head, .. } = candidate;
        self.failed_before
            .is_none_or(|before| name.failed_at < before)
            && self
                .kind
                .as_deref()
                .is_none_or(|wanted| kind(head) == Some(wanted))
            && !(self.spares_bulk && kind(head).is_some_and(Bulk::is_kind))
            && are_among(&self.labels, head.labels())
            && self
                .code
                .as_deref()
                .is_none_or(|wanted| wanted.starts_with(candidate.code()))
    }
}

impl Candidate {
    fn of(listed: Listed) -> Option<Self> {
        let head = listed.head.filter(|head| !is_settled(head))?;
        Some(Self {
            name: EntryName::parse(&listed.name)?,
            text: listed.name,
            is_message: is_of_message(&head)?,
            head,
        })
    }

    /// The code of its error, as far as a listing shows it.
    fn code(&self) -> &str {
        self.head.error.as_ref().map_or("", |error| &error.code)
    }
}

impl Tasks {
    /// Lists up to `top` dead letters that the filter takes, from where the page before ended. The number of
    /// calls is bounded: a page may be short, even empty, and still lead on.
    ///
    /// # Errors
    ///
    /// Storage was not reached, or knows no such position.
    pub async fn dead_letters(
        &self,
        filter: &LetterFilter,
        top: usize,
        position: Option<&LetterPosition>,
    ) -> Result<LetterPage, ListError> {
        let mut at = position.and_then(|position| position.page.clone());
        let mut after = position.map_or(String::new(), |position| position.after.clone());
        let (mut found, mut looks) = (LetterPage::default(), 0);
        for _ in 0..LETTER_CALLS {
            let store = &self.parts.store;
            let page = store.list(NAME_PREFIX, at.as_deref(), LETTER_PAGE).await;
            let page = page.map_err(|error| match position {
                Some(_) if !error.is_transient() => ListError::UnknownPosition,
                _ => error.into(),
            })?;
            let mut rows = page.items.into_iter().filter_map(Candidate::of).peekable();
            while rows.peek().is_some() {
                let room = (top - found.letters.len()).min(WALK_CONCURRENCY);
                let mut some = Vec::new();
                while let Some(row) = rows.next_if(|_| some.len() < room) {
                    if row.text <= after {
                        continue;
                    }
                    let is_over = |after| row.name.failed_at <= after;
                    if filter.failed_after.is_some_and(is_over) {
                        found.letters.extend(self.look_at(&some, filter).await?);
                        return Ok(found);
                    }
                    after.clone_from(&row.text);
                    if filter.may_take(&row) {
                        some.push(row);
                    }
                }
                looks += some.len();
                found.letters.extend(self.look_at(&some, filter).await?);
                let is_full = found.letters.len() == top || looks >= LETTER_LOOKS;
                if is_full && (rows.peek().is_some() || page.next.is_some()) {
                    found.next = Some(LetterPosition { page: at, after });
                    return Ok(found);
                }
                if is_full {
                    return Ok(found);
                }
            }
            if page.next.is_none() {
                return Ok(found);
            }
            at = page.next;
        }
        found.next = Some(LetterPosition { page: at, after });
        Ok(found)
    }

    /// A dead letter with all that it holds; `None` when there is none with this id, or not any more. A task
    /// that failed before there were entries is found as well.
    ///
    /// # Errors
    ///
    /// Storage was not reached, or the record cannot be read.
    pub async fn dead_letter(&self, id: TaskId) -> Result<Option<DeadLetter>, RecordError> {
        match self.parts.records.read(id).await? {
            Some(task) => Ok(of_record(task.record, task.etag)),
            None => {
                let found = self.dead_message(id).await?;
                Ok(found.map(|(name, message, version)| of_message(name, message, version)))
            }
        }
    }

    /// The dead letter that this failure made; `None` when it is none any more.
    async fn letter_of_failure(&self, name: EntryName) -> Result<Option<DeadLetter>, RecordError> {
        let letter = self.dead_letter(name.id).await?;
        let is_meant = |letter: &DeadLetter| {
            letter.entry().text() == name.text() && letter.settled_at.is_none()
        };
        Ok(letter.filter(is_meant))
    }

    /// A message that names no task, with its entry's name and version.
    async fn dead_message(
        &self,
        id: TaskId,
    ) -> Result<Option<(EntryName, DeadMessage, ETag)>, RecordError> {
        // Its id tells when it was given up.
        let Some(failed_at) = id.created_at() else {
            return Ok(None);
        };
        let name = EntryName { id, failed_at };
        let stored = self.parts.store.read(&name.text()).await?;
        Ok(stored.and_then(|stored| {
            let message = DeadMessage::from_body(&stored.body)?;
            Some((name, message, stored.etag))
        }))
    }

    /// Those of the candidates that are dead letters, and are wanted.
    async fn look_at(
        &self,
        candidates: &[Candidate],
        filter: &LetterFilter,
    ) -> Result<Vec<DeadLetter>, ListError> {
        let looks = candidates
            .iter()
            .map(|candidate| self.letter_of(candidate, filter));
        let mut letters = Vec::new();
        for letter in join_all(looks).await {
            let letter = letter?.filter(|letter| filter.takes(letter));
            letters.extend(letter.map(DeadLetter::without_large_input));
        }
        Ok(letters)
    }

    /// What an entry stands for; `None` when its task has not failed, or not then.
    async fn letter_of(
        &self,
        candidate: &Candidate,
        filter: &LetterFilter,
    ) -> Result<Option<DeadLetter>, ListError> {
        let Candidate { name, text, .. } = candidate;
        let store = &self.parts.store;
        if candidate.is_message {
            let stored = store.read(text).await?;
            let read = |stored: Stored| Some((DeadMessage::from_body(&stored.body)?, stored.etag));
            let message = stored.and_then(read);
            let message = message.filter(|(message, _)| message.settled_at.is_none());
            let Some((message, version)) = message else {
                return Ok(None);
            };
            // Who replays it may have died when there was a task of it, or does so just now.
            let is_task = match message.claimed_at {
                Some(_) => store.look(&name.id.text(), LETTER_WHOLE).await?.is_some(),
                None => false,
            };
            return Ok((!is_task).then(|| of_message(*name, message, version)));
        }
        // What is looked for may be in any of it.
        let most = filter
            .text
            .as_ref()
            .map_or(LETTER_WHOLE, |_| usize::MAX >> 1);
        let letter = match store.look(&name.id.text(), most).await? {
            None => None,
            // What cannot be read is none that could be replayed.
            Some(Looked::Whole(stored)) => {
                TaskRecord::from_body(name.id, &stored.body, stored.modified_at)
                    .ok()
                    .and_then(|record| of_record(record, Some(stored.etag)))
            }
            Some(Looked::Large(Listed { head, etag, .. })) => {
                head.and_then(|head| of_head(name.id, head, etag))
            }
        };
        Ok(letter.filter(|letter| letter.failed_at == name.failed_at))
    }
}
