//! Task records as blobs: one block blob each, its head repeated in the blob's metadata.
//!
//! Each operation is one request, at any size a record may have.

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::Arc;

use azure_core::http::Etag;
use azure_core::http::headers::{HeaderName, Headers};
use azure_storage_blob::BlobContainerClient;
use azure_storage_blob::models::{
    BlobClientDeleteOptions, BlobClientDownloadOptions, BlockBlobClientUploadOptions,
};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use time::OffsetDateTime;
use tokio::sync::Semaphore;

use super::error::{incomplete, unless};
use super::resource::{self, Resource};
use ports::timestamp;
use ports::{Document, ETag, Further, Head, HeadError, Listed, Looked, StorageError, Stored};

/// The crate splits a transfer at this size (its default is 4 MiB), and holds the parts of a download beside
/// the whole. Records are below it, so that a write is one conditional request and a read one consistent
/// answer. The service takes 5,000 MiB in one request ([Put
/// Blob](https://learn.microsoft.com/rest/api/storageservices/put-blob)).
pub(super) const ONE_REQUEST: usize = 2 * 1024 * 1024 * 1024;

/// How many parts of a transfer go side by side: there is one. Unless told, the crate asks the system
/// for its processors each time, which opens a dozen files and costs more than a signature.
pub(super) const ONE_PART: Option<NonZero<usize>> = NonZero::new(1);

/// A record as it was read, or the beginning of it.
struct Found {
    stored: Stored,
    is_whole: bool,
    metadata: HashMap<String, String>,
}

/// A container, as one thread reaches it: that of the task records, or one of files.
pub(super) struct Container {
    pub(super) client: BlobContainerClient,
    pub(super) turns: Arc<Semaphore>,
}

impl Resource for Container {
    const NOUN: &'static str = "container";
    const MISSING: &'static str = "ContainerNotFound";
    const EXISTS: &'static str = "ContainerAlreadyExists";

    fn turns(&self) -> &Semaphore {
        &self.turns
    }

    async fn create(&self) -> azure_core::Result<()> {
        self.client.create(None).await.map(drop)
    }

    async fn look(&self) -> azure_core::Result<()> {
        self.client.get_properties(None).await.map(drop)
    }
}

impl Container {
    /// Puts a blob under a condition; `None` when the service answers with one of these codes.
    async fn put(
        &self,
        operation: &'static str,
        name: &str,
        document: &Document,
        condition: BlockBlobClientUploadOptions<'static>,
        refusals: &[&str],
    ) -> Result<Option<ETag>, StorageError> {
        let blob = self.client.blob_client(name).block_blob_client();
        let options = BlockBlobClientUploadOptions {
            blob_content_type: Some("application/json".to_owned()),
            metadata: Some(metadata(&document.head)),
            parallel: ONE_PART,
            partition_size: NonZero::new(ONE_REQUEST as u64),
            ..condition
        };
        let answer = resource::run(self, operation, || async {
            let upload = blob.upload(document.body.clone().into(), Some(options.clone()));
            unless(upload.await, refusals)
        });
        match answer.await? {
            None => Ok(None),
            Some(result) => match result.etag {
                Some(etag) => Ok(Some(from_header(&etag))),
                None => Err(incomplete(operation, "an ETag")),
            },
        }
    }
}

impl Container {
    pub(super) async fn prepare(&self) -> Result<(), StorageError> {
        resource::prepare(self, "prepare the container").await
    }

    pub(super) async fn check(&self) -> Result<(), StorageError> {
        resource::run(self, "check the container", || self.look()).await
    }

    /// Writes a new record; `None` when the name is taken.
    ///
    /// A put whose answer was lost is sent again and may meet its own success: it then gives
    /// `None`, as if somebody else had taken the name. Read the record to tell the two apart.
    pub(super) async fn create(
        &self,
        name: &str,
        document: &Document,
    ) -> Result<Option<ETag>, StorageError> {
        let condition = BlockBlobClientUploadOptions::default().if_not_exists();
        let refusals = ["BlobAlreadyExists", "ConditionNotMet"];
        self.put("create record", name, document, condition, &refusals)
            .await
    }

    pub(super) async fn read(&self, name: &str) -> Result<Option<Stored>, StorageError> {
        let found = self.download(name, None).await?;
        Ok(found.map(|found| found.stored))
    }

    /// Reads a record, or its metadata when it is longer than so many bytes, of which it reads as many.
    pub(super) async fn read_up_to(
        &self,
        name: &str,
        most: usize,
    ) -> Result<Option<Looked>, StorageError> {
        let Some(found) = self.download(name, Some(most)).await? else {
            return Ok(None);
        };
        let stored = found.stored;
        Ok(Some(if found.is_whole {
            Looked::Whole(stored)
        } else {
            Looked::Large(Listed {
                name: name.to_owned(),
                etag: stored.etag,
                modified_at: stored.modified_at,
                head: head(&found.metadata),
            })
        }))
    }

    /// Reads a record, or so many bytes of it at the most.
    async fn download(
        &self,
        name: &str,
        most: Option<usize>,
    ) -> Result<Option<Found>, StorageError> {
        const OPERATION: &str = "read record";
        let blob = self.client.blob_client(name);
        let options = BlobClientDownloadOptions {
            parallel: ONE_PART,
            partition_size: NonZero::new(most.unwrap_or(ONE_REQUEST)),
            range: most.map(|most| (..most).into()),
            ..Default::default()
        };
        let answer = resource::run(self, OPERATION, || async {
            let download = blob.download(Some(options.clone())).await;
            let Some(found) = unless(download, &["BlobNotFound"])? else {
                return Ok(None);
            };
            let length = whole_length(&found.headers);
            Ok(Some((
                found.body.collect().await?,
                found.properties,
                length,
            )))
        });
        let Some((body, properties, length)) = answer.await? else {
            return Ok(None);
        };
        let (etag, modified_at) = version(OPERATION, properties.etag, properties.last_modified)?;
        Ok(Some(Found {
            is_whole: length.is_none_or(|length| length <= body.len()),
            stored: Stored {
                body,
                etag,
                modified_at,
            },
            metadata: properties.metadata,
        }))
    }

