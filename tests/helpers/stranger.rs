//! Another process with the embedded store's file.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::Connection;
use tokio::task::{JoinSet, yield_now};

/// Has these write at once while somebody else has the file in this folder locked, so that all of them wait when it
/// is free again; gives what they give. For a runtime of one thread, and as many as the store lets wait.
pub(crate) async fn while_nobody_writes<T: Send + 'static>(
    data_dir: &Path,
    writes: impl Iterator<Item: Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let stranger = Connection::open(data_dir.join("tasks.db")).unwrap();
    stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = Arc::new(AtomicUsize::new(0));
    let mut writing = JoinSet::new();
    for write in writes {
        let begun = Arc::clone(&begun);
        writing.spawn(async move {
            begun.fetch_add(1, Ordering::Relaxed);
            write.await
        });
    }
    // Each hands its write over in its first step, which no other interrupts.
    while begun.load(Ordering::Relaxed) < writing.len() {
        yield_now().await;
    }
    stranger.execute_batch("COMMIT").unwrap();
    writing.join_all().await
}
