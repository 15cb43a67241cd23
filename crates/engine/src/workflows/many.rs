//! Instances among the tasks, newest first.

use futures_util::StreamExt;
use futures_util::stream;

use super::parts::Workflows;
use crate::limits::WALK_CONCURRENCY;
use crate::model::id::TaskId;
use crate::model::task::TaskRecord;
use crate::records::RecordError;
use crate::tasks::listing::{Filter, ListError};

/// Some instances, newest first.
#[derive(Clone, Debug)]
pub struct InstancePage<T> {
    /// What was wanted of them. Fewer than asked for when others are between them.
    pub instances: Vec<T>,
    /// Where the next page goes on, see [`TaskPage`](crate::TaskPage).
    pub next: Option<String>,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum InstancesUnlisted {
    /// The tasks could not be listed.
    #[error(transparent)]
    List(#[from] ListError),
    /// One of the records could not be read.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl Workflows {
    /// The instances among the next `top` tasks that the filter takes: of each what is wanted of its record, which
    /// may be megabytes and is not kept.
    ///
    /// # Errors
    ///
    /// See [`InstancesUnlisted`].
    pub async fn list<T>(
        &self,
        filter: &Filter,
        top: usize,
        position: Option<&str>,
        wanted: impl Fn(TaskRecord) -> Option<T>,
    ) -> Result<InstancePage<T>, InstancesUnlisted> {
        let page = self.parts.tasks.list(filter, top, position).await?;
        let ids = page
            .tasks
            .iter()
            .filter(|(_, head)| self.is_workflow(&head.kind));
        let ids: Vec<TaskId> = ids.filter_map(|(name, _)| name.parse().ok()).collect();
        let mut read = stream::iter(ids)
            .map(|id| self.parts.tasks.find(id))
            .buffered(WALK_CONCURRENCY);
        let mut instances = Vec::new();
        while let Some(found) = read.next().await {
            let found = match found {
                // Of a newer version, or damaged: the others are listed all the same.
                Err(RecordError::Unreadable(error)) => {
                    log::warn!("an instance is left out of a list: {error}");
                    continue;
                }
                // It may be gone since.
                found => found?.filter(|task| task.record.instance.is_some()),
            };
            instances.extend(found.and_then(|task| wanted(task.record)));
        }
        Ok(InstancePage {
            instances,
            next: page.next,
        })
    }
}
