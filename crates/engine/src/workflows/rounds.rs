//! An instance that goes on from its failure, and its own that have failed with it: each goes on from where it was,
//! under its id.

use super::Workflows;
use super::advance::Turn;
use super::ends::goes_on_in;
use super::stuck::Stuck;
use crate::limits::TURN_TRIES;
use crate::model::instance::Parent;
use crate::model::message::TaskMessage;
use crate::model::task::TaskState;
use ports::StorageError;

/// How an instance stands to the round of the one that waits for it.
pub(super) enum Joined {
    /// It has not begun in any.
    Begins,
    /// It goes on, or has ended, which is told again.
    GoesOn,
    /// Somebody has let it go on before: it tells of its end in this round.
    IsUnderWay,
}

impl Workflows {
    /// Lets an instance belong to this round of the one that waits for it. One that has failed goes on.
    pub(super) async fn join_round(
        &self,
        turn: &mut Turn<'_>,
        parent: &Parent,
        message: &TaskMessage<'_>,
    ) -> Result<Joined, Stuck> {
        let records = &self.worker().records;
        let _lock = self.parts.locks.of(turn.id).await;
        for _ in 0..TURN_TRIES {
            let Some(mut task) = records.read(turn.id).await? else {
                return Ok(Joined::Begins);
            };
            // Those of the message are the first ones.
            (turn.generation, turn.retries) = (None, None);
            let before = task.record.clone();
            let record = &mut task.record;
            let status = record.status();
            let instance = record.instance.get_or_insert_default();
            let was = instance.parent.as_deref();
            let was_of = was.map_or(0, |was| was.retries);
            let is_other_work = was.is_some_and(|was| was.generation != parent.generation);
            if was_of >= parent.retries {
                if status.is_terminal() || instance.rewinds {
                    return Ok(Joined::GoesOn);
                }
                // Whoever joined it may have died before it sent what is open.
                turn.everything = turn.is_again;
                return Ok(match turn.is_again {
                    true => Joined::GoesOn,
                    false => Joined::IsUnderWay,
                });
            }
            instance.parent = Some(Box::new(parent.clone()));
            let goes_on = goes_on_in(&before, parent.retries);
            if goes_on {
                if instance.journal.is_empty() {
                    // It may have ended before it began.
                    instance.version = self.version_of(&record.kind);
                }
                if record.input.is_none() {
                    record.input = match &message.input {
                        Some(input) => Some(input.clone().into_owned()),
                        None => self.input_of(parent, turn.id).await?,
                    };
                    if record.input.is_none() {
                        // Nobody waits for it any more.
                        return Ok(Joined::IsUnderWay);
                    }
                }
                instance.rewinds = true;
                record.retries += 1;
                if is_other_work {
                    instance.first_round = record.retries;
                }
                record.state = TaskState::queued();
            }
            if !records.replace(&mut task).await? {
                continue;
            }
            if goes_on {
                records.forget_failure(&before).await;
            }
            return Ok(match status.is_terminal() {
                true => Joined::GoesOn,
                false => Joined::IsUnderWay,
            });
        }
        Err(StorageError::transient("join round", "it keeps changing").into())
    }
}
