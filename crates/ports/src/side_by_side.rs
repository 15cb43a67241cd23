//! Many writes for a store that shares no commit among them.

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use crate::{Step, StorageError, TaskStore, Written};

/// The places of many writes (from 0) and their answers, as they come.
pub type Writes<'a> = BoxStream<'a, (usize, Result<Written, StorageError>)>;

/// Does many writes, so many at once.
pub fn side_by_side<'a, S: TaskStore + ?Sized>(
    store: &'a S,
    writes: &'a [&'a [Step<'a>]],
    at_once: usize,
) -> Writes<'a> {
    let writes = writes
        .iter()
        .enumerate()
        .map(move |(place, steps)| async move { (place, store.write(steps).await) });
    stream::iter(writes)
        .buffer_unordered(at_once.max(1))
        .boxed()
}
