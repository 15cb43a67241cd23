//! A journal with more in it, written with the messages that follow.
//!
//! The record comes first, then the messages, and the message at hand is settled last: whoever gets that again
//! finds in the journal what it has brought, and sends what follows from it once more.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use super::Workflows;
use super::standing::{Arriving, Standing};
use super::stuck::Stuck;
use crate::limits::{
    HOSTED_TIME_LIMIT, INLINE_TIME, LOOK_AFTER_CHILDREN, MAX_OPEN_STEPS, TURN_TRIES, UNWRITTEN_TIME,
};
use crate::model::id::TaskId;
use crate::model::instance::{Arrived, Entry, Key};
use crate::model::task::{TaskError, TaskState};
use crate::policies::time_limit;
use crate::records::{Followed, Outgoing, Versioned};
use crate::worker::hold::{Hold, settled};
use ports::crash::{CrashPoint, crash_point};
use ports::{NEVER, Settle, StorageError, Timestamp};
use work::Told;
use work::workflow::replay::{Command, Open, Progress};

/// The turn of a message.
pub(super) struct Turn<'a> {
    /// What it is the holder of.
    pub(super) key: Key,
    /// Whether all that is open is to be sent again, whosever it is.
    pub(super) everything: bool,
    /// Whether it was delivered before.
    pub(super) is_again: bool,
    /// The generation that the message is of; that of an event is any.
    pub(super) generation: Option<u32>,
    /// The round that the message is of; that of an event is any.
    pub(super) retries: Option<u32>,
    pub(super) id: TaskId,
    pub(super) hold: &'a Hold,
    pub(super) begun: Instant,
    /// What has arrived and is not written.
    pub(super) pending: Vec<Arriving>,
    /// How many of those are in the journal at hand.
    pub(super) appended: usize,
    /// Steps that this turn has seen to.
    pub(super) seen_to: HashSet<u32>,
    /// When the record was last written.
    pub(super) written: Instant,
}

/// How far a turn has come.
pub(super) enum Advanced {
    /// This step is to be done now, by the same holder.
    Inline(Open),
    /// Nothing is left to do for it.
    Waits,
    /// The instance has ended, now.
    Ended,
    /// The instance begins anew.
    Anew,
    /// The instance has ended before, or is gone, or is in another round.
    Over(Over),
}

/// Why there is nothing to advance.
pub(super) enum Over {
    /// It has ended.
    Ended(Box<Versioned>),
    /// It is gone.
    Gone,
    /// The message is of a round or a generation that is over: this is where the instance is.
    Older(Box<Versioned>),
}

impl Workflows {
    /// Adds what has arrived to the journal, and sees to what follows.
    pub(super) async fn advance(
        &self,
        turn: &mut Turn<'_>,
        standing: &mut Standing,
    ) -> Result<Advanced, Stuck> {
        let _lock = self.parts.locks.of(turn.id).await;
        // The last entry of the try before: if it is there after all, its write was answered by nobody.
        let mut ours: Option<(Timestamp, Key)> = None;
        for _ in 0..TURN_TRIES {
            let had_some = !turn.pending.is_empty();
            let mut is_new = !had_some;
            while let Some(arriving) = turn.pending.get(turn.appended).cloned() {
                if standing.wants(&arriving) {
                    is_new = true;
                    self.append(standing, arriving, turn.key_of(standing))?;
                    self.catch_up(standing).await?;
                    turn.appended += 1;
                } else {
                    turn.pending.remove(turn.appended);
                }
            }
            let ahead = turn.appended > 0;
            if had_some && !is_new && ours.as_ref().is_some_and(|ours| !standing.has(ours)) {
                // Another holder has written the same, and sees to what follows.
                return Ok(Advanced::Waits);
            }
            ours = standing
                .instance()
                .journal
                .last()
                .map(|entry| (entry.at, entry.by.clone()));
            let advanced = match standing.take_progress() {
                Progress::Waiting => self.waits(turn, standing, ahead, is_new).await?,
                // It ends, or begins anew, when it is resumed: whoever does that replays it.
                Progress::Ended(_) | Progress::Continued(_) if standing.instance().suspended => {
                    self.waits(turn, standing, ahead, is_new).await?
                }
                Progress::Ended(ended) => {
                    let state = match ended {
                        Ok(result) => TaskState::Succeeded { result },
                        Err(failure) => TaskState::Failed {
                            error: error_of(failure.told()),
                        },
                    };
                    self.end(turn, standing, state).await?
                }
                Progress::Continued(input) => self.anew(turn, standing, input).await?,
                Progress::Broken(why) => return Err(Stuck::broken(why)),
            };
            if let Some(advanced) = advanced {
                return Ok(advanced);
            }
            // Somebody has written since: what they have is read, and what is in hand is added to it.
            turn.appended = 0;
            *standing = match self.find(turn).await? {
                Ok(now) => *now,
                Err(over) => return Ok(Advanced::Over(over)),
            };
        }
        Err(StorageError::transient("commit record", "it keeps changing").into())
    }

