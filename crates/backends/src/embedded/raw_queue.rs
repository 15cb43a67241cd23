//! Queues of clients' own messages, as rows of a table of their own, with the semantics of Azure Storage
//! Queues: a hold lasts over a restart, because it is a client's.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::database::Database;
use super::durability::Until;
use super::millis::Millis;
use super::put_back::Latest;
use super::raw_messages::{self, Life};
use super::savepoint::all_or_nothing;
use ports::{Changed, Clock, Leased, NEVER, QueueName, QueuedMessage, RawQueue, StorageError};

/// One queue of one file.
pub(super) struct EmbeddedRawQueue {
    database: Arc<Database>,
    name: Arc<str>,
    clock: Arc<dyn Clock>,
    latest: Arc<Latest>,
}

impl EmbeddedRawQueue {
    /// The queue of this name.
    pub(super) fn named(
        name: &QueueName,
        database: Arc<Database>,
        clock: Arc<dyn Clock>,
        latest: Arc<Latest>,
    ) -> Self {
        Self {
            database,
            name: name.shared(),
            clock,
            latest,
        }
    }

    /// Does what takes several statements, with the time it is then.
    async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        until: Until,
        statements: impl FnOnce(&rusqlite::Connection, &str, Millis) -> rusqlite::Result<T>
        + Send
        + 'static,
    ) -> Result<T, StorageError> {
        let (queue, clock) = (self.name.clone(), self.clock.clone());
        let latest = Arc::clone(&self.latest);
        self.database
            .writer
            .write(operation, until, move |connection| {
                let now = Millis(clock.now());
                latest.follow(connection, now)?;
                let run = || statements(connection, &queue, now).map(Ok::<_, Infallible>);
                Ok(all_or_nothing(connection, run)?.unwrap_or_else(|never| match never {}))
            })
            .await
    }
}

#[async_trait]
impl RawQueue for EmbeddedRawQueue {
    /// Opening the file has made it ready.
    async fn prepare(&self) -> Result<(), StorageError> {
        Ok(())
    }

    async fn put(
        &self,
        text: &str,
        life: Option<Duration>,
        delay: Duration,
    ) -> Result<Option<Leased>, StorageError> {
        let text = text.to_owned();
        let put = move |connection: &_, queue: &str, now: Millis| {
            let life = Life {
                now,
                expires_at: life.map_or(Millis(NEVER), |life| now.after(life)),
                visible_at: now.after(delay),
            };
            raw_messages::put(connection, queue, text, &life).map(Some)
        };
        self.write("send message", Until::OnDisk, put).await
    }

    async fn receive(&self, max: u32, hide: Duration) -> Result<Vec<Leased>, StorageError> {
        let receive = move |connection: &_, queue: &str, now: Millis| {
            raw_messages::receive(connection, queue, max, now, now.after(hide))
        };
        self.write("receive messages", Until::Committed, receive)
            .await
    }

    async fn peek(&self, max: u32) -> Result<Vec<QueuedMessage>, StorageError> {
        let (queue, now) = (self.name.clone(), Millis(self.clock.now()));
        self.database
            .readers
            .read("peek at the queue", move |connection| {
                let visible = raw_messages::visible(connection, &queue, max, now)?;
                Ok(visible.into_iter().map(|(_, message)| message).collect())
            })
            .await
    }

    async fn update(
        &self,
        id: &str,
        pop_receipt: &str,
        text: Option<&str>,
        hide: Duration,
    ) -> Result<Changed, StorageError> {
        let (id, pop_receipt) = (id.to_owned(), pop_receipt.to_owned());
        let text = text.map(str::to_owned);
        let update = move |connection: &_, queue: &str, now: Millis| {
            let of = (queue, &*id, &*pop_receipt);
            raw_messages::update(connection, of, text.as_deref(), now, now.after(hide))
        };
        self.write("update message", Until::OnDisk, update).await
    }

    async fn delete(&self, id: &str, pop_receipt: &str) -> Result<bool, StorageError> {
        let (id, pop_receipt) = (id.to_owned(), pop_receipt.to_owned());
        let delete = move |connection: &_, queue: &str, now: Millis| {
            raw_messages::delete(connection, (queue, &id, &pop_receipt), now)
        };
        self.write("delete message", Until::OnDisk, delete).await
    }

    async fn clear(&self) -> Result<(), StorageError> {
        let readers = &self.database.readers;
        let newest = readers
            .read("clear the queue", raw_messages::newest)
            .await?;
        // Piece by piece: who waits for the writer meanwhile does not wait for all of it.
        loop {
            let some = move |connection: &_, queue: &str, _: Millis| {
                raw_messages::clear_some(connection, queue, newest)
            };
            if !self.write("clear the queue", Until::OnDisk, some).await? {
                return Ok(());
            }
        }
    }

    async fn length(&self) -> Result<u64, StorageError> {
        let (queue, now) = (self.name.clone(), Millis(self.clock.now()));
        self.database
            .readers
            .read("count messages", move |connection| {
                raw_messages::length(connection, &queue, now)
            })
            .await
    }
}
