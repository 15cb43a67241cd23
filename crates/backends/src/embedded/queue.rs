//! Queues as rows of one table, with the semantics of Azure Storage Queues but for one: messages
//! do not expire (there they do, after seven days unless told otherwise).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::database::Database;
use super::durability::Until;
use super::errors::storage_error;
use super::millis::Millis;
use super::put_back::Latest;
use super::savepoint::all_or_nothing;
use super::text::lossy;
use super::{messages, write};
use ports::{
    Clock, Delivery, NEVER, Queue, QueueName, QueuedMessage, Receipt, Settle, StorageError,
    Timestamp,
};

/// In the order of the index, which is as fast with a million messages waiting as with one.
const VISIBLE: &str = "
    SELECT id, dequeue_count + 1 AS dequeue_count, inserted_at, text FROM messages
    WHERE queue = ?1 AND visible_at <= ?2
    ORDER BY visible_at, id
    LIMIT ?3";

/// A statement for each message: one for all of them would have to collect them in two tables first,
/// and to make these takes longer than this.
const HIDE: &str = "
    UPDATE messages SET visible_at = ?2, dequeue_count = dequeue_count + 1, pop_receipt = ?3
    WHERE id = ?1";

/// A message without a receipt was never received: whoever sent it has put it off. Unless it is yet to be
/// sent, by a clock that was put back. The names of the queues are stepped through in the index.
const RELEASE_ALL: &str = "
    WITH RECURSIVE queues(name) AS (
        SELECT min(queue) FROM messages
        UNION ALL
        SELECT (SELECT min(queue) FROM messages WHERE queue > name) FROM queues
        WHERE name IS NOT NULL)
    UPDATE messages SET visible_at = ?1
    WHERE queue IN (SELECT name FROM queues WHERE name IS NOT NULL)
        AND visible_at > ?1 AND (pop_receipt IS NOT NULL OR inserted_at > ?1)";

/// Walks the queue's part of the index: tens of milliseconds for a million messages.
const LENGTH: &str = "SELECT count(*) FROM messages WHERE queue = ?1";

const FRONT: &str = "
    SELECT inserted_at FROM messages
    WHERE queue = ?1 AND visible_at <= ?2
    ORDER BY visible_at, id
    LIMIT 1";

/// Without the text it is [`FRONT`].
const PEEK: &str = "
    SELECT id, text, inserted_at, dequeue_count FROM messages
    WHERE queue = ?1 AND visible_at <= ?2
    ORDER BY visible_at, id
    LIMIT ?3";

/// One queue of one file.
pub(super) struct EmbeddedQueue {
    database: Arc<Database>,
    name: Arc<str>,
    clock: Arc<dyn Clock>,
    latest: Arc<Latest>,
}

impl EmbeddedQueue {
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

    /// The queue of its dead letters.
    pub(super) fn of_dead_letters(self) -> Self {
        Self {
            name: messages::dead_letters_of(&self.name),
            ..self
        }
    }
}

#[async_trait]
impl Queue for EmbeddedQueue {
    /// Opening the file has made it ready.
    async fn prepare(&self) -> Result<(), StorageError> {
        Ok(())
    }

    async fn send(&self, text: &str, delay: Duration) -> Result<(), StorageError> {
        let (queue, text, clock) = (self.name.clone(), text.to_owned(), self.clock.clone());
        self.database
            .writer
            .write("send message", Until::OnDisk, move |connection| {
                let now = Millis(clock.now());
                messages::send(connection, &queue, &text, now, now.after(delay))
            })
            .await
    }

    async fn receive(&self, max: u32, hide: Duration) -> Result<Vec<Delivery>, StorageError> {
        let (queue, clock) = (self.name.clone(), self.clock.clone());
        let latest = self.latest.clone();
        self.database
            .writer
            .write("receive messages", Until::Committed, move |connection| {
                let now = Millis(clock.now());
                latest.follow(connection, now)?;
                let until = now.after(hide);
                let mut visible = connection.prepare_cached(VISIBLE)?;
                let mut rows = visible.query(params![queue, now, max])?;
                let (mut messages, mut unreadable) = (Vec::new(), Vec::<i64>::new());
                while let Some(row) = rows.next()? {
                    match delivery(row, &queue) {
                        Ok(message) => messages.push(message),
                        Err(error) => {
                            log::warn!("{}", storage_error("read a message", &error));
                            unreadable.push(row.get("id")?);
                        }
                    }
                }
                all_or_nothing(connection, || {
                    let mut hide = connection.prepare_cached(HIDE)?;
                    for receipt in messages
                        .iter()
                        .filter_map(|message| message.receipt.as_ref())
                    {
                        hide.execute(params![receipt.id, until, receipt.token])?;
                    }
                    // Damage, or a stranger's hand. Where they are they would hold up the others.
                    for id in unreadable {
                        hide.execute(params![id, until, None::<String>])?;
                    }
                    Ok(Ok::<_, Infallible>(()))
                })?
                .unwrap_or_else(|never| match never {});
                Ok(messages)
            })
            .await
    }

