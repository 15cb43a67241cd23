//! New work, in one write: a record is never without its message.

use std::sync::Arc;

use async_trait::async_trait;

use super::Database;
use super::durability::Until;
use super::millis::Millis;
use super::savepoint::all_or_nothing;
use super::{queue, task_store};
use ports::{Clock, Document, ETag, Intake, StorageError, Tell};

/// The records of one file, and one of its queues.
pub(super) struct EmbeddedIntake {
    pub(super) database: Arc<Database>,
    pub(super) queue: Arc<str>,
    pub(super) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Intake for EmbeddedIntake {
    async fn accept(
        &self,
        name: &str,
        document: &Document,
        tell: Tell<'_>,
    ) -> Result<Option<ETag>, StorageError> {
        let etag = task_store::new_etag();
        let text = tell(&etag);
        let (queue, clock) = (self.queue.clone(), self.clock.clone());
        let (name, document) = (name.to_owned(), document.clone());
        self.database
            .writer
            .write("accept task", Until::OnDisk, move |connection| {
                let now = Millis(clock.now());
                all_or_nothing(connection, || {
                    let created = task_store::create(connection, &name, &document, &etag, now)?;
                    if created {
                        queue::send(connection, &queue, &text, now, now)?;
                    }
                    Ok(created.then_some(etag))
                })
            })
            .await
    }
}
