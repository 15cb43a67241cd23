//! Tallies as append blobs, in the container of the records: an entry is one block, which is a line.
//!
//! The service takes 500 requests a second and 50,000 blocks for one blob ([Append
//! Block](https://learn.microsoft.com/rest/api/storageservices/append-block)).

use std::sync::Arc;

use async_trait::async_trait;
use azure_storage_blob::models::{
    AppendBlobClientAppendBlockResultHeaders, AppendBlobClientCreateOptions,
    BlobClientGetPropertiesResultHeaders,
};
use bytes::Bytes;

use super::blobs::Container;
use super::clients::Clients;
use super::connector::Connector;
use super::error::{incomplete, unless};
use super::listing::is_tally;
use super::resource;
use ports::{StorageError, Tallies};

/// What calls are named when they fail.
const COUNT: &str = "count tally";
const CLEAR: &str = "clear tallies";

/// The tallies of an account.
pub(super) struct AzureTallies(pub(super) Arc<Connector>);

#[async_trait]
impl Tallies for AzureTallies {
    async fn open(&self, name: &str) -> Result<(), StorageError> {
        Clients::here(&self.0)?.container.open_tally(name).await
    }

    async fn add(&self, name: &str, entry: &str) -> Result<Option<u64>, StorageError> {
        let clients = Clients::here(&self.0)?;
        clients.container.add_to_tally(name, entry).await
    }

    async fn count(&self, name: &str) -> Result<Option<u64>, StorageError> {
        Clients::here(&self.0)?.container.count_tally(name).await
    }

    async fn read(&self, name: &str) -> Result<Option<Vec<String>>, StorageError> {
        Clients::here(&self.0)?.container.read_tally(name).await
    }

    async fn clear(&self, prefix: &str) -> Result<(), StorageError> {
        Clients::here(&self.0)?
            .container
            .clear_tallies(prefix)
            .await
    }
}

impl Container {
    async fn open_tally(&self, name: &str) -> Result<(), StorageError> {
        let blob = self.client.blob_client(name).append_blob_client();
        let options = AppendBlobClientCreateOptions {
            blob_content_type: Some("application/x-ndjson".to_owned()),
            ..AppendBlobClientCreateOptions::default().if_not_exists()
        };
        let answer = resource::run(self, "open tally", || async {
            let create = blob.create(Some(options.clone())).await;
            unless(create, &["BlobAlreadyExists", "ConditionNotMet"])
        });
        answer.await.map(drop)
    }

    /// The count is the service's, with this entry. An emulator may take it before it appends, and then it is
    /// too low by what is under way.
    async fn add_to_tally(&self, name: &str, entry: &str) -> Result<Option<u64>, StorageError> {
        let blob = self.client.blob_client(name).append_blob_client();
        let line = Bytes::from([entry, "\n"].concat());
        let answer = resource::run(self, "add to tally", || async {
            let block = line.clone().into();
            let append = blob.append_block(block, line.len() as u64, None).await;
            unless(append, &["BlobNotFound"])
        });
        let Some(appended) = answer.await? else {
            return Ok(None);
        };
        let count = appended.blob_committed_block_count().ok().flatten();
        Ok(Some(blocks(count).unwrap_or_default()))
    }

    async fn count_tally(&self, name: &str) -> Result<Option<u64>, StorageError> {
        let blob = self.client.blob_client(name);
        let answer = resource::run(self, COUNT, || async {
            unless(blob.get_properties(None).await, &["BlobNotFound"])
        });
        let Some(properties) = answer.await? else {
            return Ok(None);
        };
        let count = properties.blob_committed_block_count().ok().flatten();
        match blocks(count) {
            Some(count) => Ok(Some(count)),
            None => Err(incomplete(COUNT, "a count of blocks")),
        }
    }

    async fn read_tally(&self, name: &str) -> Result<Option<Vec<String>>, StorageError> {
        let Some(stored) = self.read(name).await? else {
            return Ok(None);
        };
        let text = str::from_utf8(&stored.body)
            .map_err(|_| StorageError::permanent("read tally", "it holds what is no text"))?;
        let entries = text.split_terminator('\n');
        Ok(Some(entries.map(str::to_owned).collect()))
    }

    /// One request for a page of names, and one for each tally.
    async fn clear_tallies(&self, prefix: &str) -> Result<(), StorageError> {
        let mut after = None;
        loop {
            let options = Default::default();
            let page = self.blobs(CLEAR, prefix, after.as_deref(), options).await?;
            let tallies = page.0.into_iter().filter(is_tally);
            for name in tallies.filter_map(|item| item.name) {
                self.delete(&name, None).await?;
            }
            after = page.1;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

fn blocks(count: Option<i32>) -> Option<u64> {
    count.and_then(|count| u64::try_from(count).ok())
}
