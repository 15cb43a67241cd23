//! Steps, of which all are done or none: in one transaction, which other callers share.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::database::Database;
use super::durability::Until;
use super::errors::storage_error;
use super::millis::Millis;
use super::savepoint::all_or_nothing;
use super::{messages, rows};
use ports::{Clock, Document, ETag, Receipt, Settle, Step, StorageError, Text, Written};

/// A step that the thread of the writer can keep.
enum Kept {
    Create {
        name: String,
        document: Document,
        etag: ETag,
    },
    Replace {
        name: String,
        document: Document,
        expected: ETag,
        etag: ETag,
    },
    Put {
        name: String,
        document: Document,
        etag: ETag,
    },
    Delete {
        name: String,
        etag: Option<ETag>,
    },
    Send {
        queue: Arc<str>,
        text: String,
        delay: Duration,
    },
    Settle {
        receipt: Receipt,
        how: Settle<'static>,
    },
}

impl Kept {
    fn is_one_statement(&self) -> bool {
        match self {
            Self::Create { document, .. } | Self::Replace { document, .. } => {
                !rows::is_large(document)
            }
            Self::Put { .. } => false,
            Self::Delete { .. } | Self::Send { .. } | Self::Settle { .. } => true,
        }
    }
}

/// Does all of these steps, or none when one does not hold.
pub(super) async fn all(
    database: &Database,
    clock: &Arc<dyn Clock>,
    steps: &[Step<'_>],
) -> Result<Written, StorageError> {
    let (kept, etag) = keep(steps);
    let clock = Arc::clone(clock);
    database
        .writer
        .write(operation(steps), until(steps), move |connection| {
            written(connection, &kept, etag, Millis(clock.now()))
        })
        .await
}

/// Does all of these writes in one transaction, each with all of its steps or none, and gives the answers in
/// their order.
pub(super) async fn each(
    database: &Database,
    clock: &Arc<dyn Clock>,
    writes: &[&[Step<'_>]],
) -> Vec<Result<Written, StorageError>> {
    let operations: Vec<_> = writes.iter().map(|steps| operation(steps)).collect();
    let Some(first) = operations.first().copied() else {
        return Vec::new();
    };
    let until = writes.iter().map(|steps| until(steps)).max();
    let kept: Vec<_> = writes.iter().map(|steps| keep(steps)).collect();
    let (clock, count) = (Arc::clone(clock), writes.len());
    let together =
        database
            .writer
            .write(first, until.unwrap_or(Until::OnDisk), move |connection| {
                let now = Millis(clock.now());
                let mut answers = Vec::with_capacity(kept.len());
                for ((kept, etag), operation) in kept.into_iter().zip(operations) {
                    let answer = written(connection, &kept, etag, now);
                    // Without a transaction nothing of it is kept.
                    if connection.is_autocommit() {
                        return answer.map(|_| answers);
                    }
                    answers.push(answer.map_err(|error| storage_error(operation, &error)));
                }
                Ok(answers)
            });
    match together.await {
        Ok(answers) => answers,
        Err(error) => vec![Err(error); count],
    }
}

/// Does the steps of one write within a transaction, or none of them.
fn written(
    connection: &Connection,
    kept: &[Kept],
    etag: Option<ETag>,
    now: Millis,
) -> rusqlite::Result<Written> {
    let run = || run(connection, kept, now);
    // A single statement is undone by itself.
    let done = match kept {
        [step] if step.is_one_statement() => run()?,
        _ => all_or_nothing(connection, run)?,
    };
    Ok(match done {
        Ok(settled) => Written::Done {
            etag,
            settled,
            held: None,
        },
        Err(step) => Written::Not { step },
    })
}

/// Settles one message; `false` when the receipt is stale.
pub(super) async fn settle(
    database: &Database,
    clock: &Arc<dyn Clock>,
    receipt: &Receipt,
    how: Settle<'_>,
) -> Result<bool, StorageError> {
    let written = all(database, clock, &[Step::Settle { receipt, how }]).await?;
    Ok(matches!(written, Written::Done { settled: true, .. }))
}

/// Copies the steps, and gives each record its new version, of which the last is given.
fn keep(steps: &[Step<'_>]) -> (Vec<Kept>, Option<ETag>) {
    let mut last = None;
    let mut kept = Vec::with_capacity(steps.len());
    for step in steps {
        kept.push(match *step {
            Step::Create { name, document } => Kept::Create {
                name: name.to_owned(),
                document: document.clone(),
                etag: last.insert(rows::new_etag()).clone(),
            },
            Step::Replace {
                name,
                document,
                etag,
            } => Kept::Replace {
                name: name.to_owned(),
                document: document.clone(),
                expected: etag.clone(),
                etag: last.insert(rows::new_etag()).clone(),
            },
            Step::Put { name, document } => Kept::Put {
                name: name.to_owned(),
                document: document.clone(),
                etag: last.insert(rows::new_etag()).clone(),
            },
            Step::Delete { name, etag } => Kept::Delete {
                name: name.to_owned(),
                etag: etag.cloned(),
            },
            Step::Send {
                queue,
                text,
                delay,
                held,
            } => Kept::Send {
                queue: queue.shared(),
                text: match text {
                    Text::Fixed(text) => text.to_owned(),
                    Text::Of(tell) => tell(last.as_ref()),
                },
                // Nobody but this process takes messages here, and whoever does is told of each.
                delay: if held { Duration::ZERO } else { delay },
            },
            Step::Settle { receipt, how } => Kept::Settle {
                receipt: receipt.clone(),
                how: match how {
                    Settle::Done => Settle::Done,
                    Settle::Release(after) => Settle::Release(after),
                    // The row has the text; it has no column for the reason, which is in the log.
                    Settle::DeadLetter { .. } => Settle::DeadLetter {
                        text: "",
                        reason: "",
                    },
                },
            },
        });
    }
    (kept, last)
}

/// Whether all receipts were good, or which step does not hold.
fn run(
    connection: &Connection,
    steps: &[Kept],
    now: Millis,
) -> rusqlite::Result<Result<bool, usize>> {
    let mut settled = true;
    for (index, step) in steps.iter().enumerate() {
        let holds = match step {
            Kept::Create {
                name,
                document,
                etag,
            } => rows::create(connection, name, document, etag, now)?,
            Kept::Replace {
                name,
                document,
                expected,
                etag,
            } => rows::replace(connection, name, document, (expected, etag), now)?,
            Kept::Put {
                name,
                document,
                etag,
            } => {
                rows::delete(connection, name, None)?;
                rows::create(connection, name, document, etag, now)?
            }
            Kept::Delete { name, etag } => rows::delete(connection, name, etag.as_ref())?,
            Kept::Send { queue, text, delay } => {
                messages::send(connection, queue, text, now, now.after(*delay))?;
                true
            }
            Kept::Settle { receipt, how } => {
                settled &= messages::settle(connection, receipt, *how, now)?;
                true
            }
        };
        if !holds {
            return Ok(Err(index));
        }
    }
    Ok(Ok(settled))
}

/// A settlement that a power cut undoes is a delivery more, which may be; that of a message which moves
/// is a message less, which may not.
fn until(steps: &[Step<'_>]) -> Until {
    let may_be_undone = |step: &Step<'_>| match step {
        Step::Settle { how, .. } => !matches!(how, Settle::DeadLetter { .. }),
        _ => false,
    };
    if steps.iter().all(may_be_undone) {
        Until::Committed
    } else {
        Until::OnDisk
    }
}

/// What it is called when it fails.
fn operation(steps: &[Step<'_>]) -> &'static str {
    match steps {
        [Step::Create { .. }, Step::Send { .. }, ..] => "accept task",
        [Step::Create { .. }, ..] => "create record",
        [Step::Put { .. }, ..] => "put record",
        [Step::Replace { .. }, ..] => "replace record",
        [Step::Delete { .. }, ..] => "delete record",
        [Step::Send { .. }, ..] => "send message",
        [Step::Settle { .. }, ..] | [] => "settle message",
    }
}
