//! Digests: those that somebody is told of share one task for each window of time, under an id that is made of the
//! rule and the window. So a storm of failures is told in one piece, and not at once in a thousand.
//!
//! Which task tells of a letter is noted with the letter before there is that task, and what it tells of is fixed with it.
//! So nobody else tells of the letter: whoever gathers what is due looks for the task that is noted, and waits for it
//! for a while ([`RULE_PATIENCE`]). Whoever has taken half of that to gather makes no task any more, and notes anew.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::future::join_all;
use serde::Deserialize;

use super::action::Job;
use crate::limits::{RULE_PATIENCE, TOLD_IN_SHORT, WALK_CONCURRENCY};
use crate::model::due::{Actions, Due, window_task};
use crate::model::id::TaskId;
use crate::model::parcel::ToldLetter;
use crate::model::rules::{Rule, Rules};
use crate::model::start::Start;
use crate::model::task::{TaskRecord, TaskState};
use crate::model::told::Told;
use crate::records::RecordError;
use crate::tasks::service::Tasks;
use crate::tasks::submit::SubmitError;
use ports::{Step, StorageError, Timestamp};
use work::Context;

/// The most that are told in one piece.
pub(super) const MOST_TOLD: usize = 5_000;

/// What a letter is to be told with.
struct Wanted<'a> {
    due: &'a Due,
    letter: ToldLetter,
    /// The task that is noted with it, and does not tell of it.
    instead_of: Option<TaskId>,
}

/// What other tasks tell of; `None` of one that is not there yet.
type ToldByOthers = HashMap<TaskId, Option<HashSet<String>>>;

impl Tasks {
    /// Makes the one task of this window, unless it is there, of all that is due by now and was gathered before it
    /// is over; what comes later in the window waits for the next one.
    pub(super) async fn gather(
        &self,
        rules: &Rules,
        rule: &str,
        every: Duration,
        mut due: Vec<Due>,
        is_over: &impl Fn() -> bool,
    ) -> Result<(), SubmitError> {
        let Some(rule) = rules.named(rule) else {
            return Ok(());
        };
        let now = self.parts.clock.now();
        let key = self.ids_key().await?;
        let id = window_task(key, &rule.name, window(now, every));
        let (task, begun_at) = match self.parts.records.read(id).await? {
            Some(task) => {
                let begun_at = task.record.created_at;
                (task.record, begun_at)
            }
            None => {
                let job = self.digest(rule, &due, (id, now), is_over).await?;
                // Somebody else is about to take this process for dead.
                let is_late = self.parts.clock.now() - now > RULE_PATIENCE / 2;
                let Some(job) = job.filter(|_| !is_late) else {
                    return Ok(());
                };
                (self.hand_in_once(id, &job, Start::AtOnce).await?, now)
            }
        };
        let names = self.names_told(&task).await?;
        due.retain(|due| names.contains(&due.text));
        for some in due.chunks(WALK_CONCURRENCY) {
            let noted = some
                .iter()
                .map(|due| self.note_and_forget(rule, due, id, begun_at));
            join_all(noted)
                .await
                .into_iter()
                .collect::<Result<(), _>>()?;
        }
        Ok(())
    }

    /// What this task is to tell of all this, noted with each letter; `None` when there is nothing.
    async fn digest(
        &self,
        rule: &Rule,
        due: &[Due],
        task: (TaskId, Timestamp),
        is_over: &impl Fn() -> bool,
    ) -> Result<Option<Job>, SubmitError> {
        let (mut letters, mut names) = (Vec::new(), HashSet::new());
        let mut told = ToldByOthers::new();
        for some in due.chunks(WALK_CONCURRENCY) {
            let wanted = self.wanted(rule, some, task, &mut told).await?;
            let noted = wanted.iter().map(|one| {
                let may_replace = |noted| Some(noted) == one.instead_of;
                self.note(rule, one.due, task, may_replace)
            });
            for (is_noted, one) in join_all(noted).await.into_iter().zip(wanted) {
                // Otherwise somebody else is about to tell of it.
                if is_noted? {
                    names.insert(one.due.text.clone());
                    letters.push(one.letter);
                }
            }
            // What was gathered is told before somebody else takes this process for dead.
            if is_over() || self.parts.clock.now() - task.1 > RULE_PATIENCE / 4 {
                break;
            }
        }
        letters.truncate(TOLD_IN_SHORT);
        Ok((!names.is_empty()).then(|| Job::Digest {
            rule: rule.name.clone(),
            gathered_at: task.1,
            letters,
            names,
        }))
    }

