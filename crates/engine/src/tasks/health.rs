//! How the service is: whether storage is ready and answers, and what it has done so far.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;

use crate::limits::{CHECK_AGE, CHECK_TIMEOUT, QUEUE_LENGTH_MAX_AGE, QUEUE_LENGTH_SCRAPE_AGE};
use crate::local::metrics::Gauges;
use crate::local::metrics::queues::QueueGauges;
use crate::queue::TaskQueue;
use crate::tasks::service::Tasks;
use ports::StorageError;

impl Tasks {
    /// Makes storage ready to use: creates what is missing, all queues of kinds included.
    pub async fn prepare_storage(&self) -> Result<(), StorageError> {
        self.parts.store.prepare().await?;
        for queue in self.parts.queues.all() {
            queue.prepare().await?;
        }
        Ok(())
    }

    /// Says whether storage answers, records and every queue, within [`CHECK_TIMEOUT`]: now, or at the end of a
    /// look no longer than [`CHECK_AGE`] ago. One looks at a time, for all who ask meanwhile.
    pub async fn check_storage(&self) -> Result<(), StorageError> {
        let (shared, clock) = (&self.parts.shared, &*self.parts.clock);
        let seen = shared
            .at_storage
            .recent(CHECK_AGE, clock, || self.look_at_storage());
        seen.await.unwrap_or_else(no_answer)
    }

    async fn look_at_storage(&self) -> Result<(), StorageError> {
        let check = async {
            self.parts.store.check().await?;
            let queues = self.parts.queues.all();
            let lengths = queues.map(|queue| self.queue_length(queue, QUEUE_LENGTH_MAX_AGE));
            try_join_all(lengths).await.map(drop)
        };
        tokio::time::timeout(CHECK_TIMEOUT, check)
            .await
            .unwrap_or_else(|_| no_answer())
    }

    /// The process's counters and what storage tells of the queues, in the Prometheus text format.
    pub async fn metrics(&self) -> Result<String, StorageError> {
        let queues = self.parts.queues.all().map(|queue| self.gauges(queue));
        let gauges = Gauges {
            queues: try_join_all(queues).await?,
            waiters: self.parts.endings.waiters.count(),
            storage_calls: self.parts.storage_calls.counts(),
        };
        Ok(self.parts.endings.metrics.to_prometheus(&gauges))
    }

    async fn gauges(&self, queue: &Arc<TaskQueue>) -> Result<QueueGauges, StorageError> {
        let now = self.parts.clock.now();
        let length = self.queue_length(queue, QUEUE_LENGTH_SCRAPE_AGE).await?;
        let oldest = queue.messages.front().await?;
        Ok(QueueGauges {
            further: (!queue.is_main).then(|| queue.name.to_string()),
            length,
            oldest_message: oldest.and_then(|sent_at| Duration::try_from(now - sent_at).ok()),
        })
    }
}

fn no_answer() -> Result<(), StorageError> {
    Err(StorageError::transient(
        "check storage",
        "it does not answer",
    ))
}
