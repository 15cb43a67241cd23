//! Beginning an instance that has ended anew: under its id, as its next generation.

use serde_json::value::RawValue;

use crate::model::id::TaskId;
use crate::model::instance::Instance;
use crate::records::Followed;
use crate::tasks::operate::Operated;
use crate::tasks::service::Tasks;
use crate::tasks::submit::SubmitError;

impl Tasks {
    /// Begins an instance that has ended anew, with this kind and input. What was due to it before is for nothing,
    /// because it is of an older generation.
    ///
    /// # Errors
    ///
    /// The kind does not take the input; or storage did not do it, or nobody knows whether it did. If it did, the
    /// sweep sends the message that may be missing.
    pub async fn begin_anew(
        &self,
        id: TaskId,
        kind: &str,
        input: Box<RawValue>,
    ) -> Result<Operated, SubmitError> {
        self.check_input(kind, &input)?;
        loop {
            let Some(mut task) = self.find(id).await? else {
                return Ok(Operated::Unknown);
            };
            let Some(before) = task.record.instance.take() else {
                return Ok(Operated::Conflict(task.record));
            };
            if !task.record.status().is_terminal() {
                task.record.instance = Some(before);
                return Ok(Operated::Conflict(task.record));
            }
            let ended = task.record.clone();
            let version = self
                .instance_of(kind)
                .map_or(0, |instance| instance.version);
            task.record.instance = Some(Box::new(Instance {
                generation: before.generation + 1,
                began_at: Some(self.parts.clock.now()),
                first_round: task.record.retries + 1,
                name: before.name,
                ..Instance::new(version)
            }));
            task.record.kind = kind.to_owned();
            task.record.input = Some(input.clone());
            // Otherwise it was deleted or retried at the same moment: look again.
            let Some(round) = self.queue_again(&mut task).await? else {
                continue;
            };
            let held = match round.followed {
                Followed::All { held, .. } => held,
                Followed::Unsent(cause) | Followed::Unsettled(cause) => {
                    return Err(SubmitError::Unknown { id, cause });
                }
            };
            self.parts.queues.of(kind).sent(round.leave, held);
            self.parts.records.forget_failure(&ended).await;
            log::info!("task.id" = id, "task.kind" = task.record.kind; "instance begins anew");
            return Ok(Operated::Done(task));
        }
    }
}
