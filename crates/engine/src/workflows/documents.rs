//! The documents that an instance has beside its record: what is too large for its journal.

use serde_json::value::RawValue;

use super::Workflows;
use super::stuck::Stuck;
use crate::model::id::TaskId;
use crate::model::instance::{PART, Payload, part_name};
use ports::{Document, Head, Step, StorageError, Written};

impl Workflows {
    /// A text for the journal of an instance: in a document of its own, if it is large.
    pub(super) async fn payload(
        &self,
        id: TaskId,
        part: &str,
        text: Box<RawValue>,
    ) -> Result<Payload, StorageError> {
        match Payload::is_large(&text) {
            true => self.store_part(id, part, text).await,
            false => Ok(Payload::Is(text)),
        }
    }

    /// Gives a text of an instance a document of its own.
    pub(super) async fn store_part(
        &self,
        id: TaskId,
        part: &str,
        text: Box<RawValue>,
    ) -> Result<Payload, StorageError> {
        let name = &part_name(id, part);
        let now = self.worker().clock.now();
        let document = &Document {
            head: Head {
                created_at: id.created_at().unwrap_or(now),
                ..Head::beside(PART, PART, now)
            },
            body: Box::<str>::from(text).into_boxed_bytes().into(),
        };
        match self
            .parts
            .store
            .write(&[Step::Put { name, document }])
            .await?
        {
            Written::Partly { cause, .. } => Err(cause),
            Written::Done { .. } | Written::Not { .. } => Ok(Payload::In(part.into())),
        }
    }

    /// A part of an instance.
    pub(super) async fn read_part(&self, id: TaskId, part: &str) -> Result<Box<RawValue>, Stuck> {
        let name = part_name(id, part);
        let stored = self.parts.store.read(&name).await?;
        let missing = || Stuck::code("MissingPart", "a part of the instance's history is missing");
        let stored = stored.ok_or_else(missing)?;
        let text = String::from_utf8(stored.body.to_vec()).map_err(|_| missing())?;
        RawValue::from_string(text).map_err(|_| missing())
    }
}
