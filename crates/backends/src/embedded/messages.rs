//! Messages as rows: sent, renewed and settled.
//!
//! A pop receipt is random (a UUID), new with every delivery and update.

use std::sync::Arc;

use rusqlite::{Connection, params};
use uuid::Uuid;

use super::millis::Millis;
use ports::{QueueName, Receipt, Settle};

const SEND: &str =
    "INSERT INTO messages (queue, inserted_at, visible_at, text) VALUES (?1, ?2, ?3, ?4)";

const UPDATE: &str = "
    UPDATE messages
    SET visible_at = ?4, pop_receipt = ?5
    WHERE id = ?2 AND queue = ?1 AND pop_receipt = ?3";

const DELETE: &str = "DELETE FROM messages WHERE id = ?2 AND queue = ?1 AND pop_receipt = ?3";

/// To the dead letters, as a message that was sent there now.
const MOVE: &str = "
    UPDATE messages
    SET queue = ?4, inserted_at = ?5, visible_at = ?5, dequeue_count = 0, pop_receipt = NULL
    WHERE id = ?2 AND queue = ?1 AND pop_receipt = ?3";

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

/// Hides a message until then, and gives its new pop receipt; `None` when this one is stale.
pub(super) fn renew(
    connection: &Connection,
    receipt: &Receipt,
    until: Millis,
) -> rusqlite::Result<Option<String>> {
    let Receipt { queue, id, token } = receipt;
    let renewed = new_token();
    let updated = connection
        .prepare_cached(UPDATE)?
        .execute(params![queue, id, token, until, renewed])?;
    Ok((updated > 0).then_some(renewed))
}

/// Settles a message; `false` when the receipt is stale.
pub(super) fn settle(
    connection: &Connection,
    Receipt { queue, id, token }: &Receipt,
    how: Settle<'_>,
    now: Millis,
) -> rusqlite::Result<bool> {
    let settled = match how {
        Settle::Done => connection
            .prepare_cached(DELETE)?
            .execute(params![queue, id, token])?,
        Settle::Release(after) => connection.prepare_cached(UPDATE)?.execute(params![
            queue,
            id,
            token,
            now.after(after),
            new_token()
        ])?,
        Settle::DeadLetter { .. } => connection.prepare_cached(MOVE)?.execute(params![
            queue,
            id,
            token,
            dead_letters_of(queue),
            now
        ])?,
    };
    Ok(settled > 0)
}

/// Where the dead letters of a queue are; those of dead letters stay.
pub(super) fn dead_letters_of(queue: &str) -> Arc<str> {
    if queue.ends_with(QueueName::DEAD_LETTERS) {
        queue.into()
    } else {
        [queue, QueueName::DEAD_LETTERS].concat().into()
    }
}

/// A pop receipt that was never there before.
pub(super) fn new_token() -> String {
    Uuid::new_v4().simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::super::schema::plan;
    use super::*;

    #[test]
    fn a_message_is_settled_by_its_id() {
        for statement in [UPDATE, DELETE, MOVE] {
            let plan = plan(statement);
            assert!(plan.contains("USING INTEGER PRIMARY KEY"), "{plan}");
        }
    }
}
