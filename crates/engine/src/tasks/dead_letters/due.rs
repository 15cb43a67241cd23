//! What rules have yet to do: tasks are made of it, once each, and noted with the letters before that is forgotten.
//!
//! A letter that is to be repaired or replayed gets a task of its own, under an id that is made of the failure and
//! the rule. Those that somebody is told of share one, see `digest`.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

use futures_util::future::join_all;
use serde_json::value::to_raw_value;

use super::action::Job;
use super::digest::MOST_TOLD;
use super::{Candidate, LetterFilter};
use crate::limits::{COMMIT_TRIES, LETTER_PAGE, RULE_PATIENCE, WALK_CONCURRENCY};
use crate::model::dead_letter::kind;
use crate::model::due::{Action, Actions, DUE_PREFIX, Due};
use crate::model::id::TaskId;
use crate::model::labels::Labels;
use crate::model::parcel::ToldLetter;
use crate::model::rules::{RULE_KIND, Rule, RuleAction, Rules};
use crate::model::start::Start;
use crate::model::stored::shortened;
use crate::model::task::{TaskError, TaskRecord};
use crate::model::wishes::Wishes;
use crate::tasks::listing::ListError;
use crate::tasks::service::Tasks;
use crate::tasks::submit::{Submission, SubmitError};
use ports::{StorageError, Timestamp};
use work::KindName;

/// How many pages are looked at after each failure: the newest comes first, and all others are for the sweep.
const PAGES_SOON: usize = 5;

impl Tasks {
    /// Makes tasks of what is due, as far as it comes. What cannot be made now, because the queue is full for example,
    /// is made by the next pass.
    ///
    /// # Errors
    ///
    /// Storage was not reached.
    pub(crate) async fn hand_in_due(&self, is_over: impl Fn() -> bool) -> Result<(), StorageError> {
        if self.parts.settings.rules.is_none() {
            return Ok(());
        }
        let _turn = self.parts.shared.due_turn.lock().await;
        self.hand_in_pages(usize::MAX, is_over).await
    }

    /// The same of the newest that is due, in so many pages, by whoever's turn it is.
    async fn hand_in_pages(
        &self,
        pages: usize,
        is_over: impl Fn() -> bool,
    ) -> Result<(), StorageError> {
        let Some(rules) = self.parts.settings.rules.clone() else {
            return Ok(());
        };
        let mut told: BTreeMap<String, Vec<Due>> = BTreeMap::new();
        let mut at = None;
        for _ in 0..pages {
            if is_over() {
                break;
            }
            let store = &self.parts.store;
            let page = store.list(DUE_PREFIX, at.as_deref(), LETTER_PAGE).await?;
            let rows = page.items.into_iter();
            let due = rows.filter_map(|row| Due::of(row.name, row.head));
            // A process with other rules may know one that this one does not.
            let due = due.filter(|due| rules.named(&due.rule).is_some());
            let (tell, each): (Vec<_>, Vec<_>) = due.partition(|due| is_told(&rules, due));
            for due in tell {
                let of_rule = told.entry(due.rule.clone()).or_default();
                // What is beyond that is for another window, and keeps nothing waiting that is behind it.
                if of_rule.len() < MOST_TOLD {
                    of_rule.push(due);
                }
            }
            for some in each.chunks(WALK_CONCURRENCY) {
                if is_over() {
                    break;
                }
                let handed_in = some.iter().map(|due| self.hand_in(&rules, due));
                for one in join_all(handed_in).await {
                    or_later(one)?;
                }
            }
            at = page.next;
            if at.is_none() {
                break;
            }
        }
        for (name, due) in told {
            if let Some(Rule {
                action: RuleAction::Tell { every, .. },
                ..
            }) = rules.named(&name)
            {
                or_later(self.gather(&rules, &name, *every, due, &is_over).await)?;
            }
        }
        Ok(())
    }

    /// The same in the background, when this process has just seen a failure. Of many that ask for it one at a time
    /// does it.
    pub(crate) fn hand_in_due_soon(&self) {
        if self.parts.settings.rules.is_none() || self.parts.shared.due_soon.swap(true, Relaxed) {
            return;
        }
        let tasks = self.clone();
        tokio::spawn(async move {
            let shared = &tasks.parts.shared;
            let _turn = shared.due_turn.lock().await;
            shared.due_soon.store(false, Relaxed);
            if let Err(error) = tasks
                .hand_in_pages(PAGES_SOON, || tasks.is_stopping())
                .await
            {
                log::debug!("what rules say is left to the next sweep: {error}");
            }
        });
    }

