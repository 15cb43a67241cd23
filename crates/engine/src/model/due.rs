//! What a rule has yet to do about a dead letter, and what rules have done: notes beside its entry.
//!
//! A note of what is due is written with the entry, and goes when a task has been made of it. So a process that
//! dies in between leaves it to the next sweep. What was done is kept under the id of the task, so that it
//! outlasts a replay.

use bytes::Bytes;
use hmac::Hmac;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::model::dead_letter::{Entry, EntryName};
use crate::model::id::TaskId;
use crate::model::message::object_in;
use crate::model::rules::{Candidate, Rules};
use crate::model::task::TaskRecord;
use ports::{Document, Further, Head, Timestamp};

/// What the names of notes begin with that tell what is due.
pub(crate) const DUE_PREFIX: &str = "fd-";

/// And of those that tell what was done.
const DONE_PREFIX: &str = "fa-";

/// The statuses in their heads, which are none of a task's.
const DUE: &str = "dead-due";
const DONE: &str = "dead-acted";

/// The most actions that are kept of one letter: the last ones.
const MAX_ACTIONS: usize = 100;

/// What is due after a failure, to be written with its entry; `None` when no rule matches.
pub(crate) fn after_failure(rules: &Rules, record: &TaskRecord, head: &Head) -> Option<Box<Entry>> {
    let rule = rules.first(&Candidate::of(record)?)?;
    Some(Box::new(note(EntryName::of(record), &rule.name, head)))
}

/// The same after a message was given up that names no task, with this text.
pub(crate) fn after_message(rules: &Rules, entry: &Entry, text: &str) -> Option<Box<Entry>> {
    let head = &entry.document.head;
    let error = head.error.as_ref()?;
    let error = crate::model::task::TaskError {
        code: error.code.clone(),
        message: error.message.clone(),
    };
    let object = object_in(text);
    let letter = Candidate {
        kind: None,
        error: &error,
        held: object.as_deref().unwrap_or(text),
        sent: Some(text),
        retries: 0,
    };
    let rule = rules.first(&letter)?;
    let name = EntryName::parse(&entry.name)?;
    Some(Box::new(note(name, &rule.name, head)))
}

fn note(name: EntryName, rule: &str, head: &Head) -> Entry {
    let head = Head {
        status: DUE.to_owned(),
        further: Further::of(None, Some(rule)),
        ..head.clone()
    };
    Entry {
        name: name.text_behind(DUE_PREFIX),
        document: Document {
            head,
            body: Bytes::from_static(br#"{"schema":1}"#),
        },
    }
}

/// What is due, as a listing has it.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    /// As the store has it.
    pub(crate) text: String,
    pub(crate) name: EntryName,
    pub(crate) rule: String,
    /// That of the failure's entry, but for the status.
    pub(crate) head: Head,
}

impl Due {
    /// Reads a row of a listing; `None` for anything else.
    pub(crate) fn of(name: String, head: Option<Head>) -> Option<Self> {
        let head = head.filter(|head| head.status == DUE)?;
        Some(Self {
            name: EntryName::parse_behind(DUE_PREFIX, &name)?,
            rule: head.labels()?.to_owned(),
            text: name,
            head,
        })
    }

    /// The id of the task that does it, see [`TaskId::of_parts`].
    pub(crate) fn task(&self, key: Hmac<Sha256>) -> TaskId {
        TaskId::of_parts(self.name.failed_at, key, [&self.rule, &self.text])
    }
}

/// The id of the task that tells what a rule has gathered in the window that begins then, as that of any other.
pub(crate) fn window_task(key: Hmac<Sha256>, rule: &str, window: Timestamp) -> TaskId {
    let begins = window.unix_timestamp().to_string();
    TaskId::of_parts(window, key, [rule, &begins])
}

/// What rules did about a letter, the newest last.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Actions {
    schema: u32,
    pub(crate) actions: Vec<Action>,
}

/// One of these. How it ended, its task tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Action {
    pub(crate) rule: String,
    pub(crate) action: String,
    #[serde(with = "ports::timestamp")]
    pub(crate) failed_at: Timestamp,
    #[serde(with = "ports::timestamp")]
    pub(crate) begun_at: Timestamp,
    pub(crate) task: TaskId,
}

impl Actions {
    /// Where those of a letter are.
    pub(crate) fn name(letter: TaskId) -> String {
        format!("{DONE_PREFIX}{letter}")
    }

