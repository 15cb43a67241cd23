//! The task records as a port: each call goes to the clients of the thread it is made on. Writes are
//! done one by one, because the service has no transaction over a container and a queue.

use std::sync::Arc;

use async_trait::async_trait;

use super::clients::Clients;
use super::connector::Connector;
use super::link::link;
use super::queues::AzureQueue;
use super::resource::TURNS;
use ports::{
    Looked, OneStep, Page, Queue, Step, StorageError, Stored, TaskStore, Text, Timestamp, Writes,
    Written, one_by_one, side_by_side,
};

/// How many of many writes are under way at once: half of the turns of a thread, so that other requests wait
/// for nobody.
const WRITES_AT_ONCE: usize = TURNS / 2;

/// The task records of an account.
pub(super) struct AzureTasks(pub(super) Arc<Connector>);

#[async_trait]
impl TaskStore for AzureTasks {
    async fn prepare(&self) -> Result<(), StorageError> {
        Clients::here(&self.0)?.container.prepare().await
    }

    async fn check(&self) -> Result<(), StorageError> {
        Clients::here(&self.0)?.container.check().await
    }

    async fn read(&self, name: &str) -> Result<Option<Stored>, StorageError> {
        Clients::here(&self.0)?.container.read(name).await
    }

    async fn look(&self, name: &str, most: usize) -> Result<Option<Looked>, StorageError> {
        Clients::here(&self.0)?
            .container
            .read_up_to(name, most)
            .await
    }

    async fn write(&self, steps: &[Step<'_>]) -> Result<Written, StorageError> {
        one_by_one(self, steps).await
    }

    fn write_each<'a>(&'a self, writes: &'a [&'a [Step<'a>]]) -> Writes<'a> {
        side_by_side(self, writes, WRITES_AT_ONCE)
    }

    async fn link(&self, name: &str, until: Timestamp) -> Result<Option<String>, StorageError> {
        link(&self.0, name, until).await
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page, StorageError> {
        let clients = Clients::here(&self.0)?;
        clients.container.list(prefix, after, limit).await
    }
}

impl OneStep for AzureTasks {
    async fn step(&self, step: Step<'_>) -> Result<Written, StorageError> {
        let clients = Clients::here(&self.0)?;
        let container = &clients.container;
        let etag = match step {
            Step::Create { name, document } => container.create(name, document).await?,
            Step::Replace {
                name,
                document,
                etag,
            } => container.replace(name, document, etag).await?,
            Step::Put { name, document } => container.overwrite(name, document).await?,
            Step::Delete { name, etag } => {
                return Ok(match container.delete(name, etag).await? {
                    true => done(true),
                    false => Written::Not { step: 0 },
                });
            }
            Step::Send {
                queue,
                text,
                delay,
                held,
            } => {
                let of_no_record;
                let text = match text {
                    Text::Fixed(text) => text,
                    Text::Of(tell) => {
                        of_no_record = tell(None);
                        &of_no_record
                    }
                };
                let queue = AzureQueue::named(Arc::clone(&self.0), queue);
                let receipt = match held {
                    true => Some(Box::new(queue.send_held(text, delay).await?)),
                    false => queue.send(text, delay).await.map(|()| None)?,
                };
                return Ok(Written::Done {
                    etag: None,
                    settled: true,
                    held: receipt,
                });
            }
            Step::Settle { receipt, how } => {
                let queue = AzureQueue::of(Arc::clone(&self.0), receipt);
                return Ok(done(queue.settle(receipt, how).await?));
            }
        };
        Ok(match etag {
            Some(etag) => Written::Done {
                etag: Some(etag),
                settled: true,
                held: None,
            },
            None => Written::Not { step: 0 },
        })
    }
}

fn done(settled: bool) -> Written {
    Written::Done {
        etag: None,
        settled,
        held: None,
    }
}
