//! Any storage, with its calls under the control of a test.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ports::{
    Document, ETag, Newest, Page, Queue, Received, StorageError, Stored, TaskStore, Timestamp,
    Wanted,
};

use super::calls::{Call, Calls};

impl Calls {
    /// The store, with its calls seen here.
    pub(crate) fn store(&self, inner: Arc<dyn TaskStore>) -> Arc<dyn TaskStore> {
        Arc::new(SeenStore(inner, self.clone()))
    }

    /// The queue, with its calls seen here.
    pub(crate) fn queue(&self, inner: Arc<dyn Queue>) -> Arc<dyn Queue> {
        Arc::new(SeenQueue(inner, self.clone(), |call| call))
    }

    /// The poison queue, whose calls are all alike.
    pub(crate) fn poison_queue(&self, inner: Arc<dyn Queue>) -> Arc<dyn Queue> {
        Arc::new(SeenQueue(inner, self.clone(), |_| Call::Poison))
    }
}

struct SeenStore(Arc<dyn TaskStore>, Calls);

#[async_trait]
impl TaskStore for SeenStore {
    async fn prepare(&self) -> Result<(), StorageError> {
        self.0.prepare().await
    }

    async fn check(&self) -> Result<(), StorageError> {
        self.1.pass(Call::Look, self.0.check()).await
    }

    async fn create(&self, name: &str, document: &Document) -> Result<Option<ETag>, StorageError> {
        let create = self.0.create(name, document);
        self.1.pass(Call::Create, create).await
    }

    async fn read(&self, name: &str) -> Result<Option<Stored>, StorageError> {
        self.1.pass(Call::Read, self.0.read(name)).await
    }

    async fn replace(
        &self,
        name: &str,
        document: &Document,
        etag: &ETag,
    ) -> Result<Option<ETag>, StorageError> {
        let replace = self.0.replace(name, document, etag);
        self.1.pass(Call::Replace, replace).await
    }

    async fn delete(&self, name: &str, etag: Option<&ETag>) -> Result<bool, StorageError> {
        let delete = self.0.delete(name, etag);
        self.1.pass(Call::DeleteRecord, delete).await
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page, StorageError> {
        let list = self.0.list(prefix, after, limit);
        self.1.pass(Call::List, list).await
    }

    async fn newest(
        &self,
        wanted: &Wanted,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Newest, StorageError> {
        let newest = self.0.newest(wanted, after, limit);
        self.1.pass(Call::List, newest).await
    }
}

/// With the name that a call has here.
struct SeenQueue(Arc<dyn Queue>, Calls, fn(Call) -> Call);

#[async_trait]
impl Queue for SeenQueue {
    async fn prepare(&self) -> Result<(), StorageError> {
        self.0.prepare().await
    }

    async fn send(&self, text: &str, delay: Duration) -> Result<(), StorageError> {
        let send = self.0.send(text, delay);
        self.1.pass(self.2(Call::Send), send).await
    }

    async fn receive(
        &self,
        max: u32,
        visibility_timeout: Duration,
    ) -> Result<Vec<Received>, StorageError> {
        let receive = self.0.receive(max, visibility_timeout);
        self.1.pass(self.2(Call::Receive), receive).await
    }

    async fn update(
        &self,
        id: &str,
        pop_receipt: &str,
        visibility_timeout: Duration,
    ) -> Result<Option<String>, StorageError> {
        let update = self.0.update(id, pop_receipt, visibility_timeout);
        self.1.pass(self.2(Call::Update), update).await
    }

    async fn delete(&self, id: &str, pop_receipt: &str) -> Result<bool, StorageError> {
        let delete = self.0.delete(id, pop_receipt);
        self.1.pass(self.2(Call::DeleteMessage), delete).await
    }

    async fn length(&self) -> Result<u64, StorageError> {
        self.1.pass(self.2(Call::Look), self.0.length()).await
    }

    async fn oldest(&self) -> Result<Option<Timestamp>, StorageError> {
        self.1.pass(self.2(Call::Look), self.0.oldest()).await
    }
}