    /// Reads them; what is none is as if there were none.
    pub(crate) fn from_body(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// What a rule does about this failure, if that was noted.
    pub(crate) fn of(&self, rule: &str, failed_at: Timestamp) -> Option<&Action> {
        let mut actions = self.actions.iter();
        actions.find(|known| known.rule == rule && known.failed_at == failed_at)
    }

    /// With one more, or with another task for what was noted, or the same begun later; `None` when all of it is there.
    pub(crate) fn with(mut self, action: Action) -> Option<Self> {
        let mut known = self.actions.iter();
        if known.any(|known| known.task == action.task && known.begun_at >= action.begun_at) {
            return None;
        }
        self.actions
            .retain(|known| (&known.rule, known.failed_at) != (&action.rule, action.failed_at));
        let beyond = (self.actions.len() + 1).saturating_sub(MAX_ACTIONS);
        self.actions.drain(..beyond);
        self.actions.push(action);
        Some(self)
    }

    /// What the store keeps of them, as long as a record of this kind.
    pub(crate) fn to_document(&self, kind: &str, now: Timestamp) -> Document {
        let actions = Self {
            schema: 1,
            actions: self.actions.clone(),
        };
        let body = serde_json::to_vec(&actions).expect("actions have string keys");
        let head = Head::beside(kind, DONE, now);
        Document {
            head,
            body: Bytes::from(body),
        }
    }
}

/// Whether a record of the store is a note of these.
pub(crate) fn is_note(name: &str, head: &Head) -> bool {
    (name.starts_with(DUE_PREFIX) && head.status == DUE)
        || (name.starts_with(DONE_PREFIX) && head.status == DONE)
}

#[cfg(test)]
mod tests {
    use hmac::Mac;
    use time::macros::datetime;

    use super::*;

    const THEN: Timestamp = datetime!(2026-11-26 02:00:00.123 UTC);

    fn key(number: u8) -> Hmac<Sha256> {
        Hmac::new_from_slice(&[number; 32]).unwrap()
    }

    fn head() -> Head {
        Head {
            kind: "echo".to_owned(),
            status: "failed".to_owned(),
            created_at: THEN,
            updated_at: THEN,
            attempts: 1,
            error: None,
            further: None,
        }
    }

    #[test]
    fn what_is_due_is_read_from_a_listing_and_always_makes_the_same_task() {
        let id = TaskId::new(THEN);
        let name = EntryName {
            id,
            failed_at: THEN,
        };
        let note = note(name, "tell", &head());
        let due = Due::of(note.name.clone(), Some(note.document.head.clone())).unwrap();
        assert_eq!((due.name, &*due.rule), (name, "tell"));
        assert!(is_note(&note.name, &note.document.head));
        let again = Due::of(note.name, Some(note.document.head)).unwrap();
        assert_eq!(due.task(key(1)), again.task(key(1)));
        assert_eq!(due.task(key(1)).created_at(), Some(THEN));
        let other = Due {
            rule: "other".to_owned(),
            ..due.clone()
        };
        assert_ne!(due.task(key(1)), other.task(key(1)));
        // Nor is it known to whoever knows the rule and the failure, and not the key.
        assert_ne!(due.task(key(1)), due.task(key(2)));
        let window = |number| window_task(key(number), "tell", THEN);
        assert_eq!(window(1), window(1));
        assert_ne!(window(1), window(2));
        // No entry, and no task.
        assert!(EntryName::parse(&due.text).is_none());
        assert!(due.text.parse::<TaskId>().is_err());
        assert!(Due::of(due.text, Some(head())).is_none());
    }

    #[test]
    fn an_action_is_noted_once_and_the_last_hundred_are_kept() {
        let action = |millisecond: i64| Action {
            rule: "tell".to_owned(),
            action: "mail".to_owned(),
            failed_at: THEN + time::Duration::milliseconds(millisecond),
            begun_at: THEN,
            task: TaskId::new(THEN + time::Duration::milliseconds(millisecond)),
        };
        let first = action(0);
        let mut actions = Actions::default().with(first.clone()).unwrap();
        let document = actions.to_document("echo", THEN);
        actions = Actions::from_body(&document.body);
        assert!(actions.with(first.clone()).is_none());
        let other = Action {
            task: TaskId::new(THEN),
            ..first.clone()
        };
        let document = Actions::default().with(first).unwrap();
        let actions = document.with(other.clone()).unwrap();
        assert_eq!(actions.actions.len(), 1);
        let later = Action {
            begun_at: THEN + time::Duration::MINUTE,
            ..other.clone()
        };
        let actions = actions.with(later.clone()).unwrap();
        assert_eq!(actions.actions.len(), 1);
        assert_eq!(actions.of("tell", THEN).unwrap().begun_at, later.begun_at);
        let actions = Actions::from_body(&actions.to_document("echo", THEN).body);
        let again = Actions::from_body(&actions.to_document("echo", THEN).body);
        assert!(again.with(other.clone()).is_none());
        assert_eq!(actions.of("tell", THEN).unwrap().task, other.task);
        assert!(actions.of("other", THEN).is_none());
        let mut actions = Actions::default();
        for millisecond in 0..150 {
            actions = actions.with(action(millisecond)).unwrap();
        }
        assert_eq!(actions.actions.len(), 100);
        assert!(Actions::from_body(b"no actions").actions.is_empty());
    }
}
