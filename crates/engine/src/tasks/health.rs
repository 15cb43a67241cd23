//! How the service is: whether storage answers, and what it has done so far.

use std::time::Duration;

use crate::limits::{CHECK_TIMEOUT, QUEUE_LENGTH_MAX_AGE, QUEUE_LENGTH_SCRAPE_AGE};
use crate::local::metrics::Gauges;
use crate::tasks::service::Tasks;
use ports::StorageError;

impl Tasks {
    /// Says whether storage answers now, within [`CHECK_TIMEOUT`].
    pub async fn check_storage(&self) -> Result<(), StorageError> {
        let check = async {
            self.parts.store.check().await?;
            self.queue_length(QUEUE_LENGTH_MAX_AGE).await.map(drop)
        };
        tokio::time::timeout(CHECK_TIMEOUT, check)
            .await
            .unwrap_or_else(|_| {
                Err(StorageError::transient(
                    "check storage",
                    "it does not answer",
                ))
            })
    }

    /// The process's counters and what storage tells of the queue, in the Prometheus text format.
    pub async fn metrics(&self) -> Result<String, StorageError> {
        let now = self.parts.clock.now();
        let queue_length = self.queue_length(QUEUE_LENGTH_SCRAPE_AGE).await?;
        let oldest = self.parts.queue.messages.front().await?;
        let gauges = Gauges {
            queue_length,
            oldest_message: oldest.and_then(|sent_at| Duration::try_from(now - sent_at).ok()),
            waiters: self.parts.endings.waiters.count(),
            storage_calls: self.parts.storage_calls.counts(),
        };
        Ok(self.parts.endings.metrics.to_prometheus(&gauges))
    }
}