    /// The instance of a turn, if that is still where the turn is.
    pub(super) async fn find(&self, turn: &Turn<'_>) -> Result<Result<Box<Standing>, Over>, Stuck> {
        let Some(task) = self.worker().records.read(turn.id).await? else {
            return Ok(Err(Over::Gone));
        };
        if task.record.status().is_terminal() {
            return Ok(Err(Over::Ended(Box::new(task))));
        }
        let generation = task.record.instance.as_ref().map(|now| now.generation);
        let is_older = turn.retries.is_some_and(|then| then < task.record.retries)
            || turn
                .generation
                .is_some_and(|then| then < generation.unwrap_or_default());
        if is_older {
            return Ok(Err(Over::Older(Box::new(task))));
        }
        let standing = self.stand(task).await?;
        Ok(Ok(Box::new(standing)))
    }

    async fn waits(
        &self,
        turn: &mut Turn<'_>,
        standing: &mut Standing,
        ahead: bool,
        is_new: bool,
    ) -> Result<Option<Advanced>, Stuck> {
        let open = standing.open();
        if open.len() > MAX_OPEN_STEPS {
            let state = TaskState::Failed {
                error: TaskError {
                    code: "TooManySteps".to_owned(),
                    message: format!("more than {MAX_OPEN_STEPS} steps are open side by side"),
                },
            };
            return self.end(turn, standing, state).await;
        }
        let is_suspended = standing.instance().suspended;
        let mine: Vec<_> = open
            .iter()
            .filter(|open| {
                !turn.seen_to.contains(&open.step)
                    && !self.parts.under_way.has(standing.name_of(open.step))
                    && (turn.everything || standing.owner(open) == turn.key)
            })
            .cloned()
            .collect();
        let mine = match turn.everything {
            true => self.without_begun(standing, mine).await?,
            false => mine,
        };
        let inline = match is_suspended || turn.is_again || turn.everything || !is_new {
            true => None,
            false => mine
                .iter()
                .find(|open| self.may_be_inline(turn, open))
                .cloned(),
        };
        let others: Vec<_> = mine
            .iter()
            .filter(|open| !is_suspended && inline.as_ref().is_none_or(|one| one.step != open.step))
            .collect();
        let sends: Vec<_> = others
            .iter()
            .filter_map(|open| self.send_of(standing, open, turn.is_again || turn.everything))
            .collect();
        let has_more = others
            .iter()
            .any(|open| matches!(*open.command, Command::All { .. }));
        if let Some(inline) = inline.as_ref().filter(|_| sends.is_empty() && !has_more)
            && (!ahead || self.may_stay_unwritten(turn, inline))
        {
            turn.seen_to.insert(inline.step);
            return Ok(Some(Advanced::Inline(inline.clone())));
        }
        let changed = self.show(standing, &open, is_suspended && !mine.is_empty());
        let must_write = ahead || changed || standing.task.etag.is_none();
        if must_write {
            if !self.write(turn, standing, &sends).await? {
                return Ok(None);
            }
        } else {
            self.worker().records.send_all(&sends).await?;
            self.sent(&sends);
        }
        crash_point(CrashPoint::FlowAfterSends);
        for open in &others {
            if let Command::All { .. } = *open.command {
                self.fan_out(standing, open, turn.is_again || turn.everything)
                    .await?;
            }
        }
        turn.seen_to.extend(mine.iter().map(|open| open.step));
        Ok(Some(match inline {
            Some(inline) => Advanced::Inline(inline),
            None => Advanced::Waits,
        }))
    }

