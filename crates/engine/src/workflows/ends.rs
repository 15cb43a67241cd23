//! The end of an instance, told to the one that waits for it; and its own steps, which end with it if it was
//! canceled.

use std::collections::HashSet;

use futures_util::future::join_all;

use super::Workflows;
use super::advance::Turn;
use super::gather::tally_of;
use super::standing::{Arriving, Standing, part_of};
use super::step::StepEndOf;
use super::stuck::{Stuck, step_error};
use crate::limits::WALK_CONCURRENCY;
use crate::local::slots::Hand;
use crate::model::id::TaskId;
use crate::model::instance::{Instance, Parent};
use crate::model::message::TaskMessage;
use crate::model::task::{TaskRecord, TaskState, TaskStatus};
use crate::records::{RecordError, Versioned};
use crate::tasks::operate::Operated;
use crate::worker::Outcome;
use crate::worker::hold::Hold;
use work::ErrorCode;
use work::workflow::StepError;
use work::workflow::replay::{Command, Open};

const CANCELED: ErrorCode = ErrorCode::literal("Canceled");

impl Workflows {
    /// Lets the instance that waits for one know of its end, if there is one. Whoever has a message of an instance
    /// that has ended does so again.
    pub(super) async fn tell_parent(
        &self,
        ended: &TaskRecord,
        hold: &Hold,
        hand: &mut Hand<Box<dyn Send + '_>>,
    ) -> Result<(), Stuck> {
        let parent = ended
            .instance
            .as_ref()
            .and_then(|now| now.parent.as_deref());
        let Some(parent) = parent else {
            return Ok(());
        };
        let Some(end) = end_of(ended) else {
            return Ok(());
        };
        match parent.member {
            Some(member) => {
                let gave = vec![(member, end)];
                let of = Parent {
                    member: None,
                    ..parent.clone()
                };
                Box::pin(self.give(&of, parent.adds, gave, hold, hand)).await
            }
            None => {
                let end = self.ended(parent.id, part_of('d', parent), end).await?;
                let arriving = Arriving::Done(parent.step, end);
                self.arrive(parent, arriving, hold, hand).await
            }
        }
    }

    /// Ends what an instance has begun that was canceled, and tells of its own end.
    pub(super) async fn canceled(&self, turn: &Turn<'_>) -> Result<Outcome, Stuck> {
        let Some(task) = self.worker().records.read(turn.id).await? else {
            return Ok(Outcome::Done);
        };
        if !matches!(task.record.state, TaskState::Canceled) {
            return Ok(Outcome::Done);
        }
        // Whoever canceled it may have died before that was told.
        self.worker().notices.tell(&task.record).await?;
        let mut hand = Hand::holding((), &turn.hold.queue.aside).boxed();
        self.tell_parent(&task.record, turn.hold, &mut hand).await?;
        let standing = self.stand(task).await?;
        for open in standing.open() {
            match &*open.command {
                Command::Call { name, .. } if self.is_workflow(name) => {
                    let child = standing.child_id(&open, None);
                    self.cancel_child(&standing, &open, child, None).await?;
                }
                Command::All { name, inputs } if self.is_workflow(name) => {
                    self.cancel_children(&standing, &open, inputs.len()).await?;
                }
                _ => {}
            }
        }
        Ok(Outcome::Done)
    }

    async fn cancel_children(
        &self,
        standing: &Standing,
        open: &Open,
        count: usize,
    ) -> Result<(), Stuck> {
        let tally = tally_of(&standing.parent(open.step, None));
        let (done, _): (HashSet<u32>, u32) =
            self.gathered(&tally).await?.unwrap_or_default().into();
        let of = u32::try_from(count).unwrap_or(u32::MAX);
        let open_ones: Vec<_> = (0..of).filter(|member| !done.contains(member)).collect();
        for some in open_ones.chunks(WALK_CONCURRENCY) {
            let canceled = some.iter().map(|member| {
                let child = standing.child_id(open, Some(*member));
                self.cancel_child(standing, open, child, Some((*member, of)))
            });
            for canceled in join_all(canceled).await {
                canceled?;
            }
        }
        Ok(())
    }

    /// The record of an instance that has ended before it began, for whoever waits for it.
    pub(super) fn not_begun(
        &self,
        message: TaskMessage<'_>,
        parent: Parent,
        state: TaskState,
    ) -> Versioned {
        let mut task = self.worker().first_version(message, None);
        task.etag = None;
        task.record.state = state;
        task.record.instance = Some(Box::new(Instance {
            parent: Some(Box::new(parent)),
            ..Instance::new(self.version_of(&task.record.kind))
        }));
        task
    }

    /// Cancels an instance that is a step of another; one that has not begun has no record, and gets one that says
    /// so.
    async fn cancel_child(
        &self,
        standing: &Standing,
        open: &Open,
        child: TaskId,
        member: Option<(u32, u32)>,
    ) -> Result<(), Stuck> {
        let worker = self.worker();
        for _ in 0..2 {
            let parent = Parent {
                of: member.map_or(0, |(_, of)| of),
                // Nobody gathers what is left of them.
                adds: u32::MAX,
                ..standing.parent(open.step, member.map(|(member, _)| member))
            };
            let mut task = match self.parts.tasks.cancel_now(child.into(), None).await? {
                Operated::Unknown => {
                    let message = TaskMessage {
                        kind: Some(open.command.name().into()),
                        ..TaskMessage::naming(child)
                    };
                    self.not_begun(message, parent, TaskState::Canceled)
                }
                // It would go on when its message tells it of this round.
                Operated::Done(mut task) if goes_on_in(&task.record, parent.retries) => {
                    task.record.state = TaskState::Canceled;
                    task.record.instance.get_or_insert_default().parent = Some(Box::new(parent));
                    task
                }
                _ => return Ok(()),
            };
            let written = worker.records.advance(&mut task, &[], None).await;
            if written.map_err(RecordError::from)?.is_some() {
                return Ok(());
            }
            // It has begun meanwhile.
        }
        Ok(())
    }
}

/// Whether an instance that has ended goes on in a round of the one that waits for it.
pub(super) fn goes_on_in(ended: &TaskRecord, round: u32) -> bool {
    let instance = ended.instance.as_deref();
    let parent = instance.and_then(|instance| instance.parent.as_deref());
    let is_earlier = parent.is_some_and(|parent| parent.retries < round);
    is_earlier && matches!(ended.status(), TaskStatus::Failed | TaskStatus::Canceled)
}

/// What an instance that has ended gives to the one that waits for it.
fn end_of(ended: &TaskRecord) -> Option<StepEndOf> {
    match &ended.state {
        TaskState::Succeeded { result } => Some(Ok(result.clone())),
        TaskState::Failed { error } => Some(Err(step_error(&error.code, error.message.clone()))),
        TaskState::Canceled => {
            let told = "the instance was canceled";
            Some(Err(StepError::new(CANCELED, told)))
        }
        TaskState::Queued { .. } | TaskState::Running { .. } => None,
    }
}
