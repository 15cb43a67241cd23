//! The kind that does what rules say, and what is told of that. It comes with the engine, and no client can submit
//! its tasks. A process without rules has it as well: another one may have, and what it began comes here, too.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bulk::Late;
use super::repair::{Repairs, repair, sent};
use crate::model::dead_letter::EntryName;
use crate::model::due::Actions;
use crate::model::id::TaskId;
use crate::model::parcel::{Digest, Parcel, ToldLetter};
use crate::model::precondition::Target;
use crate::model::rules::{Acted, RULE_KIND, Rule, RuleAction, Rules, Stands};
use crate::model::task::{TaskRecord, TaskState};
use crate::records::RecordError;
use crate::tasks::operate::Operated;
use crate::tasks::service::Tasks;
use ports::Timestamp;
use work::schemars::{self, JsonSchema};
use work::{BackOff, Context, ErrorCode, Failure, Kind, Kinds, Policy, WithoutSchema, any};

const UNKNOWN_RULE: ErrorCode = ErrorCode::literal("UnknownRule");

/// Four and a half hours in all, which outlasts most outages of a receiver.
const ATTEMPTS: u32 = 10;
const BACK_OFF: BackOff = BackOff {
    first: Duration::from_secs(5),
    factor: 4,
    longest: Duration::from_secs(60 * 60),
};

/// What a task of the kind is to do.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Job {
    /// About one letter.
    Letter {
        rule: String,
        letter: TaskId,
        #[serde(with = "ports::timestamp")]
        failed_at: Timestamp,
    },
    /// To tell of several: all of `names` are counted, and these letters told.
    Digest {
        rule: String,
        #[serde(with = "ports::timestamp")]
        gathered_at: Timestamp,
        letters: Vec<ToldLetter>,
        names: HashSet<String>,
    },
}

/// What was done.
#[derive(Serialize, JsonSchema)]
struct Done {
    /// Whether it was; otherwise the letter had gone.
    done: bool,
}

/// These kinds, and the one that does what the rules say. Its time limit is that of all kinds, and each way out has
/// limits of its own.
pub(crate) fn add(kinds: Kinds, rules: &Arc<Rules>, late: &Late) -> Kinds {
    let policy = Policy::default().attempts(ATTEMPTS).back_off(BACK_OFF);
    let kind = any::of(RuleKind {
        rules: Arc::clone(rules),
        repairs: Repairs::default(),
        tasks: late.clone(),
    });
    kinds.with_internal(RULE_KIND, kind, policy)
}

struct RuleKind {
    rules: Arc<Rules>,
    repairs: Repairs,
    tasks: Late,
}

impl Kind for RuleKind {
    type Input = WithoutSchema<Job>;
    type Output = Done;

    async fn run(&self, WithoutSchema(job): Self::Input, cx: &Context) -> Result<Done, Failure> {
        match job {
            Job::Letter {
                rule,
                letter,
                failed_at,
            } => {
                let (rule, tasks) = (self.rule(&rule)?, self.tasks.ready()?);
                let name = EntryName {
                    id: letter,
                    failed_at,
                };
                let done = match &rule.action {
                    RuleAction::Replay { at_most, .. } => tasks.replay_for(name, *at_most).await?,
                    RuleAction::Repair(to) => {
                        let _place = self.repairs.place(cx).await?;
                        repair(&tasks, &rule.name, name, &**to, cx).await?
                    }
                    RuleAction::Tell { .. } => return Err(unknown(&rule.name)),
                };
                Ok(Done { done })
            }
            Job::Digest {
                rule,
                gathered_at,
                letters,
                names,
            } => {
                let RuleAction::Tell { to, .. } = &self.rule(&rule)?.action else {
                    return Err(unknown(&rule));
                };
                let digest = Digest {
                    rule: &rule,
                    count: names.len(),
                    letters: &letters,
                };
                let parcel = Parcel::digest(gathered_at, digest);
                // Before it is done: then its record does not tell any more.
                let tasks = self.tasks.ready()?;
                let mut told = tasks.keep_told(cx, names.clone()).await?;
                let before = told.done_with.len();
                let sent = sent(&**to, &parcel, &mut told.done_with, cx).await;
                if sent.is_err() && told.done_with.len() > before {
                    tasks.keep_done_with(cx, &told).await?;
                }
                sent?;
                Ok(Done { done: true })
            }
        }
    }
}

impl RuleKind {
    fn rule(&self, name: &str) -> Result<&Rule, Failure> {
        self.rules.named(name).ok_or_else(|| unknown(name))
    }
}

/// Another process may know it: while a file is changed everywhere, some have the old one.
fn unknown(rule: &str) -> Failure {
    let message = format!("no rule {rule:?} of this process says that");
    Failure::transient(UNKNOWN_RULE, message)
}

impl Tasks {
    /// Lets a task run again that failed then, and was not retried so often; `false` when that is not so.
    async fn replay_for(&self, name: EntryName, at_most: u32) -> Result<bool, Failure> {
        let Some(task) = self.parts.records.read(name.id).await? else {
            return Ok(false);
        };
        let is_meant = EntryName::of(&task.record).text() == name.text();
        if !is_meant || task.record.retried() >= at_most {
            return Ok(false);
        }
        let target = Target::in_version(name.id, task.etag);
        let operated = self.run_again(target, None).await?;
        Ok(matches!(operated, Operated::Done(_)))
    }

    /// What rules did about a dead letter, the oldest first, also those that this process does not have.
    ///
    /// # Errors
    ///
    /// Storage was not reached, or a record cannot be read.
    pub async fn acted(&self, letter: TaskId) -> Result<Vec<Acted>, RecordError> {
        let stored = self.parts.store.read(&Actions::name(letter)).await?;
        let actions = stored.map(|stored| Actions::from_body(&stored.body));
        let mut acted = Vec::new();
        for action in actions.unwrap_or_default().actions {
            let task = self.parts.records.read(action.task).await?;
            acted.push(Acted {
                rule: action.rule,
                action: action.action,
                failed_at: action.failed_at,
                begun_at: action.begun_at,
                task: action.task,
                stands: task.map(|task| stands(task.record)),
            });
        }
        Ok(acted)
    }
}

fn stands(record: TaskRecord) -> Stands {
    let status = record.status().shown();
    let error = match record.state {
        TaskState::Failed { error } => Some(error),
        TaskState::Queued { last_error, .. } => last_error.map(|error| *error),
        _ => None,
    };
    Stands {
        status,
        since: record.updated_at,
        error,
    }
}
