//! Clients' own messages as rows: put, received, looked at, changed, deleted and cleared.
//!
//! Ids and pop receipts are random (UUIDs). A message that has come to its end is no more seen, and its row
//! goes with one of the next messages that are put or received.

use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::messages::new_token;
use super::millis::Millis;
use super::text::lossy;
use ports::{Changed, Lease, Leased, QueuedMessage};

const PUT: &str = "
    INSERT INTO raw_messages (id, queue, inserted_at, expires_at, visible_at, pop_receipt, text)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// In the order of the index.
const VISIBLE: &str = "
    SELECT number, id, text, inserted_at, expires_at, dequeue_count FROM raw_messages
    WHERE queue = ?1 AND visible_at <= ?2 AND expires_at > ?2
    ORDER BY visible_at, number
    LIMIT ?3";

const HIDE: &str = "
    UPDATE raw_messages SET visible_at = ?2, dequeue_count = dequeue_count + 1, pop_receipt = ?3
    WHERE number = ?1";

const FIND: &str = "
    SELECT number, pop_receipt, expires_at FROM raw_messages
    WHERE id = ?2 AND queue = ?1 AND expires_at > ?3";

const UPDATE: &str = "
    UPDATE raw_messages SET visible_at = ?2, pop_receipt = ?3, text = coalesce(?4, text)
    WHERE number = ?1";

const DELETE: &str = "
    DELETE FROM raw_messages
    WHERE id = ?2 AND queue = ?1 AND pop_receipt = ?3 AND expires_at > ?4";

const DELETE_EXPIRED: &str = "
    DELETE FROM raw_messages WHERE number IN (
        SELECT number FROM raw_messages WHERE queue = ?1 AND expires_at <= ?2 LIMIT ?3)";

const NEWEST: &str = "SELECT max(number) FROM raw_messages";

const CLEAR: &str = "
    DELETE FROM raw_messages WHERE number IN (
        SELECT number FROM raw_messages WHERE queue = ?1 AND number <= ?2 LIMIT ?3)";

/// Rows in one deletion: a few milliseconds, for which all other writes wait.
const AT_A_TIME: u32 = 1_000;

const LENGTH: &str = "SELECT count(*) FROM raw_messages WHERE queue = ?1 AND expires_at > ?2";

/// The life of a message: from when, until when, and when others see it first.
pub(super) struct Life {
    pub(super) now: Millis,
    pub(super) expires_at: Millis,
    pub(super) visible_at: Millis,
}

/// Appends a message to a queue.
pub(super) fn put(
    connection: &Connection,
    queue: &str,
    text: String,
    life: &Life,
) -> rusqlite::Result<Leased> {
    let (id, pop_receipt) = (Uuid::new_v4().to_string(), new_token());
    delete_expired(connection, queue, life.now)?;
    connection.prepare_cached(PUT)?.execute(params![
        id,
        queue,
        life.now,
        life.expires_at,
        life.visible_at,
        pop_receipt,
        text
    ])?;
    Ok(Leased {
        message: QueuedMessage {
            id,
            text,
            inserted_at: life.now.0,
            expires_at: life.expires_at.0,
            dequeue_count: 0,
        },
        lease: Lease {
            pop_receipt,
            next_visible_at: life.visible_at.0,
        },
    })
}

/// Takes up to `max` visible messages and hides them until then.
pub(super) fn receive(
    connection: &Connection,
    queue: &str,
    max: u32,
    now: Millis,
    until: Millis,
) -> rusqlite::Result<Vec<Leased>> {
    delete_expired(connection, queue, now)?;
    let mut hide = connection.prepare_cached(HIDE)?;
    let mut taken = Vec::new();
    for (number, mut message) in visible(connection, queue, max, now)? {
        let pop_receipt = new_token();
        hide.execute(params![number, until, pop_receipt])?;
        message.dequeue_count = message.dequeue_count.saturating_add(1);
        let next_visible_at = until.0;
        taken.push(Leased {
            message,
            lease: Lease {
                pop_receipt,
                next_visible_at,
            },
        });
    }
    Ok(taken)
}