    /// Writes the record of an instance and sends these; `false` when somebody else has written it.
    pub(super) async fn write(
        &self,
        turn: &mut Turn<'_>,
        standing: &mut Standing,
        sends: &[Outgoing],
    ) -> Result<bool, Stuck> {
        let records = &self.worker().records;
        match records.advance(&mut standing.task, sends, None).await? {
            None => return Ok(false),
            Some(Followed::All { .. }) => {}
            Some(Followed::Unsent(error) | Followed::Unsettled(error)) => return Err(error.into()),
        }
        self.sent(sends);
        turn.pending.clear();
        turn.appended = 0;
        turn.written = Instant::now();
        crash_point(CrashPoint::FlowAfterCommit);
        Ok(true)
    }

    /// Whether a step is to be done by whoever holds the message now.
    fn may_be_inline(&self, turn: &Turn<'_>, open: &Open) -> bool {
        let Command::Call { name, .. } = &*open.command else {
            return false;
        };
        let worker = self.worker();
        let Some(kind) = worker.kinds.get(name) else {
            return false;
        };
        let elapsed = turn.begun.elapsed();
        kind.kind.version().is_none()
            && elapsed < INLINE_TIME
            && (elapsed < Duration::from_secs(1) || elapsed + time_limit(kind) <= HOSTED_TIME_LIMIT)
            && worker.queues.of(name).name == turn.hold.queue.name
            && !worker.is_stopping()
    }

    /// Whether what has arrived may stay unwritten while a step is done.
    fn may_stay_unwritten(&self, turn: &Turn<'_>, inline: &Open) -> bool {
        let Command::Call { name, .. } = &*inline.command else {
            return false;
        };
        let kind = self.worker().kinds.get(name);
        kind.is_some_and(|kind| kind.policy.pure) && turn.written.elapsed() < UNWRITTEN_TIME
    }

    /// Sets what the record shows of where the instance is, and says whether that has changed.
    fn show(&self, standing: &mut Standing, open: &[Open], holds_back: bool) -> bool {
        let due_at = self.due_at(open);
        let status = standing.custom_status();
        let running = matches!(standing.record().state, TaskState::Running { .. });
        standing.task.record.state = TaskState::Running {
            percent: None,
            handed_over: None,
        };
        let record = &mut standing.task.record;
        record.attempts = record.attempts.max(1);
        let instance = standing.instance_mut();
        let same = |one: &Option<Box<RawValue>>| {
            one.as_deref().map(RawValue::get) == status.as_deref().map(RawValue::get)
        };
        let changed = !running
            || instance.due_at != due_at
            || !same(&instance.custom_status)
            || (holds_back && !instance.held_back);
        instance.due_at = due_at;
        instance.custom_status = status;
        instance.held_back |= holds_back;
        changed
    }

    /// Up to when nothing is to happen, by what is open; `None` while there are messages in the queue.
    fn due_at(&self, open: &[Open]) -> Option<Timestamp> {
        let now = self.worker().clock.now();
        let mut due_at = NEVER;
        for open in open {
            match &*open.command {
                Command::Call { name, .. } | Command::All { name, .. } => {
                    if !self.is_workflow(name) {
                        return None;
                    }
                    due_at = due_at.min(look_after(now));
                }
                Command::Timer { at } => due_at = due_at.min((*at).into()),
                Command::Event { .. } => {}
            }
        }
        // Records tell milliseconds.
        let beyond = due_at.nanosecond() % 1_000_000;
        Some(due_at - Duration::from_nanos(beyond.into()))
    }

