//! The storage of a scenario, and a look into it from outside.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use backends::SystemClock;
use backends::embedded::Embedded;
use engine::limits::{LOST_AFTER, VISIBILITY_TIMEOUT};
use ports::{Queue, Queues, TaskStore};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use uuid::Uuid;

use crate::helpers::azurite::azurite;
use crate::helpers::deployment::Setting;
use crate::helpers::queues;

/// The service's clock counts in seconds.
const SHOWS_AFTER: Duration = LOST_AFTER.saturating_add(Duration::from_secs(1));
const VISIBLE_AFTER: Duration = VISIBILITY_TIMEOUT.saturating_add(Duration::from_secs(1));

/// A store that no other scenario has.
pub(super) struct Storage {
    pub(super) setting: Setting,
    /// Of the container and of the queue.
    name: String,
    pub(super) folder: TempDir,
    /// The connection for looks into a storage account.
    account: OnceCell<Ports>,
}

/// The store, opened by the test.
pub(super) struct Ports {
    pub(super) tasks: Arc<dyn TaskStore>,
    pub(super) queue: Arc<dyn Queue>,
    pub(super) poison_queue: Arc<dyn Queue>,
}

impl Storage {
    pub(super) fn new(setting: Setting) -> Self {
        Self {
            setting,
            name: format!("crash-{}", Uuid::now_v7()),
            folder: tempfile::tempdir().unwrap(),
            account: OnceCell::new(),
        }
    }

    /// The settings of every process here.
    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            // The end of a sweep is a line of its own at this level.
            ("RUST_LOG", "info,async_request_reply=debug".to_owned()),
            // The port is another after each start, and must not show in what is compared.
            ("PUBLIC_BASE_URL", "http://tasks.example".to_owned()),
            ("MAX_NUMBER", "1000000000".to_owned()),
            // All scenarios run at once, and it is deaths that they are about.
            ("REQUEST_BUDGET", "100s".to_owned()),
            ("queue_name", self.name.clone()),
            ("BLOB_CONTAINER_NAME", self.name.clone()),
        ];
        let account = self.setting.account();
        settings.extend(account.map(|account| ("AzureWebJobsStorage", account)));
        settings
    }

    /// Opens the store. The embedded one is open for one process at a time.
    pub(super) fn open(&self) -> Ports {
        match self.setting {
            Setting::Embedded => {
                let folder = self.folder.path().join("data");
                let embedded = Embedded::open(&folder, Arc::new(SystemClock)).unwrap();
                Ports {
                    tasks: embedded.tasks(),
                    queue: embedded.open(&queues::name(&self.name)),
                    poison_queue: embedded.open_dead_letters(&queues::name(&self.name)),
                }
            }
            Setting::Azurite | Setting::Hosted => {
                let azure = queues::AzureStorage::new(&azurite().account(), &self.name);
                Ports {
                    tasks: azure.tasks(),
                    queue: azure.queue(),
                    poison_queue: azure.poison_queue(),
                }
            }
        }
    }

    /// How many messages there are, hidden ones included: in the queue, and in its poison queue.
    pub(super) async fn messages(&self) -> (u64, u64) {
        if self.setting != Setting::Embedded {
            let ports = self.account.get_or_init(|| self.open());
            return (
                queues::length(&*ports.queue).await,
                queues::length(&*ports.poison_queue).await,
            );
        }
        // Beside the process that has the folder.
        let file = self.folder.path().join("data/tasks.db");
        let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let length = |queue: &str| -> u64 {
            let count = "SELECT count(*) FROM messages WHERE queue = ?1";
            let length = database.query_row(count, [queue], |row| row.get::<_, i64>(0));
            length.unwrap().try_into().unwrap()
        };
        (length(&self.name), length(&format!("{}-poison", self.name)))
    }

    /// When, after a crash, the next sweep can know of a lost message; and when all messages can be
    /// received again that the dead process had. The embedded store knows at its start that nobody
    /// has any.
    pub(super) fn waits(&self) -> &'static [Duration] {
        match self.setting {
            Setting::Embedded => &[],
            Setting::Azurite | Setting::Hosted => &[SHOWS_AFTER, VISIBLE_AFTER],
        }
    }
}
