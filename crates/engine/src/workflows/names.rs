//! Instances by what their clients call them: the id of their task, or a name of the client's own.
//!
//! A name has a document, `name-{SHA-256}`, that says which task it is, for as long as there is that task. It is
//! written before the record, so whoever comes next with the name carries on where the process died between the two.

use super::parts::Workflows;
use crate::model::id::TaskId;
use crate::model::instance_name::{document, document_name, task_in};
use crate::model::task::TaskRecord;
use crate::records::{RecordError, Versioned};
use crate::tasks::operate::Operated;
use crate::tasks::submit::{Submission, SubmitError};
use ports::{Step, StorageError};

/// What became of a wish to begin an instance of a name.
#[derive(Debug)]
pub enum Begun {
    /// It has begun.
    New(TaskRecord),
    /// There is one of this name that has not ended.
    Runs(TaskRecord),
}

impl Workflows {
    /// The instance that a client calls so; `None` when there is none.
    ///
    /// # Errors
    ///
    /// Storage does not tell, or holds something else.
    pub async fn named(&self, name: &str) -> Result<Option<Versioned>, RecordError> {
        // A client may call its own by an id as well.
        if let Ok(id) = name.parse()
            && let Some(task) = self.instance(id).await?
            && self.shows(&task.record, name)
        {
            return Ok(Some(task));
        }
        match self.task_of(name).await? {
            Some(id) => self.instance(id).await,
            None => Ok(None),
        }
    }

    /// Begins an instance of a name, unless there is one that runs. One that has ended begins anew, with this
    /// kind and input.
    ///
    /// # Errors
    ///
    /// As of [`submit`](crate::Tasks::submit).
    pub async fn begin_named(
        &self,
        name: &str,
        mut submission: Submission,
    ) -> Result<Begun, SubmitError> {
        let tasks = &self.parts.tasks;
        tasks.check(&submission)?;
        let by_id = match name.parse() {
            Ok(id) => tasks.find(id).await?,
            Err(_) => None,
        };
        let known = match by_id {
            Some(task) => Some(task),
            None => {
                let asked = submission.id;
                submission.id = self.claim(name, asked).await?;
                let known = tasks.find(submission.id).await?;
                if known.is_none() && submission.id != asked {
                    // What a sweep has found to be left over is written anew, so that it does not delete it.
                    self.claim_again(name, submission.id).await?;
                }
                known
            }
        };
        let Some(known) = known else {
            let record = tasks
                .submit(Submission {
                    instance_name: Some(name.into()),
                    ..submission
                })
                .await?;
            return Ok(Begun::New(record));
        };
        // What is no instance is not begun anew by who happens to call his own so.
        if !known.record.status().is_terminal() || known.record.instance.is_none() {
            return Ok(Begun::Runs(known.record));
        }
        let Submission { kind, input, .. } = submission;
        match tasks.begin_anew(known.record.id, &kind, input).await? {
            Operated::Done(task) => Ok(Begun::New(task.record)),
            Operated::Conflict(record) => Ok(Begun::Runs(record)),
            Operated::OtherVersion | Operated::Unknown => {
                let cause = "the instance came and went";
                Err(StorageError::transient("begin instance", cause).into())
            }
        }
    }

    /// Lets go of a name whose instance was deleted.
    ///
    /// # Errors
    ///
    /// It is kept, for now: whoever begins an instance of the name has it all the same.
    pub async fn forget_name(&self, name: &str) -> Result<(), StorageError> {
        let store = &self.parts.store;
        let document_name = document_name(name);
        if let Some(stored) = store.read(&document_name).await? {
            store.delete(&document_name, Some(&stored.etag)).await?;
        }
        Ok(())
    }

    async fn instance(&self, id: TaskId) -> Result<Option<Versioned>, RecordError> {
        let task = self.parts.tasks.find(id).await?;
        Ok(task.filter(|task| task.record.instance.is_some()))
    }

    /// Whether a client calls an instance so.
    fn shows(&self, record: &TaskRecord, name: &str) -> bool {
        let own = record
            .instance
            .as_deref()
            .and_then(|instance| instance.name.as_deref());
        own.is_none_or(|own| own == name)
    }

    /// Lets a name be that of this task, unless it has one: gives that.
    async fn claim(&self, name: &str, id: TaskId) -> Result<TaskId, SubmitError> {
        let store = &self.parts.store;
        let now = self.worker().clock.now();
        let written = store.create(&document_name(name), &document(id, now)).await;
        if written
            .map_err(|cause| SubmitError::unwritten(id, cause))?
            .is_some()
        {
            return Ok(id);
        }
        let task = self.task_of(name).await?;
        let gone = || StorageError::transient("begin instance", "its name came and went");
        Ok(task.ok_or_else(gone)?)
    }

    async fn claim_again(&self, name: &str, id: TaskId) -> Result<(), SubmitError> {
        let document = &document(id, self.worker().clock.now());
        let name = &document_name(name);
        let put = [Step::Put { name, document }];
        let written = self.parts.store.write(&put).await;
        written
            .map(drop)
            .map_err(|cause| SubmitError::unwritten(id, cause))
    }

    async fn task_of(&self, name: &str) -> Result<Option<TaskId>, StorageError> {
        let stored = self.parts.store.read(&document_name(name)).await?;
        let Some(stored) = stored else {
            return Ok(None);
        };
        let unreadable =
            || StorageError::permanent("read instance name", "it is none of this service");
        Ok(Some(task_in(&stored.body).ok_or_else(unreadable)?))
    }
}
