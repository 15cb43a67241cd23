//! The raw queue's operations, described.

use serde_json::{Value, json};
use utoipa::openapi::path::{OperationBuilder, Parameter};
use utoipa::openapi::request_body::RequestBody;

use super::parameters::{
    HIDDEN, LEASED, LIFE, LONGEST_HIDDEN, LONGEST_LIFE, MOST, MOST_LEASED, PAGE, PEEKED,
};
use crate::api::openapi::QUEUE;
use crate::api::openapi::parameters::{message_id, number, text_query};
use crate::api::openapi::requests::request;
use crate::api::openapi::responses::{json, problems, with_headers};

/// What every operation may answer.
const ALWAYS: [&str; 6] = ["400", "401", "404", "422", "500", "503"];

/// What one with a body may answer beside that.
const WITH_BODY: [&str; 3] = ["408", "413", "415"];

/// `POST /api/queue/messages`
pub(in crate::api) fn create() -> OperationBuilder {
    let life = number(
        "time_to_live",
        LIFE.into(),
        -1,
        LONGEST_LIFE.into(),
        "After how many seconds the message is gone, whether anybody has received it or not; -1 for never.",
    );
    let delay = number(
        "visibility_timeout",
        0,
        0,
        LONGEST_HIDDEN.into(),
        "For how many seconds nobody sees it; shorter than it lives.",
    );
    let operation = described(
        "Put a message into the queue",
        "Any JSON of up to 64 KiB; it is kept as compact JSON, to the letter. R1's way to say created is 200.",
    )
    .parameter(life)
    .parameter(delay)
    .request_body(Some(message()));
    let operation = answers(
        operation,
        "The message, held by its sender.",
        "Message",
        message_example("r1"),
    );
    problems(problems(operation, &ALWAYS), &WITH_BODY)
}

/// `GET` and `POST /api/queue/messages/pop`
pub(in crate::api) fn pop() -> OperationBuilder {
    let mut popped = message_example("r1");
    popped["dequeue_count"] = json!(1);
    let operation = described(
        "Take the next message out",
        "It is gone from the queue when the reply is written. One that is no JSON is given as text. `GET` is \
         R1's form, and changes things all the same: `POST` where a proxy or a browser may repeat a `GET`.",
    );
    let operation = answers(
        operation,
        "The message, if there was one.",
        "PoppedMessage",
        json!({ "message": "Message retrieved and deleted from queue", "data": popped }),
    );
    problems(operation, &ALWAYS)
}

/// `GET /api/queue/messages` and `POST /api/queue/messages/lease`
pub(in crate::api) fn lease() -> OperationBuilder {
    let operation = described(
        "Lease messages",
        "Nobody else sees them for so long; who has their pop receipts changes them. `GET` is R1's form, and \
         changes things all the same: `POST` where a proxy or a browser may repeat a `GET`.",
    )
    .parameter(number("messages_per_page", PAGE.into(), 1, MOST.into(),
        "How many are taken in one call to storage."))
    .parameter(number("visibility_timeout", HIDDEN.into(), 1, LONGEST_HIDDEN.into(),
        "For how many seconds nobody else sees them."))
    .parameter(number("max_messages", LEASED.into(), 1, MOST_LEASED.into(),
        "How many are taken at most; no fewer than a page has."));
    let mut leased = message_example("r2");
    leased["dequeue_count"] = json!(1);
    let operation = answers(
        operation,
        "The messages.",
        "Messages",
        json!({ "messages": [leased] }),
    );
    problems(operation, &ALWAYS)
}

/// `GET /api/queue/messages/peek`
pub(in crate::api) fn peek() -> OperationBuilder {
    let operation = described(
        "Look at the messages that come next",
        "Nothing is changed. With `queue` those of a queue of tasks, or of its dead letters.",
    )
    .parameter(number(
        "max_messages",
        PEEKED.into(),
        1,
        MOST.into(),
        "How many are shown at most.",
    ))
    .parameter(queue());
    let mut peeked = message_example("");
    peeked["pop_receipt"] = Value::Null;
    let operation = answers(
        operation,
        "The messages.",
        "Messages",
        json!({ "messages": [peeked] }),
    );
    problems(operation, &ALWAYS)
}

/// `PUT /api/queue/messages/{message_id}`
pub(in crate::api) fn update() -> OperationBuilder {
    let change = request(
        "UpdateMessageRequest",
        [
            (
                "content",
                "Another content",
                json!({ "pop_receipt": "r2", "content": person(), "visibility_timeout": 30 }),
            ),
            (
                "time",
                "For longer",
                json!({ "pop_receipt": "r2", "visibility_timeout": 600 }),
            ),
        ],
    );
    let operation = described(
        "Change a message that is held",
        "What it says, or for how long nobody else sees it. 404 when there is no such message, 409 when the \
         pop receipt is not its last one.",
    )
    .parameter(message_id())
    .request_body(Some(change));
    let operation = answers(
        operation,
        "The message, with its new pop receipt.",
        "UpdateMessageResponse",
        json!({
            "message_id": ID,
            "pop_receipt": "r3",
            "next_visible_on": "2026-11-26T10:00:30.000Z",
            "message_content": person()
        }),
    );
    problems(problems(problems(operation, &ALWAYS), &WITH_BODY), &["409"])
}

/// `DELETE /api/queue/messages`
pub(in crate::api) fn clear() -> OperationBuilder {
    let operation = described("Delete all messages", "Those that somebody holds included.");
    let cleared = json!({ "message": "All messages cleared from the queue." });
    problems(
        answers(operation, "The queue is empty.", "ClearedQueue", cleared),
        &ALWAYS,
    )
}

/// `GET /api/queue/length`
pub(in crate::api) fn length() -> OperationBuilder {
    let operation = described(
        "Count the messages",
        "Hidden ones included. With `queue` those of a queue of tasks, or of its dead letters.",
    )
    .parameter(queue());
    let length = json!({ "queue": "background-tasks-poison", "length": 3 });
    problems(
        answers(operation, "How many there are.", "QueueLength", length),
        &ALWAYS,
    )
}

/// The id in the examples.
const ID: &str = "2125c723-cfa8-4f31-8e0e-c67e32edea77";

fn person() -> Value {
    json!({
        "first_name": "Ada",
        "last_name": "Lovelace",
        "age": 36,
        "occupation": "mathematician",
        "location": "London"
    })
}

fn message_example(pop_receipt: &str) -> Value {
    json!({
        "message_content": person(),
        "message_id": ID,
        "insertion_time": "2026-11-26T10:00:00.000Z",
        "expiration_time": "2026-12-03T10:00:00.000Z",
        "pop_receipt": pop_receipt,
        "dequeue_count": 0,
        "unreadable": false
    })
}

fn message() -> RequestBody {
    request(
        "MessageContent",
        [
            ("person", "R1's", person()),
            ("any", "Any other", json!(["of", 3, "parts"])),
        ],
    )
}

fn queue() -> Parameter {
    text_query(
        "queue",
        "The name of a queue of tasks, such as `background-tasks`, or of its dead letters, such as \
         `background-tasks-poison`; without it the queue of clients' own messages.",
    )
}

fn described(summary: &str, description: &str) -> OperationBuilder {
    OperationBuilder::new()
        .tag(QUEUE)
        .summary(Some(summary))
        .description(Some(description))
}

fn answers(
    operation: OperationBuilder,
    told: &str,
    schema: &str,
    example: Value,
) -> OperationBuilder {
    let reply = with_headers(json(told, schema, example), &["Cache-Control"]);
    operation.response("200", reply.build())
}
