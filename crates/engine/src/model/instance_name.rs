//! The document of a name that a client gives to an instance: it says which task that is.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::model::id::TaskId;
use ports::{Document, Head, Timestamp};

/// What the names of these documents begin with; no digit of a task's name.
const NAME_PREFIX: &str = "name-";

/// The kind in the head of one.
const KIND: &str = "instance-name";

/// What is kept for a name.
#[derive(Serialize, Deserialize)]
struct Named {
    task: TaskId,
}

/// The document that makes a name that of a task.
pub(crate) fn document(task: TaskId, now: Timestamp) -> Document {
    let body = serde_json::to_vec(&Named { task }).unwrap_or_default();
    Document {
        head: Head::beside(KIND, "named", now),
        body: Bytes::from(body),
    }
}

/// The task that a document tells.
pub(crate) fn task_in(body: &[u8]) -> Option<TaskId> {
    Some(serde_json::from_slice::<Named>(body).ok()?.task)
}

/// What the document of a name is called, whatever is in the name.
pub(crate) fn document_name(name: &str) -> String {
    let digest = Sha256::digest(name);
    let hex = digest.iter().map(|byte| format!("{byte:02x}"));
    [NAME_PREFIX.to_owned()].into_iter().chain(hex).collect()
}

/// Whether the listing shows the document of a name.
pub(crate) fn is_name(name: &str, head: &Head) -> bool {
    name.starts_with(NAME_PREFIX) && head.kind == KIND
}
