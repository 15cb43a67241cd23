//! Everything in one SQLite file, but for the files of kinds, which are files: nothing to install, nothing to configure but a folder.
//!
//! One process at a time has the folder. In it, one thread writes and shares each commit among all
//! who wait (`writer`), and a few read (`readers`); an async caller sends them a closure and awaits
//! the answer, so that no async thread ever waits for a disk. Every later read sees what was
//! acknowledged, and what a client is told of is on the disk by then (`durability`).

mod database;
mod durability;
mod errors;
mod files;
mod folder;
mod messages;
mod millis;
mod newest;
mod open_error;
mod pool;
mod put_back;
mod queue;
mod raw_messages;
mod raw_queue;
mod readers;
mod rows;
mod savepoint;
mod schema;
mod tallies;
mod task_store;
mod text;
mod thread;
mod write;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use open_error::OpenError;
use tokio_util::sync::CancellationToken;

use database::Database;
use files::EmbeddedFiles;
use folder::{FolderLock, keep_private};
use ports::{Clock, Files, Queue, QueueName, Queues, RawQueue, RawQueues, Tallies, TaskStore};
use put_back::{Latest, follow_at_start};
use queue::EmbeddedQueue;
use raw_queue::EmbeddedRawQueue;
use readers::Readers;
use tallies::EmbeddedTallies;
use task_store::EmbeddedTasks;
use writer::Writer;

/// Two, so that one long listing does not hold up every read.
const READERS: usize = 2;

/// An open data folder. Clones share it, and so do the stores and queues it gives: the folder is
/// free again when the last of them is dropped.
///
/// That last drop blocks until the writes under way are done and the write-ahead log is folded
/// into the file.
#[derive(Clone)]
pub struct Embedded {
    database: Arc<Database>,
    clock: Arc<dyn Clock>,
    latest: Arc<Latest>,
    data_dir: PathBuf,
}

impl Embedded {
    /// Opens `tasks.db` in the folder, creating either when missing, and releases the messages of
    /// all queues: whoever held one is dead. Blocks, but not for long.
    ///
    /// # Errors
    ///
    /// When another process has the folder, or it cannot be used; see [`OpenError`].
    pub fn open(data_dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let lock = FolderLock::take(data_dir)?;
        keep_private(data_dir);
        let file = data_dir.join("tasks.db");
        let connection = schema::open_for_writing(&file)?;
        let now = clock.now();
        queue::release_all(&connection, now)
            .and_then(|()| follow_at_start(&connection, now))
            .map_err(|cause| OpenError::database(&file, cause))?;
        let read_only = (0..READERS)
            .map(|_| schema::open_for_reading(&file))
            .collect::<Result<_, _>>()?;
        let no_thread = |cause| OpenError::folder(data_dir, cause);
        let thread_ended = CancellationToken::new();
        Ok(Self {
            database: Arc::new(Database {
                readers: Readers::start(read_only, &thread_ended).map_err(no_thread)?,
                writer: Writer::start(connection, &thread_ended).map_err(no_thread)?,
                thread_ended,
                _lock: lock,
            }),
            clock,
            latest: Arc::default(),
            data_dir: data_dir.to_owned(),
        })
    }

    /// The task records.
    pub fn tasks(&self) -> Arc<dyn TaskStore> {
        Arc::new(EmbeddedTasks {
            database: self.database.clone(),
            clock: self.clock.clone(),
        })
    }

    /// The tallies.
    pub fn tallies(&self) -> Arc<dyn Tallies> {
        Arc::new(EmbeddedTallies {
            database: Arc::clone(&self.database),
            clock: Arc::clone(&self.clock),
        })
    }

    /// The files of kinds, in the folder `files`, which is there once it was needed.
    pub fn files(&self) -> Arc<dyn Files> {
        let root = self.data_dir.join("files");
        Arc::new(EmbeddedFiles::new(root, Arc::clone(&self.database)))
    }

    /// How many commits there have been since the start, each shared by all writes that came during
    /// the one before.
    pub fn commits(&self) -> u64 {
        self.database.writer.commits()
    }

    /// How many of the commits waited for the disk.
    pub fn syncs(&self) -> u64 {
        self.database.writer.syncs()
    }

    /// Returns when one of the threads has broken off, which takes a defect: nothing starts it again,
    /// so the process should.
    pub async fn broken_off(&self) {
        self.database.thread_ended.cancelled().await;
    }

    fn named(&self, name: &QueueName) -> EmbeddedQueue {
        EmbeddedQueue::named(
            name,
            Arc::clone(&self.database),
            Arc::clone(&self.clock),
            Arc::clone(&self.latest),
        )
    }
}

impl Queues for Embedded {
    fn open(&self, name: &QueueName) -> Arc<dyn Queue> {
        Arc::new(self.named(name))
    }

    fn open_dead_letters(&self, name: &QueueName) -> Arc<dyn Queue> {
        Arc::new(self.named(name).of_dead_letters())
    }
}

impl RawQueues for Embedded {
    fn open_raw(&self, name: &QueueName) -> Arc<dyn RawQueue> {
        Arc::new(EmbeddedRawQueue::named(
            name,
            Arc::clone(&self.database),
            Arc::clone(&self.clock),
            Arc::clone(&self.latest),
        ))
    }
}
