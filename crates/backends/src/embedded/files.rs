//! Files of kinds, as files: those of the data folder that people may look at.
//!
//! Threads of their own do it, as many as are worth it on one disk. They, and the folder, come to be with
//! the first call.

mod folder;

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use self::folder::FileFolder;
use super::database::Database;
use super::pool::Pool;
use ports::{FileName, Files, MAX_FILE_BYTES, Recovery, StorageError};

/// Several, because a write waits for the disk.
const THREADS: usize = 4;

/// What is read and written here, once it was needed.
type Started = Arc<Pool<Arc<FileFolder>>>;

/// The files below a data folder.
pub(super) struct EmbeddedFiles {
    // Before the lock on the folder, which the database has: the threads end first.
    started: Mutex<Option<Started>>,
    database: Arc<Database>,
    root: PathBuf,
}

impl EmbeddedFiles {
    /// Those in this folder, which is created when it is needed.
    pub(super) fn new(root: PathBuf, database: Arc<Database>) -> Self {
        Self {
            started: Mutex::default(),
            database,
            root,
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        job: impl FnOnce(&FileFolder) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        let threads = self.threads().map_err(|error| failure(operation, &error))?;
        let job =
            move |folder: &Arc<FileFolder>| job(folder).map_err(|error| failure(operation, &error));
        threads.run(operation, job).await
    }

    /// The threads, started.
    fn threads(&self) -> io::Result<Started> {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(threads) = &*started {
            return Ok(Arc::clone(threads));
        }
        let folder = Arc::new(FileFolder::open(&self.root)?);
        let each = vec![folder; THREADS];
        let threads = Pool::start("embedded-files", each, &self.database.thread_ended)?;
        Ok(Arc::clone(started.insert(Arc::new(threads))))
    }
}

#[async_trait]
impl Files for EmbeddedFiles {
    async fn list(&self, folder: &FileName) -> Result<Vec<FileName>, StorageError> {
        let folder = folder.clone();
        self.run("list files", move |files| files.list(&folder))
            .await
    }

    async fn read(&self, name: &FileName) -> Result<Option<Bytes>, StorageError> {
        let name = name.clone();
        let read = self.run("read file", move |files| files.read(&name));
        Ok(read.await?.map(Bytes::from))
    }

    async fn write(&self, name: &FileName, content: Bytes) -> Result<(), StorageError> {
        let name = name.clone();
        let write = move |files: &FileFolder| files.write(&name, &content);
        self.run("write file", write).await
    }

    async fn delete(&self, name: &FileName) -> Result<bool, StorageError> {
        let name = name.clone();
        self.run("delete file", move |files| files.delete(&name))
            .await
    }
}

/// What a failure of the file system means. Its texts name no path.
fn failure(operation: &'static str, error: &io::Error) -> StorageError {
    let (cause, recovery) = match error.kind() {
        ErrorKind::IsADirectory
        | ErrorKind::NotADirectory
        | ErrorKind::AlreadyExists
        | ErrorKind::DirectoryNotEmpty => {
            let cause = "a folder has the name of the file, or a file that of its folder";
            (cause.to_owned(), Recovery::Permanent)
        }
        ErrorKind::FileTooLarge => {
            let cause = format!("the file has more than {MAX_FILE_BYTES} bytes");
            (cause, Recovery::Permanent)
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            (error.to_string(), Recovery::Denied)
        }
        _ => (error.to_string(), Recovery::Transient),
    };
    StorageError {
        operation,
        cause,
        recovery,
    }
}