    /// Makes the task that does what is due about one letter.
    async fn hand_in(&self, rules: &Rules, due: &Due) -> Result<(), SubmitError> {
        let Some(rule) = rules.named(&due.rule) else {
            return Ok(());
        };
        if self.still_dead(due).await?.is_none() {
            return self.let_lie(due).await;
        }
        let start = match rule.action {
            RuleAction::Replay { after, .. } => Start::At(
                due.name
                    .failed_at
                    .saturating_add(after.try_into().unwrap_or(time::Duration::MAX)),
            ),
            RuleAction::Repair(_) | RuleAction::Tell { .. } => Start::AtOnce,
        };
        let job = Job::Letter {
            rule: rule.name.clone(),
            letter: due.name.id,
            failed_at: due.name.failed_at,
        };
        let id = due.task(self.ids_key().await?);
        let task = self.hand_in_once(id, &job, start).await?;
        self.note_and_forget(rule, due, task.id, task.created_at)
            .await
    }

    /// The letter of what is due, in short; `None` when it is none any more, or none yet.
    pub(super) async fn still_dead(&self, due: &Due) -> Result<Option<ToldLetter>, StorageError> {
        let candidate = Candidate {
            name: due.name,
            text: due.name.text(),
            is_message: kind(&due.head).is_none(),
            head: due.head.clone(),
        };
        let letter = self.letter_of(&candidate, &LetterFilter::default()).await;
        let letter = letter.map_err(|error| match error {
            ListError::Storage(error) => error,
            error => StorageError::permanent("read a dead letter", error.to_string()),
        })?;
        Ok(letter.map(|letter| {
            let error = shortened(&letter.error);
            ToldLetter {
                id: letter.id,
                kind: letter.kind,
                failed_date_time: letter.failed_at,
                error: TaskError {
                    code: error.code,
                    message: error.message,
                },
            }
        }))
    }

    /// Forgets what was due about a letter that is none, once its record had the time to be written.
    pub(super) async fn let_lie(&self, due: &Due) -> Result<(), SubmitError> {
        if self.parts.clock.now() - due.name.failed_at > RULE_PATIENCE {
            self.parts.store.delete(&due.text, None).await?;
        }
        Ok(())
    }

    /// Makes a task, unless it is there.
    pub(super) async fn hand_in_once(
        &self,
        id: TaskId,
        job: &Job,
        start: Start,
    ) -> Result<TaskRecord, SubmitError> {
        let kind = KindName::internal(RULE_KIND).to_string();
        let input = to_raw_value(job).expect("a job has string keys");
        self.submit_first(Submission {
            wishes: Wishes::new(start, Labels::default()),
            ..Submission::new(id, kind, input)
        })
        .await
    }

    /// Notes with the letter what is done about it; after that it is no longer due.
    pub(super) async fn note_and_forget(
        &self,
        rule: &Rule,
        due: &Due,
        task: TaskId,
        begun_at: Timestamp,
    ) -> Result<(), SubmitError> {
        self.note(rule, due, (task, begun_at), |_| true).await?;
        self.parts.store.delete(&due.text, None).await?;
        Ok(())
    }

    /// Notes which task does it, and since when, also where another is noted if that may be replaced; says whether it
    /// is noted.
    pub(super) async fn note(
        &self,
        rule: &Rule,
        due: &Due,
        (task, begun_at): (TaskId, Timestamp),
        may_replace: impl Fn(TaskId) -> bool,
    ) -> Result<bool, StorageError> {
        let action = Action {
            rule: rule.name.clone(),
            action: rule.action.name().to_owned(),
            failed_at: due.name.failed_at,
            begun_at,
            task,
        };
        let name = Actions::name(due.name.id);
        let store = &self.parts.store;
        for _ in 0..COMMIT_TRIES {
            let stored = store.read(&name).await?;
            let before = stored
                .as_ref()
                .map(|stored| Actions::from_body(&stored.body));
            let before = before.unwrap_or_default();
            let known = before.of(&action.rule, action.failed_at);
            if known.is_some_and(|known| known.task != task && !may_replace(known.task)) {
                return Ok(false);
            }
            let Some(actions) = before.with(action.clone()) else {
                return Ok(true);
            };
            let document = actions.to_document(&due.head.kind, self.parts.clock.now());
            let written = match &stored {
                Some(stored) => store.replace(&name, &document, &stored.etag).await?,
                None => store.create(&name, &document).await?,
            };
            if written.is_some() {
                return Ok(true);
            }
        }
        Err(StorageError::transient(
            "note an action",
            "its note keeps changing",
        ))
    }
}

fn is_told(rules: &Rules, due: &Due) -> bool {
    let rule = rules.named(&due.rule);
    rule.is_some_and(|rule| matches!(rule.action, RuleAction::Tell { .. }))
}

/// One thing that cannot be done keeps the others from nothing: the next sweep tries it again.
fn or_later(done: Result<(), SubmitError>) -> Result<(), StorageError> {
    match done {
        Err(SubmitError::Storage(error)) if error.is_transient() => Err(error),
        Err(error) => {
            log::warn!("what a rule says is not done yet: {error}");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}