    async fn renew(&self, receipt: &mut Receipt, hide: Duration) -> Result<bool, StorageError> {
        let (old, clock) = (receipt.clone(), self.clock.clone());
        let renewed = self
            .database
            .writer
            .write("update message", Until::Committed, move |connection| {
                messages::renew(connection, &old, Millis(clock.now()).after(hide))
            })
            .await?;
        let is_renewed = renewed.is_some();
        receipt.token = renewed.unwrap_or_else(|| std::mem::take(&mut receipt.token));
        Ok(is_renewed)
    }

    async fn settle(&self, receipt: &Receipt, how: Settle<'_>) -> Result<bool, StorageError> {
        // A receipt of another queue is none of this one's messages.
        let receipt = Receipt {
            queue: self.name.clone(),
            ..receipt.clone()
        };
        write::settle(&self.database, &self.clock, &receipt, how).await
    }

    async fn length(&self) -> Result<Option<u64>, StorageError> {
        let queue = self.name.clone();
        self.database
            .readers
            .read("count messages", move |connection| {
                connection
                    .prepare_cached(LENGTH)?
                    .query_row([queue], |row| row.get(0).map(u32::into))
            })
            .await
            .map(Some)
    }

    async fn front(&self) -> Result<Option<Timestamp>, StorageError> {
        let (queue, now) = (self.name.clone(), Millis(self.clock.now()));
        self.database
            .readers
            .read("peek at the queue", move |connection| {
                connection
                    .prepare_cached(FRONT)?
                    .query_row(params![queue, now], |row| row.get::<_, Millis>(0))
                    .optional()
            })
            .await
            .map(|found| found.map(|millis| millis.0))
    }

    async fn peek(&self, max: u32) -> Result<Vec<QueuedMessage>, StorageError> {
        let (queue, now) = (self.name.clone(), Millis(self.clock.now()));
        self.database
            .readers
            .read("peek at the queue", move |connection| {
                connection
                    .prepare_cached(PEEK)?
                    .query_map(params![queue, now, max], peeked)?
                    .collect()
            })
            .await
    }
}

fn peeked(row: &Row<'_>) -> rusqlite::Result<QueuedMessage> {
    Ok(QueuedMessage {
        id: row.get::<_, i64>("id")?.to_string(),
        text: lossy(row, "text")?,
        inserted_at: row.get::<_, Millis>("inserted_at")?.0,
        expires_at: NEVER,
        dequeue_count: row.get("dequeue_count")?,
    })
}

/// Makes every message visible that somebody held, keeping its dequeue count.
///
/// For the start: no other process uses the file, so whoever held a message is dead. Messages
/// that wait for their time go on waiting.
pub(super) fn release_all(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection.execute(RELEASE_ALL, [Millis(now)])?;
    Ok(())
}

fn delivery(row: &Row<'_>, queue: &Arc<str>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        text: row.get("text")?,
        dequeue_count: row.get("dequeue_count")?,
        inserted_at: Some(row.get::<_, Millis>("inserted_at")?.0),
        receipt: Some(Receipt {
            queue: Arc::clone(queue),
            id: row.get::<_, i64>("id")?.to_string(),
            token: messages::new_token(),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::super::schema::plan;
    use super::*;

    #[test]
    fn receiving_and_peeking_find_the_oldest_messages_in_the_index() {
        for plan in [plan(VISIBLE), plan(PEEK)] {
            assert!(
                plan.contains("USING INDEX messages_by_visibility (queue=? AND visible_at<?)"),
                "{plan}"
            );
            assert!(
                !plan.contains("SCAN") && !plan.contains("SORT") && !plan.contains("TEMP"),
                "{plan}"
            );
        }
    }

    #[test]
    fn the_start_finds_what_somebody_held_in_the_index() {
        let plan = plan(RELEASE_ALL);

        assert!(
            plan.contains("messages_by_visibility (queue=? AND visible_at>?)"),
            "{plan}"
        );
        assert!(!plan.contains("SCAN messages"), "{plan}");
    }

    #[test]
    fn a_message_is_hidden_by_its_id() {
        let plan = plan(HIDE);
        assert!(plan.contains("USING INTEGER PRIMARY KEY"), "{plan}");
    }
}
