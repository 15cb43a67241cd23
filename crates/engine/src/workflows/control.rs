//! What clients ask of an instance beside what they ask of any task: that an event arrives, that it stands still
//! for a while, or goes on.
//!
//! An event is a message first, so that it is kept once its client was told so.

use serde_json::value::RawValue;

use super::Workflows;
use crate::limits::{MAX_MESSAGE_BYTES, TURN_TRIES};
use crate::model::id::TaskId;
use crate::model::instance::{Payload, Purpose, SentPayload};
use crate::model::message::TaskMessage;
use crate::records::{Followed, RecordError, Versioned};
use ports::StorageError;

/// What became of what was asked of an instance.
#[derive(Clone, Debug)]
pub enum Controlled {
    /// It is done; this is the record as it is now.
    Done(Versioned),
    /// The instance has ended before; this is its record.
    Ended(Versioned),
    /// There is no such instance.
    Unknown,
}

/// Something from outside that an instance may wait for.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its name, of any characters.
    pub name: String,
    /// What it brings.
    pub data: Box<RawValue>,
}

impl Workflows {
    /// Lets an event arrive at an instance. It is kept until the instance waits for one of its name.
    ///
    /// # Errors
    ///
    /// Nobody knows whether it arrives: it is kept once storage has taken it.
    pub async fn raise(&self, id: TaskId, event: NewEvent) -> Result<Controlled, RecordError> {
        let task = match self.open_instance(id).await? {
            Ok(task) => task,
            Err(other) => return Ok(other),
        };
        let worker = self.worker();
        let event_id = TaskId::new(worker.clock.now()).to_string();
        let data = match event.data.get().len() > MAX_MESSAGE_BYTES / 2 {
            true => {
                self.store_part(id, &format!("e{event_id}"), event.data)
                    .await?
            }
            false => Payload::Is(event.data),
        };
        let purpose = Purpose::Event {
            id: event_id.into(),
            name: event.name.into(),
            data: SentPayload(data),
        };
        let message = self.outgoing(
            &TaskMessage::about(&task.record, purpose),
            &task.record.kind,
        );
        let message = [message];
        worker.records.send_all(&message).await?;
        self.sent(&message);
        Ok(Controlled::Done(task))
    }

    /// Lets an instance stand still: what arrives is kept, and nothing follows from it. One that stands still
    /// already has another reason from now on.
    ///
    /// # Errors
    ///
    /// Nothing has changed, or nobody knows.
    pub async fn suspend(
        &self,
        id: TaskId,
        reason: Option<&str>,
    ) -> Result<Controlled, RecordError> {
        for _ in 0..TURN_TRIES {
            let mut task = match self.open_instance(id).await? {
                Ok(task) => task,
                Err(other) => return Ok(other),
            };
            let instance = task.record.instance.get_or_insert_default();
            if !instance.suspended {
                instance.suspensions += 1;
            }
            instance.suspended = true;
            instance.reason = reason.map(Into::into);
            let records = &self.worker().records;
            if records.advance(&mut task, &[], None).await?.is_some() {
                log::info!("task.id" = id, "task.kind" = task.record.kind; "instance suspended");
                return Ok(Controlled::Done(task));
            }
        }
        Err(StorageError::transient("suspend instance", "it keeps changing").into())
    }

    /// Lets an instance go on. One that does already has another reason from now on, and that is all.
    ///
    /// # Errors
    ///
    /// Nothing has changed, or nobody knows.
    pub async fn resume(
        &self,
        id: TaskId,
        reason: Option<&str>,
    ) -> Result<Controlled, RecordError> {
        for _ in 0..TURN_TRIES {
            let mut task = match self.open_instance(id).await? {
                Ok(task) => task,
                Err(other) => return Ok(other),
            };
            let instance = task.record.instance.get_or_insert_default();
            let purpose = match (instance.suspended, instance.held_back) {
                (false, _) => None,
                (true, false) => Some(Purpose::Resumed(instance.suspensions)),
                (true, true) => Some(Purpose::Everything),
            };
            instance.suspended = false;
            instance.held_back = false;
            instance.reason = reason.map(Into::into);
            let message = purpose.map(|purpose| {
                self.outgoing(
                    &TaskMessage::about(&task.record, purpose),
                    &task.record.kind,
                )
            });
            let message: Vec<_> = message.into_iter().collect();
            let records = &self.worker().records;
            match records.advance(&mut task, &message, None).await? {
                None => {}
                Some(Followed::Unsent(error) | Followed::Unsettled(error)) => {
                    return Err(error.into());
                }
                Some(Followed::All { .. }) => {
                    self.sent(&message);
                    log::info!("task.id" = id, "task.kind" = task.record.kind; "instance resumed");
                    return Ok(Controlled::Done(task));
                }
            }
        }
        Err(StorageError::transient("resume instance", "it keeps changing").into())
    }

    /// The record of an instance that has not ended.
    async fn open_instance(
        &self,
        id: TaskId,
    ) -> Result<Result<Versioned, Controlled>, RecordError> {
        Ok(match self.worker().records.read(id).await? {
            Some(task) if task.record.instance.is_none() => Err(Controlled::Unknown),
            Some(task) if task.record.status().is_terminal() => Err(Controlled::Ended(task)),
            Some(task) => Ok(task),
            None => Err(Controlled::Unknown),
        })
    }
}