    /// Replaces a record if it still has this ETag; `None` when it has changed or is gone.
    ///
    /// A put whose answer was lost is sent again and may meet its own success: it then gives
    /// `None`, as if somebody else had changed the record. Read the record to tell the two apart.
    pub(super) async fn replace(
        &self,
        name: &str,
        document: &Document,
        etag: &ETag,
    ) -> Result<Option<ETag>, StorageError> {
        let condition = BlockBlobClientUploadOptions {
            if_match: Some(to_header(etag)),
            ..Default::default()
        };
        let refusals = ["ConditionNotMet", "BlobNotFound"];
        self.put("replace record", name, document, condition, &refusals)
            .await
    }

    /// Writes a record, whatever is there.
    pub(super) async fn overwrite(
        &self,
        name: &str,
        document: &Document,
    ) -> Result<Option<ETag>, StorageError> {
        let condition = BlockBlobClientUploadOptions::default();
        self.put("put record", name, document, condition, &[]).await
    }

    /// A deletion whose answer was lost is sent again, and gives `false` for its own success.
    pub(super) async fn delete(
        &self,
        name: &str,
        etag: Option<&ETag>,
    ) -> Result<bool, StorageError> {
        let blob = self.client.blob_client(name);
        let options = BlobClientDeleteOptions {
            if_match: etag.map(to_header),
            ..Default::default()
        };
        let answer = resource::run(self, "delete record", || async {
            let delete = blob.delete(Some(options.clone())).await;
            unless(delete, &["ConditionNotMet", "BlobNotFound"])
        });
        Ok(answer.await?.is_some())
    }
}

/// How long a blob is of which a part was asked for, in bytes: `bytes 0-9/100`. An empty one has no parts.
pub(super) fn whole_length(headers: &Headers) -> Option<usize> {
    let range = headers.get_optional_str(&HeaderName::from_static("content-range"))?;
    range.rsplit_once('/')?.1.parse().ok()
}

pub(super) fn version(
    operation: &'static str,
    etag: Option<Etag>,
    modified_at: Option<OffsetDateTime>,
) -> Result<(ETag, OffsetDateTime), StorageError> {
    let etag = etag.ok_or_else(|| incomplete(operation, "an ETag"))?;
    let modified_at = modified_at.ok_or_else(|| incomplete(operation, "a time"))?;
    Ok((from_header(&etag), modified_at))
}

/// A listing leaves out the quotes that a header has around the version: [`ETag`] has none, so
/// that both compare equal.
fn from_header(etag: &Etag) -> ETag {
    ETag::new(etag.as_ref().trim_matches('"'))
}

fn to_header(etag: &ETag) -> Etag {
    format!("\"{}\"", etag.as_str()).into()
}

fn metadata(head: &Head) -> HashMap<String, String> {
    let mut metadata = HashMap::from([
        ("kind".to_owned(), head.kind.clone()),
        ("status".to_owned(), head.status.clone()),
        ("created".to_owned(), timestamp::to_text(head.created_at)),
        ("updated".to_owned(), timestamp::to_text(head.updated_at)),
        ("attempts".to_owned(), head.attempts.to_string()),
    ]);
    if let Some(due_at) = head.due_at() {
        metadata.insert("due".to_owned(), timestamp::to_text(due_at));
    }
    if let Some(labels) = head.labels() {
        metadata.insert("labels".to_owned(), labels.to_string());
    }
    if let Some(HeadError { code, message }) = head.error.as_deref() {
        let encoded = |text| utf8_percent_encode(text, NOT_PLAIN).to_string();
        metadata.insert("errorcode".to_owned(), encoded(code));
        metadata.insert("errormessage".to_owned(), encoded(message));
    }
    metadata
}

/// What is encoded in an error: all that a header cannot carry, or that would have to be escaped in
/// the XML of a listing, and the sign of the encoding itself. A blank inside is none of these.
const NOT_PLAIN: &AsciiSet = &CONTROLS
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'&')
    .add(b'"')
    .add(b'\'');

fn error(metadata: &HashMap<String, String>) -> Option<Box<HeadError>> {
    let text = |name| {
        let decoded = percent_decode_str(metadata.get(name)?).decode_utf8_lossy();
        Some(decoded.into_owned())
    };
    Some(Box::new(HeadError {
        code: text("errorcode")?,
        message: text("errormessage").unwrap_or_default(),
    }))
}

/// The head, if it was us who wrote the blob.
pub(super) fn head(metadata: &HashMap<String, String>) -> Option<Head> {
    Some(Head {
        kind: metadata.get("kind")?.clone(),
        status: metadata.get("status")?.clone(),
        created_at: timestamp::parse(metadata.get("created")?)?,
        updated_at: timestamp::parse(metadata.get("updated")?)?,
        attempts: metadata.get("attempts")?.parse().ok()?,
        error: error(metadata),
        further: Further::of(
            metadata.get("due").and_then(|due| timestamp::parse(due)),
            metadata.get("labels").map(String::as_str),
        ),
    })
}
