//! The open file: who reads it, who writes to it, and that nobody else does.

use tokio_util::sync::CancellationToken;

use super::folder::FolderLock;
use super::readers::Readers;
use super::writer::Writer;

/// What the store and the queues share.
///
/// They are dropped in this order: SQLite folds its log into the file when the last connection
/// closes, which must be the one that may write, and only then may another process come.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) readers: Readers,
    pub(super) writer: Writer,
    pub(super) thread_ended: CancellationToken,
    pub(super) _lock: FolderLock,
}
