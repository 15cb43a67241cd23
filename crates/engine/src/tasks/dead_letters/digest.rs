//! Digests: those that somebody is told of share one task for each window of time, under an id that is made of the
//! rule and the window. So a storm of failures is told in one piece, and not at once in a thousand.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::future::join_all;

use super::action::{Job, names_told};
use crate::limits::{TOLD_IN_SHORT, WALK_CONCURRENCY};
use crate::model::due::{Actions, Due, window_task};
use crate::model::id::TaskId;
use crate::model::rules::{Rule, Rules};
use crate::model::start::Start;
use crate::tasks::service::Tasks;
use crate::tasks::submit::SubmitError;
use ports::{StorageError, Timestamp};

/// The most that are told in one piece.
pub(super) const MOST_TOLD: usize = 5_000;

impl Tasks {
    /// Makes the one task of this window, unless it is there, of all that is due by now; what comes later in the
    /// window waits for the next one.
    pub(super) async fn gather(
        &self,
        rules: &Rules,
        rule: &str,
        every: Duration,
        mut due: Vec<Due>,
    ) -> Result<(), SubmitError> {
        let Some(rule) = rules.named(rule) else {
            return Ok(());
        };
        let now = self.parts.clock.now();
        let key = self.rules_key().await?;
        let id = window_task(key, &rule.name, window(now, every));
        let (task, begun_at) = match self.parts.records.read(id).await? {
            Some(task) => {
                let begun_at = task.record.created_at;
                (task.record, begun_at)
            }
            None => {
                let Some(job) = self.digest(rule, &due, now).await? else {
                    return Ok(());
                };
                // Which task it is, each letter knows before there is that task: a process that dies in between
                // leaves it to the next window, and one that dies after that leaves nothing to tell.
                for some in due.chunks(WALK_CONCURRENCY) {
                    let noted = some.iter().filter(|due| job.tells(due));
                    let noted = noted.map(|due| self.note(rule, due, id, now));
                    join_all(noted)
                        .await
                        .into_iter()
                        .collect::<Result<(), _>>()?;
                }
                (self.hand_in_once(id, &job, Start::AtOnce).await?, now)
            }
        };
        let names = names_told(&task);
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

    /// What is to be told of all this, unless it is told already; `None` when there is nothing.
    async fn digest(
        &self,
        rule: &Rule,
        due: &[Due],
        now: Timestamp,
    ) -> Result<Option<Job>, SubmitError> {
        let (mut letters, mut names) = (Vec::new(), HashSet::new());
        let mut told: HashMap<TaskId, HashSet<String>> = HashMap::new();
        for some in due.chunks(WALK_CONCURRENCY) {
            let looks = some.iter().map(|due| async {
                let letter = self.still_dead(due).await?;
                let stored = self.parts.store.read(&Actions::name(due.name.id)).await?;
                let actions = stored.map(|stored| Actions::from_body(&stored.body));
                let task = actions.and_then(|it| it.task(&rule.name, due.name.failed_at));
                Ok::<_, StorageError>((letter, task))
            });
            for (due, look) in some.iter().zip(join_all(looks).await) {
                let (letter, task) = look?;
                if let Some(task) = task {
                    let told = match told.entry(task) {
                        Entry::Occupied(told) => told.into_mut(),
                        Entry::Vacant(room) => {
                            let record = self.parts.records.read(task).await?;
                            let names = record.map(|task| names_told(&task.record));
                            room.insert(names.unwrap_or_default())
                        }
                    };
                    if told.contains(&due.text) {
                        self.parts.store.delete(&due.text, None).await?;
                        continue;
                    }
                }
                match letter {
                    Some(letter) => {
                        names.insert(due.text.clone());
                        letters.push(letter);
                    }
                    None => self.let_lie(due).await?,
                }
            }
        }
        letters.truncate(TOLD_IN_SHORT);
        Ok((!names.is_empty()).then(|| Job::Digest {
            rule: rule.name.clone(),
            gathered_at: now,
            letters,
            names,
        }))
    }
}

/// When the window began that this time is in.
fn window(now: Timestamp, every: Duration) -> Timestamp {
    let every = i64::try_from(every.as_secs()).unwrap_or(i64::MAX).max(1);
    let into = now.unix_timestamp().rem_euclid(every);
    Timestamp::from_unix_timestamp(now.unix_timestamp() - into).unwrap_or(now)
}
