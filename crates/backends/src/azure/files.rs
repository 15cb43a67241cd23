//! Files of kinds as blobs of a container of their own, which comes to be with the first call that needs it.
//! Each thread reaches it by its own clients.

use std::num::NonZero;
use std::sync::Arc;

use async_trait::async_trait;
use azure_storage_blob::models::{
    BlobClientDownloadOptions, BlobContainerClientListBlobsOptions, BlockBlobClientUploadOptions,
};
use bytes::Bytes;
use futures_util::TryStreamExt;

use super::blobs::{Container, ONE_PART, ONE_REQUEST, whole_length};
use super::clients::Clients;
use super::connector::Connector;
use super::error::unless;
use super::resource;
use ports::{FileName, Files, MAX_FILE_BYTES, StorageError};

const READ: &str = "read file";

/// The files in a container of an account.
pub(super) struct AzureFiles {
    connector: Arc<Connector>,
    container: String,
}

impl AzureFiles {
    pub(super) fn new(connector: Arc<Connector>, container: &str) -> Self {
        Self {
            connector,
            container: container.to_owned(),
        }
    }

    fn here(&self) -> Result<Container, StorageError> {
        Ok(Clients::here(&self.connector)?.container_of(&self.container))
    }
}

#[async_trait]
impl Files for AzureFiles {
    /// The crate lists no folders, so what is below this one is looked through as well.
    async fn list(&self, folder: &FileName) -> Result<Vec<FileName>, StorageError> {
        let (container, prefix) = (self.here()?, format!("{folder}/"));
        let mut names = Vec::new();
        let mut marker = None;
        loop {
            let options = BlobContainerClientListBlobsOptions {
                marker: marker.take(),
                prefix: Some(prefix.clone()),
                ..Default::default()
            };
            let answer = resource::run(&container, "list files", || async {
                let pages = container.client.list_blobs(Some(options.clone()))?;
                let page = pages.into_pages().try_next().await?;
                page.map(|page| page.into_model()).transpose()
            });
            let Some(page) = answer.await? else {
                return Ok(names);
            };
            names.extend(page.blob_items.into_iter().filter_map(|blob| {
                let name = blob.name?;
                let file = name.strip_prefix(&prefix)?;
                let is_here = !file.contains('/');
                is_here.then(|| FileName::try_from(&*name).ok())?
            }));
            marker = page.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                return Ok(names);
            }
        }
    }

    async fn read(&self, name: &FileName) -> Result<Option<Bytes>, StorageError> {
        let container = self.here()?;
        let blob = container.client.blob_client(name.as_str());
        let options = BlobClientDownloadOptions {
            parallel: ONE_PART,
            partition_size: NonZero::new(ONE_REQUEST),
            ..Default::default()
        };
        let answer = resource::run(&container, READ, || async {
            let download = blob.download(Some(options.clone())).await;
            let Some(found) = unless(download, &["BlobNotFound"])? else {
                return Ok(None);
            };
            let length = whole_length(&found.headers);
            if length.is_some_and(|length| length > MAX_FILE_BYTES) {
                return Ok(Some(None));
            }
            found.body.collect().await.map(Some).map(Some)
        });
        match answer.await? {
            Some(None) => {
                let cause = format!("the file has more than {MAX_FILE_BYTES} bytes");
                Err(StorageError::permanent(READ, cause))
            }
            found => Ok(found.flatten()),
        }
    }

    async fn write(&self, name: &FileName, content: Bytes) -> Result<(), StorageError> {
        let container = self.here()?;
        let blob = container.client.blob_client(name.as_str());
        let blob = blob.block_blob_client();
        let options = BlockBlobClientUploadOptions {
            blob_content_type: Some("application/octet-stream".to_owned()),
            parallel: ONE_PART,
            partition_size: NonZero::new(ONE_REQUEST as u64),
            ..Default::default()
        };
        let answer = resource::run(&container, "write file", || async {
            blob.upload(content.clone().into(), Some(options.clone()))
                .await
        });
        answer.await.map(drop)
    }

    /// A deletion whose answer was lost is sent again, and gives `false` for its own success.
    async fn delete(&self, name: &FileName) -> Result<bool, StorageError> {
        let container = self.here()?;
        let blob = container.client.blob_client(name.as_str());
        let answer = resource::run(&container, "delete file", || async {
            unless(blob.delete(None).await, &["BlobNotFound"])
        });
        Ok(answer.await?.is_some())
    }
}
