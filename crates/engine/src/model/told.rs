//! What a digest tells of, and who has it, kept beside its task: the record of a success keeps no input, and what a
//! task gives is for whoever knows its id to read.

use std::collections::HashSet;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use ports::{Document, Head, Timestamp};

/// What the names of these begin with.
const PREFIX: &str = "ft-";

/// The status in their heads, which is none of a task's.
const STATUS: &str = "dead-told";

/// What one tells of.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Told {
    schema: u32,
    /// The names of the notes of what was due.
    pub(crate) names: HashSet<String>,
    /// Those who are not to be told once more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) done_with: Vec<String>,
}

impl Told {
    /// Of what has these names, and nobody was told yet.
    pub(crate) fn of(names: HashSet<String>) -> Self {
        Self {
            schema: 1,
            names,
            done_with: Vec::new(),
        }
    }

    /// Where that of a task is.
    pub(crate) fn name(task: &str) -> String {
        format!("{PREFIX}{task}")
    }

    /// Reads it; what is none tells of nothing.
    pub(crate) fn from_body(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// What the store keeps of it, as long as the record of a task of this kind.
    pub(crate) fn to_document(&self, kind: &str, now: Timestamp) -> Document {
        let body = serde_json::to_vec(self).expect("it is made of texts");
        Document {
            head: Head::beside(kind, STATUS, now),
            body: Bytes::from(body),
        }
    }
}

/// Whether a record of the store is one of these.
pub(crate) fn is_told(name: &str, head: &Head) -> bool {
    name.starts_with(PREFIX) && head.status == STATUS
}
