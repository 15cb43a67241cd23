//! What a task has done so far that is about many dead letters. It is kept beside the task's record, so that an
//! attempt counts on from one that broke off.
//!
//! Letters are named here before anything is done about them. If their attempt dies, the next one looks at them: one
//! that is no dead letter any more was done.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use ports::{Document, Head, Timestamp};

/// What the names of counts begin with.
const PREFIX: &str = "fb-";

/// The status in their heads, which is none of a task's.
const STATUS: &str = "dead-bulk";

/// A count.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct BulkCount {
    schema: u32,
    /// Letters that it was done to.
    pub(crate) done: usize,
    /// The names of the entries of those that it is being done to.
    pub(crate) at_hand: Vec<String>,
}

impl BulkCount {
    /// Where that of a task is.
    pub(crate) fn name(task: &str) -> String {
        format!("{PREFIX}{task}")
    }

    /// Reads one; what is none is as if nothing were done.
    pub(crate) fn from_body(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// What the store keeps of it, as long as the record of a task of this kind.
    pub(crate) fn to_document(&self, kind: &str, now: Timestamp) -> Document {
        let count = Self {
            schema: 1,
            done: self.done,
            at_hand: self.at_hand.clone(),
        };
        let body = serde_json::to_vec(&count).expect("a count has string keys");
        let head = Head::beside(kind, STATUS, now);
        Document {
            head,
            body: Bytes::from(body),
        }
    }
}

/// Whether a record of the store is a count.
pub(crate) fn is_count(name: &str, head: &Head) -> bool {
    name.starts_with(PREFIX) && head.status == STATUS
}
