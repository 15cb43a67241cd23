//! Queues as rows of one table, with the semantics of Azure Storage Queues but for one: messages
//! do not expire (there they do, after seven days unless told otherwise).
//!
//! A pop receipt is random (a UUID), new with every delivery and update.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::Database;
use super::durability::Until;
use super::errors::storage_error;
use super::millis::Millis;
use super::put_back::Latest;
use super::savepoint::all_or_nothing;
use ports::{Clock, Queue, Received, StorageError, Timestamp};

const SEND: &str =
    "INSERT INTO messages (queue, inserted_at, visible_at, text) VALUES (?1, ?2, ?3, ?4)";

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

const UPDATE: &str = "
    UPDATE messages
    SET visible_at = ?4, pop_receipt = ?5
    WHERE id = ?2 AND queue = ?1 AND pop_receipt = ?3";

const DELETE: &str = "DELETE FROM messages WHERE id = ?2 AND queue = ?1 AND pop_receipt = ?3";

/// A message without a receipt was never received: whoever sent it has put it off. Unless it is yet to be
/// sent, by a clock that was put back.
const RELEASE_ALL: &str = "
    UPDATE messages SET visible_at = ?2
    WHERE queue = ?1 AND visible_at > ?2 AND (pop_receipt IS NOT NULL OR inserted_at > ?2)";

/// Walks the queue's part of the index: tens of milliseconds for a million messages.
const LENGTH: &str = "SELECT count(*) FROM messages WHERE queue = ?1";

const OLDEST: &str = "
    SELECT inserted_at FROM messages
    WHERE queue = ?1 AND visible_at <= ?2
    ORDER BY visible_at, id
    LIMIT 1";

/// Appends a message to a queue.
pub(super) fn send(
    connection: &Connection,
    queue: &str,
    text: &str,
    now: Millis,
    visible_at: Millis,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(SEND)?
        .execute(params![queue, now, visible_at, text])?;
    Ok(())
}

/// One queue of one file.
pub(super) struct EmbeddedQueue {
    pub(super) database: Arc<Database>,
    pub(super) name: Arc<str>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) latest: Arc<Latest>,
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
                self::send(connection, &queue, &text, now, now.after(delay))
            })
            .await
    }

    async fn receive(
        &self,
        max: u32,
        visibility_timeout: Duration,
    ) -> Result<Vec<Received>, StorageError> {
        let (queue, clock) = (self.name.clone(), self.clock.clone());
        let latest = self.latest.clone();
        self.database
            .writer
            .write("receive messages", Until::Committed, move |connection| {
                let now = Millis(clock.now());
                latest.follow(connection, now)?;
                let until = now.after(visibility_timeout);
                let mut visible = connection.prepare_cached(VISIBLE)?;
                let mut rows = visible.query(params![queue, now, max])?;
                let (mut messages, mut unreadable) = (Vec::new(), Vec::<i64>::new());
                while let Some(row) = rows.next()? {
                    match received(row) {
                        Ok(message) => messages.push(message),
                        Err(error) => {
                            log::warn!("{}", storage_error("read a message", &error));
                            unreadable.push(row.get("id")?);
                        }
                    }
                }
                all_or_nothing(connection, || {
                    let mut hide = connection.prepare_cached(HIDE)?;
                    for message in &messages {
                        hide.execute(params![message.id, until, message.pop_receipt])?;
                    }
                    // Damage, or a stranger's hand. Where they are they would hold up the others.
                    for id in unreadable {
                        hide.execute(params![id, until, None::<String>])?;
                    }
                    Ok(())
                })?;
                Ok(messages)
            })
            .await
    }

    async fn update(
        &self,
        id: &str,
        pop_receipt: &str,
        visibility_timeout: Duration,
    ) -> Result<Option<String>, StorageError> {
        let (queue, clock) = (self.name.clone(), self.clock.clone());
        let (id, pop_receipt) = (id.to_owned(), pop_receipt.to_owned());
        self.database
            .writer
            .write("update message", Until::Committed, move |connection| {
                let until = Millis(clock.now()).after(visibility_timeout);
                let renewed = new_receipt();
                let updated = connection.prepare_cached(UPDATE)?.execute(params![
                    queue,
                    id,
                    pop_receipt,
                    until,
                    renewed
                ])?;
                Ok((updated > 0).then_some(renewed))
            })
            .await
    }

    async fn delete(&self, id: &str, pop_receipt: &str) -> Result<bool, StorageError> {
        let queue = self.name.clone();
        let (id, pop_receipt) = (id.to_owned(), pop_receipt.to_owned());
        self.database
            .writer
            .write("delete message", Until::Committed, move |connection| {
                let deleted =
                    connection
                        .prepare_cached(DELETE)?
                        .execute(params![queue, id, pop_receipt])?;
                Ok(deleted > 0)
            })
            .await
    }

    async fn length(&self) -> Result<u64, StorageError> {
        let queue = self.name.clone();
        self.database
            .readers
            .read("count messages", move |connection| {
                connection
                    .prepare_cached(LENGTH)?
                    .query_row([queue], |row| row.get(0).map(u32::into))
            })
            .await
    }

    async fn oldest(&self) -> Result<Option<Timestamp>, StorageError> {
        let (queue, now) = (self.name.clone(), Millis(self.clock.now()));
        self.database
            .readers
            .read("peek at the queue", move |connection| {
                connection
                    .prepare_cached(OLDEST)?
                    .query_row(params![queue, now], |row| row.get::<_, Millis>(0))
                    .optional()
            })
            .await
            .map(|found| found.map(|millis| millis.0))
    }
}

/// Makes every message of a queue visible that somebody held, keeping its dequeue count.
///
/// For the start: no other process uses the file, so whoever held a message is dead. Messages
/// that wait for their time go on waiting.
pub(super) fn release_all(
    connection: &Connection,
    queue: &str,
    now: Timestamp,
) -> rusqlite::Result<()> {
    connection.execute(RELEASE_ALL, params![queue, Millis(now)])?;
    Ok(())
}

fn new_receipt() -> String {
    Uuid::new_v4().simple().to_string()
}

fn received(row: &Row<'_>) -> rusqlite::Result<Received> {
    Ok(Received {
        id: row.get::<_, i64>("id")?.to_string(),
        pop_receipt: new_receipt(),
        dequeue_count: row.get("dequeue_count")?,
        inserted_at: row.get::<_, Millis>("inserted_at")?.0,
        text: row.get("text")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    /// How SQLite goes about a statement, one step a line.
    fn plan(statement: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let connection = schema::open_for_writing(&folder.path().join("tasks.db")).unwrap();
        let mut explained = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
            .unwrap();
        let steps: Vec<String> = explained
            .raw_query()
            .mapped(|row| row.get("detail"))
            .collect::<Result<_, _>>()
            .unwrap();
        steps.join("\n")
    }

    #[test]
    fn receiving_finds_the_oldest_messages_in_the_index() {
        let plan = plan(VISIBLE);

        assert!(
            plan.contains("USING INDEX messages_by_visibility (queue=? AND visible_at<?)"),
            "{plan}"
        );
        assert!(
            !plan.contains("SCAN") && !plan.contains("SORT") && !plan.contains("TEMP"),
            "{plan}"
        );
    }

    #[test]
    fn a_message_is_settled_by_its_id() {
        for statement in [HIDE, UPDATE, DELETE] {
            let plan = plan(statement);
            assert!(plan.contains("USING INTEGER PRIMARY KEY"), "{plan}");
        }
    }
}