    /// Those letters of some that no other task tells of, nor is about to.
    async fn wanted<'a>(
        &self,
        rule: &Rule,
        some: &'a [Due],
        (id, now): (TaskId, Timestamp),
        told: &mut ToldByOthers,
    ) -> Result<Vec<Wanted<'a>>, SubmitError> {
        let mut wanted = Vec::new();
        let looks = some.iter().map(|due| async {
            let letter = self.still_dead(due).await?;
            let stored = self.parts.store.read(&Actions::name(due.name.id)).await?;
            let actions = stored.map(|stored| Actions::from_body(&stored.body));
            let actions = actions.unwrap_or_default();
            let noted = actions.of(&rule.name, due.name.failed_at).cloned();
            Ok::<_, StorageError>((letter, noted))
        });
        for (due, look) in some.iter().zip(join_all(looks).await) {
            let (letter, noted) = look?;
            let other = noted.filter(|noted| noted.task != id);
            if let Some(other) = &other {
                let told = match told.entry(other.task) {
                    Entry::Occupied(told) => told.into_mut(),
                    Entry::Vacant(room) => room.insert(self.told_by(other.task).await?),
                };
                match told {
                    Some(told) if told.contains(&due.text) => {
                        self.parts.store.delete(&due.text, None).await?;
                        continue;
                    }
                    None if now - other.begun_at <= RULE_PATIENCE => continue,
                    Some(_) | None => {}
                }
            }
            match letter {
                Some(letter) => wanted.push(Wanted {
                    due,
                    letter,
                    instead_of: other.map(|other| other.task),
                }),
                None => self.let_lie(due).await?,
            }
        }
        Ok(wanted)
    }

    /// What a task tells of; `None` when there is none, or none yet.
    async fn told_by(&self, task: TaskId) -> Result<Option<HashSet<String>>, RecordError> {
        match self.parts.records.read(task).await? {
            Some(task) => Ok(Some(self.names_told(&task.record).await?)),
            None => Ok(None),
        }
    }

    async fn names_told(&self, task: &TaskRecord) -> Result<HashSet<String>, StorageError> {
        if let TaskState::Succeeded { result } = &task.state {
            let stored = self.parts.store.read(&Told::name(&task.id.text())).await?;
            return Ok(match stored {
                Some(stored) => Told::from_body(&stored.body).names,
                None => {
                    let done = serde_json::from_str::<ToldInResult>(result.get());
                    done.unwrap_or_default().names
                }
            });
        }
        let input = task.input.as_deref().map(|input| input.get());
        Ok(match input.map(serde_json::from_str) {
            Some(Ok(Job::Digest { names, .. })) => names,
            _ => HashSet::new(),
        })
    }

    /// Keeps what the task of an attempt tells of, for when it has succeeded; gives what an attempt before this one
    /// has kept.
    pub(super) async fn keep_told(
        &self,
        cx: &Context,
        names: HashSet<String>,
    ) -> Result<Told, StorageError> {
        let (store, told) = (&self.parts.store, Told::of(names));
        let name = Told::name(cx.task_id());
        let document = told.to_document(cx.kind().as_str(), self.parts.clock.now());
        if store.create(&name, &document).await?.is_some() {
            return Ok(told);
        }
        let kept = store.read(&name).await?;
        Ok(kept.map_or(told, |kept| Told::from_body(&kept.body)))
    }

    /// Keeps who is not to be told once more.
    pub(super) async fn keep_done_with(
        &self,
        cx: &Context,
        told: &Told,
    ) -> Result<(), StorageError> {
        let document = told.to_document(cx.kind().as_str(), self.parts.clock.now());
        let put = Step::Put {
            name: &Told::name(cx.task_id()),
            document: &document,
        };
        self.parts.store.write(&[put]).await?;
        Ok(())
    }
}

/// What releases before this one kept in the result.
#[derive(Default, Deserialize)]
struct ToldInResult {
    #[serde(default)]
    names: HashSet<String>,
}

/// When the window began that this time is in.
fn window(now: Timestamp, every: Duration) -> Timestamp {
    let every = i64::try_from(every.as_secs()).unwrap_or(i64::MAX).max(1);
    let into = now.unix_timestamp().rem_euclid(every);
    Timestamp::from_unix_timestamp(now.unix_timestamp() - into).unwrap_or(now)
}