/// The visible messages that come next, each with the number of its row.
pub(super) fn visible(
    connection: &Connection,
    queue: &str,
    max: u32,
    now: Millis,
) -> rusqlite::Result<Vec<(i64, QueuedMessage)>> {
    connection
        .prepare_cached(VISIBLE)?
        .query_map(params![queue, now, max], |row| {
            Ok((row.get("number")?, message(row)?))
        })?
        .collect()
}

/// Hides a message until then, and lets it say something else.
pub(super) fn update(
    connection: &Connection,
    (queue, id, pop_receipt): (&str, &str, &str),
    text: Option<&str>,
    now: Millis,
    until: Millis,
) -> rusqlite::Result<Changed> {
    let found = connection
        .prepare_cached(FIND)?
        .query_row(params![queue, id, now], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((number, current, Millis(expires_at))) = found else {
        return Ok(Changed::Unknown);
    };
    let (number, current): (i64, String) = (number, current);
    if current != pop_receipt {
        return Ok(Changed::Stale);
    }
    if until.0 > expires_at {
        return Ok(Changed::PastItsEnd);
    }
    let pop_receipt = new_token();
    connection
        .prepare_cached(UPDATE)?
        .execute(params![number, until, pop_receipt, text])?;
    Ok(Changed::Done(Lease {
        pop_receipt,
        next_visible_at: until.0,
    }))
}

/// Deletes a message; `false` when the receipt is stale or the message is gone.
pub(super) fn delete(
    connection: &Connection,
    (queue, id, pop_receipt): (&str, &str, &str),
    now: Millis,
) -> rusqlite::Result<bool> {
    let deleted =
        connection
            .prepare_cached(DELETE)?
            .execute(params![queue, id, pop_receipt, now])?;
    Ok(deleted > 0)
}

/// The message that was put last into any queue, by the number of its row; 0 without messages.
pub(super) fn newest(connection: &Connection) -> rusqlite::Result<i64> {
    let newest = connection
        .prepare_cached(NEWEST)?
        .query_row([], |row| row.get::<_, Option<i64>>(0))?;
    Ok(newest.unwrap_or_default())
}

/// Deletes some messages of a queue, of those up to this row; whether there may be more.
pub(super) fn clear_some(
    connection: &Connection,
    queue: &str,
    newest: i64,
) -> rusqlite::Result<bool> {
    let deleted = connection
        .prepare_cached(CLEAR)?
        .execute(params![queue, newest, AT_A_TIME])?;
    Ok(deleted == AT_A_TIME as usize)
}

/// How many messages of a queue have not come to their end.
pub(super) fn length(connection: &Connection, queue: &str, now: Millis) -> rusqlite::Result<u64> {
    connection
        .prepare_cached(LENGTH)?
        .query_row(params![queue, now], |row| row.get(0).map(u32::into))
}

fn delete_expired(connection: &Connection, queue: &str, now: Millis) -> rusqlite::Result<()> {
    connection
        .prepare_cached(DELETE_EXPIRED)?
        .execute(params![queue, now, AT_A_TIME])?;
    Ok(())
}

fn message(row: &Row<'_>) -> rusqlite::Result<QueuedMessage> {
    Ok(QueuedMessage {
        id: row.get("id")?,
        text: lossy(row, "text")?,
        inserted_at: row.get::<_, Millis>("inserted_at")?.0,
        expires_at: row.get::<_, Millis>("expires_at")?.0,
        dequeue_count: row.get("dequeue_count")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::schema::plan;
    use super::*;

    #[test]
    fn messages_are_found_in_the_indexes() {
        for (statement, expected) in [
            (
                VISIBLE,
                "raw_messages_by_visibility (queue=? AND visible_at<?)",
            ),
            (
                DELETE_EXPIRED,
                "raw_messages_by_end (queue=? AND expires_at<?)",
            ),
            (NEWEST, "SEARCH raw_messages"),
            (LENGTH, "raw_messages_by_end (queue=? AND expires_at>?)"),
            (CLEAR, "(queue=?)"),
            (FIND, "(id=?)"),
            (DELETE, "(id=?)"),
            (HIDE, "USING INTEGER PRIMARY KEY"),
            (UPDATE, "USING INTEGER PRIMARY KEY"),
        ] {
            let plan = plan(statement);
            assert!(plan.contains(expected), "{plan}");
            assert!(!plan.contains("SCAN") && !plan.contains("TEMP"), "{plan}");
        }
    }
}
