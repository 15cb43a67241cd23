//! Listings of the container: the records and tallies in it, or all blobs whose names begin alike.

use azure_storage_blob::models::{
    BlobContainerClientListBlobsOptions, BlobItem, BlobType, ListBlobsIncludeItem,
};
use futures_util::TryStreamExt;

use super::blobs::{Container, head, version};
use super::error::incomplete;
use super::resource;
use ports::{Listed, ListedTally, Page, StorageError};

impl Container {
    pub(super) async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page, StorageError> {
        const OPERATION: &str = "list records";
        let options = BlobContainerClientListBlobsOptions {
            include: Some(vec![ListBlobsIncludeItem::Metadata]),
            maxresults: Some(i32::try_from(limit).unwrap_or(i32::MAX)),
            ..Default::default()
        };
        let (items, next) = self.blobs(OPERATION, prefix, after, options).await?;
        let mut page = Page {
            next,
            ..Page::default()
        };
        for item in items {
            let is_tally = is_tally(&item);
            let listed = listed(OPERATION, item)?;
            match is_tally {
                true => page.tallies.push(ListedTally {
                    name: listed.name,
                    modified_at: listed.modified_at,
                }),
                false => page.items.push(listed),
            }
        }
        Ok(page)
    }

    /// A page of the blobs whose names begin so, from where the one before ended, and where the next begins.
    pub(super) async fn blobs(
        &self,
        operation: &'static str,
        prefix: &str,
        after: Option<&str>,
        options: BlobContainerClientListBlobsOptions<'static>,
    ) -> Result<(Vec<BlobItem>, Option<String>), StorageError> {
        let options = BlobContainerClientListBlobsOptions {
            marker: after.map(str::to_owned),
            prefix: Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty()),
            ..options
        };
        let answer = resource::run(self, operation, || async {
            let mut pages = self.client.list_blobs(Some(options.clone()))?.into_pages();
            pages
                .try_next()
                .await?
                .map(|page| page.into_model())
                .transpose()
        });
        Ok(answer.await?.map_or_else(Default::default, |page| {
            let next = page.next_marker.filter(|marker| !marker.is_empty());
            (page.blob_items, next)
        }))
    }
}

fn listed(operation: &'static str, item: BlobItem) -> Result<Listed, StorageError> {
    let properties = item.properties.unwrap_or_default();
    let (etag, modified_at) = version(operation, properties.etag, properties.last_modified)?;
    let name = item.name.ok_or_else(|| incomplete(operation, "a name"))?;
    let metadata = item.metadata.and_then(|metadata| metadata.values);
    Ok(Listed {
        name,
        etag,
        modified_at,
        head: metadata.and_then(|values| head(&values)),
    })
}

/// Whether a blob of a listing is a tally, which a record never is.
pub(super) fn is_tally(item: &BlobItem) -> bool {
    let properties = item.properties.as_ref();
    properties.is_some_and(|properties| properties.blob_type == Some(BlobType::AppendBlob))
}
