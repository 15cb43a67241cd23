//! Beginning an instance that has ended anew: under its id, as its next generation.

use std::time::Duration;

use serde_json::value::RawValue;

use crate::local::early::Leave;
use crate::model::count::Count;
use crate::model::id::TaskId;
use crate::model::instance::Instance;
use crate::model::message::TaskMessage;
use crate::model::task::{TaskRecord, TaskState};
use crate::records::{Followed, NextMessage, Then};
use crate::tasks::operate::Operated;
use crate::tasks::service::Tasks;
use crate::tasks::submit::SubmitError;
use ports::ETag;
use ports::crash::CrashPoint;

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
        let tell = |record: &TaskRecord, etag: Option<&ETag>, begun: u32| {
            let message = TaskMessage {
                count: Count::new_round(record.attempts).delivered(begun),
                ..TaskMessage::of(record, etag)
            };
            message.to_text()
        };
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
                name: before.name,
                ..Instance::new(version)
            }));
            task.record.kind = kind.to_owned();
            task.record.input = Some(input.clone());
            task.record.state = TaskState::queued();
            task.record.retries += 1;
            let queue = self.parts.queues.of(kind);
            let early = &self.parts.early;
            let leave = early.leave(&task.record, Duration::ZERO, &queue.is_behind);
            let then = Then {
                send: Some(NextMessage {
                    queue: &queue.name,
                    tell: &tell,
                    delay: leave.as_deref().map_or(Duration::ZERO, Leave::hide),
                    held: leave.as_deref().map(Leave::begun),
                    unsent: Some(CrashPoint::AfterRetry),
                }),
                ..Then::default()
            };
            // Otherwise it was deleted or retried at the same moment: look again.
            let Some(followed) = self.parts.records.replace_then(&mut task, then).await? else {
                continue;
            };
            let held = match followed {
                Followed::All { held, .. } => held,
                Followed::Unsent(cause) | Followed::Unsettled(cause) => {
                    return Err(SubmitError::Unknown { id, cause });
                }
            };
            queue.sent(leave, held);
            self.parts.records.forget_failure(&ended).await;
            log::info!("task.id" = id, "task.kind" = task.record.kind; "instance begins anew");
            return Ok(Operated::Done(task));
        }
    }
}
