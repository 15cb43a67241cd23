//! What storage must do for tallies: lists to which many add at once, and which tell how many have.

use async_trait::async_trait;

use crate::StorageError;

/// Append-only lists to which many add, and which tell how many have. Adders never contend as writers of one
/// record do: an entry takes one call, however many add beside it.
///
/// Names are as those of records: short, printable ASCII without `/`. A store may keep tallies where it keeps
/// records, so a caller gives no name to both. A listing of records tells of tallies apart from
/// them, see [`Page`](crate::Page).
///
/// What was added outlives the end of the process. A power cut may take it back, but not when a record that was
/// written after it, or a message that was sent, has outlived that.
#[async_trait]
pub trait Tallies: Send + Sync {
    /// Makes a tally, empty; one that is there stays as it is.
    async fn open(&self, name: &str) -> Result<(), StorageError>;

    /// Appends an entry: a JSON text without line breaks, of up to 64 KiB. Gives how many there are with it, or
    /// fewer when that is not known; `None` when there is no such tally.
    ///
    /// # Errors
    ///
    /// One that is [unanswered](crate::Recovery::Unanswered): the entry may be there all the same. Also without an
    /// error it may be there twice, since a store tries again when an answer is lost: who reads tells entries
    /// apart by what they say. A permanent one: the tally is full. On Azure it holds 50,000.
    async fn add(&self, name: &str, entry: &str) -> Result<Option<u64>, StorageError>;

    /// How many entries there are: exactly, all that were added before this was asked included. `None` when
    /// there is no such tally.
    async fn count(&self, name: &str) -> Result<Option<u64>, StorageError>;

    /// The entries, in the order in which they were added; `None` when there is no such tally.
    async fn read(&self, name: &str) -> Result<Option<Vec<String>>, StorageError>;

    /// Deletes the tallies whose names begin with this, which is not empty.
    async fn clear(&self, prefix: &str) -> Result<(), StorageError>;
}