    /// Ends the instance.
    pub(super) async fn end(
        &self,
        turn: &mut Turn<'_>,
        standing: &mut Standing,
        state: TaskState,
    ) -> Result<Option<Advanced>, Stuck> {
        let status = standing.custom_status();
        let instance = standing.instance_mut();
        instance.custom_status = status;
        instance.due_at = None;
        let has_parent = instance.parent.is_some();
        let record = &mut standing.task.record;
        record.attempts = record.attempts.max(1);
        record.state = state;
        // Whoever has the message sees to it that the end is told, so it stays until that is done.
        let tells = has_parent || record.callback_url.is_some();
        let mut held = turn.hold.receipt().await;
        let settle = held.as_ref().filter(|_| !tells);
        let settle = settle.map(|receipt| (receipt, Settle::Done));
        let settles = settle.is_some();
        let records = &self.worker().records;
        let Some(followed) = records.advance(&mut standing.task, &[], settle).await? else {
            return Ok(None);
        };
        if settles && settled(&mut held, &followed) {
            turn.hold.queue.backlog.left();
        }
        drop(held);
        turn.pending.clear();
        turn.appended = 0;
        if !settles {
            crash_point(CrashPoint::FlowAfterEnd);
        }
        self.worker().ended(standing.task.clone(), None).await?;
        Ok(Some(Advanced::Ended))
    }

    /// Begins the instance anew, with what nobody has taken of its events.
    async fn anew(
        &self,
        turn: &mut Turn<'_>,
        standing: &mut Standing,
        input: Box<RawValue>,
    ) -> Result<Option<Advanced>, Stuck> {
        let id = standing.id();
        let now = self.worker().clock.now();
        let generation = standing.instance().generation + 1;
        let mut journal = Vec::new();
        for (nth, (name, data)) in standing.buffered().into_iter().enumerate() {
            let event = format!("{generation}-{nth}");
            let data = self.payload(id, &format!("e{event}"), data).await?;
            journal.push(Entry {
                at: now,
                by: Key::Start,
                what: Arrived::Event {
                    id: event.into(),
                    name: name.into(),
                    data,
                },
            });
        }
        let status = standing.custom_status();
        standing.task.record.input = Some(input);
        let first_round = standing.record().retries;
        let instance = standing.instance_mut();
        instance.first_round = first_round;
        instance.custom_status = status;
        instance.generation = generation;
        instance.began_at = Some(now);
        instance.journal = journal;
        if !self.write(turn, standing, &[]).await? {
            return Ok(None);
        }
        crash_point(CrashPoint::FlowAfterGeneration);
        turn.key = Key::Start;
        turn.is_again = false;
        turn.everything = false;
        turn.generation = turn.generation.map(|_| generation);
        turn.seen_to.clear();
        *standing = self.stand(standing.task.clone()).await?;
        Ok(Some(Advanced::Anew))
    }
}

/// When an instance that waits for others is looked after: on the hour, so that a turn which changes nothing
/// writes nothing.
fn look_after(now: Timestamp) -> Timestamp {
    let interval = i64::try_from(LOOK_AFTER_CHILDREN.as_secs()).unwrap_or(1);
    let begun = now.unix_timestamp() / interval * interval;
    let begun = Timestamp::from_unix_timestamp(begun).unwrap_or(now);
    begun + LOOK_AFTER_CHILDREN * 2
}

impl Turn<'_> {
    /// Whose the entry is that is written now.
    fn key_of(&self, standing: &Standing) -> Key {
        let instance = standing.instance();
        match instance.suspended {
            true => Key::Resumed(instance.suspensions),
            false => self.key.clone(),
        }
    }
}

/// What a failure of a workflow is to its client. It is not tried again: its steps were.
fn error_of(told: Told) -> TaskError {
    match told {
        Told::Permanent { code, message } | Told::Transient { code, message } => TaskError {
            code: code.as_str().to_owned(),
            message,
        },
        Told::Later { .. } | Told::HandedOver | Told::Stopped => TaskError {
            code: "NotWorkable".to_owned(),
            message: "a workflow can wait for its steps, its timers and its events alone"
                .to_owned(),
        },
    }
}
