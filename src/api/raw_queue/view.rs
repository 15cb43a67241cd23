//! The replies of the raw queue's routes, with R1's fields.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::content::shown;
use super::parameters::{HIDDEN, LONGEST_HIDDEN};
use crate::api::openapi::values::any;
use ports::{Lease, Leased, QueuedMessage, timestamp};

/// A message.
#[derive(Serialize, ToSchema)]
#[schema(as = Message)]
pub(in crate::api) struct MessageView {
    #[schema(value_type = Content)]
    message_content: Box<RawValue>,
    /// The id of the message. Opaque.
    message_id: String,
    /// When it was put there.
    #[schema(format = "date-time")]
    insertion_time: String,
    /// When it is gone; in the year 9999 if it has no end.
    #[schema(format = "date-time")]
    expiration_time: String,
    /// What a change of the message takes, of who holds it; null for who has only looked. Opaque.
    pop_receipt: Option<String>,
    /// How often it was handed out.
    dequeue_count: u32,
    /// Whether it is no JSON: then the content is its text.
    unreadable: bool,
}

impl MessageView {
    /// As whoever looks at it sees it.
    pub(super) fn peeked(message: QueuedMessage) -> Self {
        let (message_content, unreadable) = shown(&message.text);
        Self {
            message_content,
            message_id: message.id,
            insertion_time: timestamp::to_text(message.inserted_at),
            expiration_time: timestamp::to_text(message.expires_at),
            pop_receipt: None,
            dequeue_count: message.dequeue_count,
            unreadable,
        }
    }

    /// As its holder sees it.
    pub(super) fn leased(Leased { message, lease }: Leased) -> Self {
        Self {
            pop_receipt: Some(lease.pop_receipt),
            ..Self::peeked(message)
        }
    }
}

/// Some messages.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Messages {
    /// The messages, those first that came first, more or less.
    pub(super) messages: Vec<MessageView>,
}

/// A message that was taken out, if there was one.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct PoppedMessage {
    /// What happened, for people.
    message: &'static str,
    /// The message; absent when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    data: Option<MessageView>,
}

impl PoppedMessage {
    /// In R1's words.
    pub(super) fn new(popped: Option<MessageView>) -> Self {
        Self {
            message: match popped {
                Some(_) => "Message retrieved and deleted from queue",
                None => "No messages in the queue",
            },
            data: popped,
        }
    }
}

/// A message that was changed.
#[derive(Serialize, ToSchema)]
#[schema(as = UpdateMessageResponse)]
pub(in crate::api) struct UpdatedMessage {
    /// The id of the message.
    message_id: String,
    /// What the next change takes.
    pop_receipt: String,
    /// When others see it again.
    #[schema(format = "date-time")]
    next_visible_on: String,
    /// What it says from now on; null when that was left as it is.
    #[schema(value_type = Content)]
    message_content: Option<Box<RawValue>>,
}

impl UpdatedMessage {
    /// After a change to this text.
    pub(super) fn new(message_id: String, text: Option<&str>, lease: Lease) -> Self {
        Self {
            message_id,
            pop_receipt: lease.pop_receipt,
            next_visible_on: timestamp::to_text(lease.next_visible_at),
            message_content: text.map(|text| shown(text).0),
        }
    }
}

/// That the queue is empty.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct ClearedQueue {
    /// What happened, for people.
    pub(super) message: &'static str,
}

/// How many messages a queue has.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct QueueLength<'a> {
    /// The name of the queue.
    pub(super) queue: &'a str,
    /// How many there are, hidden ones included. Approximate, but never too few; null if the queue cannot tell.
    pub(super) length: Option<u64>,
}

/// The body of a change, described.
pub(in crate::api) fn update_request() -> Object {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("What the last lease or change gave."));
    let seconds = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Integer, Type::Null]))
        .minimum(Some(0))
        .maximum(Some(LONGEST_HIDDEN))
        .default(Some(HIDDEN.into()))
        .description(Some(
            "For how many seconds from now nobody else sees the message.",
        ));
    ObjectBuilder::new()
        .description(Some("`content`, `visibility_timeout` or both."))
        .property("pop_receipt", text)
        .property(
            "content",
            any("What the message says from now on; left out or null: what it says now."),
        )
        .property("visibility_timeout", seconds)
        .required("pop_receipt")
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .build()
}

/// What a message says.
pub(in crate::api) struct Content;

impl PartialSchema for Content {
    fn schema() -> RefOr<Schema> {
        any("What the message says: any JSON.").into()
    }
}

impl ToSchema for Content {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("MessageContent")
    }
}
