//! The message that begins an instance: what it tells, or what is found of the instance where it does not tell enough.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::Workflows;
use super::standing::Standing;
use super::stuck::Stuck;
use crate::limits::PROGRESS_INTERVAL;
use crate::model::id::TaskId;
use crate::model::instance::{Instance, Parent};
use crate::model::message::TaskMessage;
use ports::Delivery;
use work::workflow::replay::Command;

impl Workflows {
    /// The instance of a start message, if it is as its message tells: then its record is not read, or was found
    /// to be missing. `None` when the record is to be read, because it may tell more.
    pub(super) async fn first(
        &self,
        mut message: TaskMessage<'static>,
        parent: Option<Parent>,
        delivery: &Delivery,
    ) -> Result<Option<Standing>, Stuck> {
        let worker = self.worker();
        let is_told = delivery.dequeue_count == 1
            && message.kind.is_some()
            && message.input.is_some()
            && message.others.is_empty()
            && message.retries == 0;
        // One that is another's step has no record before its first entry; it may have begun all the same.
        let is_new = match (is_told, &parent) {
            (true, None) => message.etag.is_some(),
            // What has waited for long may have been canceled meanwhile.
            (true, Some(_)) => {
                let waited = delivery.inserted_at.map(|since| worker.clock.now() - since);
                waited.is_some_and(|waited| waited < PROGRESS_INTERVAL)
                    || worker.records.read(message.id).await?.is_none()
            }
            (false, _) => worker.records.read(message.id).await?.is_none(),
        };
        if !is_new || (message.etag.is_some() && !is_told) {
            return Ok(None);
        }
        if message.input.is_none() {
            let Some(parent) = &parent else {
                return Ok(None);
            };
            let Some(input) = self.input_of(parent, message.id).await? else {
                // Nobody waits for it any more.
                return Ok(None);
            };
            message.input = Some(Cow::Owned(input));
        }
        let version = self.version_of(message.kind.as_deref().unwrap_or_default());
        let mut task = worker.first_version(message, delivery.inserted_at);
        task.record.instance = Some(Box::new(Instance {
            parent: parent.map(Box::new),
            ..Instance::new(version)
        }));
        self.begin(task).map(Some)
    }

    /// The input of an instance that is a step of another, from that, if it is waited for.
    pub(super) async fn input_of(
        &self,
        parent: &Parent,
        child: TaskId,
    ) -> Result<Option<Box<RawValue>>, Stuck> {
        let Some(task) = self.worker().records.read(parent.id).await? else {
            return Ok(None);
        };
        let standing = self.stand(task).await?;
        let mut open = standing.open().into_iter();
        let open = open.find(|open| open.step == parent.step);
        // In another generation, or after a change of the code, it may be another's step.
        let open = open.filter(|open| standing.child_id(open, parent.member) == child);
        Ok(match open.as_ref().map(|open| &*open.command) {
            Some(Command::Call { input, .. }) => Some(input.clone()),
            Some(Command::All { inputs, .. }) => parent
                .member
                .and_then(|member| inputs.get(member as usize).cloned()),
            _ => None,
        })
    }
}
