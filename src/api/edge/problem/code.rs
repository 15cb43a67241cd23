//! The codes of problems: what went wrong, for programs. A client may rely on each.

use actix_web::http::StatusCode;

/// The longest word a code takes from a field's name, in characters.
const MAX_WORD: usize = 40;

/// The codes that are always the same: from one list, so that none lacks its status or what it means.
macro_rules! codes {
    ($($code:ident $status:ident $description:literal)*) => {
        /// What went wrong.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(in crate::api) enum Code {
            $(#[doc = $description] $code,)*
            /// A value is none of those it may be: see [`Code::invalid`].
            Invalid(String),
            /// The code of a task that failed: its kind's, or the service's own.
            OfTask(String),
            /// A failure that actix-web made: see [`Code::of_status`].
            OfStatus(StatusCode, String),
        }

        impl Code {
            /// The codes that are always the same, by their statuses.
            pub(in crate::api) const FIXED: &[Self] = &[$(Self::$code),*];

            /// The code as it is sent: `PascalCase`.
            pub(in crate::api) fn name(&self) -> &str {
                match self {
                    $(Self::$code => stringify!($code),)*
                    Self::Invalid(name) | Self::OfTask(name) | Self::OfStatus(_, name) => name,
                }
            }

            /// The status of the reply.
            pub(in crate::api) fn status(&self) -> StatusCode {
                match self {
                    $(Self::$code => StatusCode::$status,)*
                    Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
                    Self::OfTask(_) => StatusCode::FAILED_DEPENDENCY,
                    Self::OfStatus(status, _) => *status,
                }
            }

            /// When it is sent, in a sentence of Markdown.
            pub(in crate::api) fn description(&self) -> &'static str {
                match self {
                    $(Self::$code => $description,)*
                    Self::Invalid(_) => {
                        "A value is none of those it may be. The code ends with the name of the \
                         field or parameter, which `error.target` has in full."
                    }
                    Self::OfTask(_) => {
                        "The task failed. The code is its kind's, or one of the service's own, such as \
                         `TimeLimitExceeded`, `WorkPanicked` or `DeadLettered`."
                    }
                    Self::OfStatus(..) => {
                        "What was sent is no request of any route. The code is the name of the status."
                    }
                }
            }
        }
    };
}

codes! {
    EmptyBody BAD_REQUEST "The body is empty."
    IncompleteBody BAD_REQUEST "The body breaks off, or is framed wrongly."
    InvalidEncoding BAD_REQUEST "The body is not UTF-8."
    MalformedBody BAD_REQUEST "The body is not JSON; the message says where."
    InvalidBody BAD_REQUEST "The body is JSON, but no object, nor an array that holds one."
    DuplicateField BAD_REQUEST "The body has a field twice."
    InvalidIdempotencyKey BAD_REQUEST "`Idempotency-Key` is no key, or is there twice."
    InvalidRepeatability BAD_REQUEST "`Repeatability-Request-ID` or `Repeatability-First-Sent` cannot be read, or is missing beside the other."
    InvalidQuery BAD_REQUEST "The query cannot be read; on the routes of Durable Functions and of Microsoft's sample, one of its parameters."
    DuplicateParameter BAD_REQUEST "The query has a parameter twice."
    InvalidContinuationToken BAD_REQUEST "`continuationToken` is not one of this query."
    InvalidInstanceId BAD_REQUEST "What an instance of a workflow is to be called is no name that it may have."
    InvalidEventName BAD_REQUEST "The name of an event is too long."
    NotJson BAD_REQUEST "An event does not say that it is JSON."
    UnknownInstance BAD_REQUEST "The instance of a workflow that is to be restarted is not there."
    InvalidCustomer BAD_REQUEST "`id` or `customername` of what the acceptor is given is missing or empty."
    InvalidKey UNAUTHORIZED "The key is missing or wrong."
    NoKeySet UNAUTHORIZED "The route needs a key, and the service has none."
    InvalidToken UNAUTHORIZED "The token of a callback is not the one that the service gave for the task."
    NotFound NOT_FOUND "There is nothing at the path; or no such task, message or dead letter, or not any more; or a result was waited for and has not come."
    UnknownFunction NOT_FOUND "There is no workflow of this name."
    NoRawQueue NOT_FOUND "The service has no queue of clients' own messages: `RAW_QUEUE_NAME` is not set."
    MethodNotAllowed METHOD_NOT_ALLOWED "The resource does not know the method. `Allow` has those that it knows."
    BodyTimeout REQUEST_TIMEOUT "The body did not arrive in time."
    Conflict CONFLICT "The status of the task does not allow it; or the first submission with the key is still being accepted. With `Retry-After` when it may be possible later."
    OlderAttempt CONFLICT "A report is about an attempt that is over. The task goes on without it."
    StaleReceipt CONFLICT "A message was handed out or changed since its pop receipt was given. Nothing was changed."
    TaskCanceled GONE "The task was canceled, and so has no result."
    TaskEnded GONE "The task of a report, or the instance of a workflow that something is asked of, has ended."
    PreconditionFailed PRECONDITION_FAILED "The task is in another version than the request asks for. Nothing was changed."
    WrongStatus PRECONDITION_FAILED "The status of the instance of a workflow does not allow it. Nothing was changed."
    FirstSentOutOfRange PRECONDITION_FAILED "`Repeatability-First-Sent` is so long ago that the first try may be forgotten. Nothing was changed."
    BodyTooLarge PAYLOAD_TOO_LARGE "The body is larger than the service takes, or has more tasks; or a message has more than 64 KiB."
    UnsupportedMediaType UNSUPPORTED_MEDIA_TYPE "The body is compressed, or in UTF-16; or a page of another site does not say that it is JSON; or what is to be enqueued is no JSON, and no kind takes it."
    NotAnObject UNPROCESSABLE_ENTITY "What is to be enqueued is JSON, but no object."
    UnknownKind UNPROCESSABLE_ENTITY "There is no kind of this name."
    UnknownField UNPROCESSABLE_ENTITY "There is a field that means nothing there."
    UnknownParameter UNPROCESSABLE_ENTITY "The route does not have the parameter."
    MissingKind UNPROCESSABLE_ENTITY "There is `input` without `kind`."
    MissingInput UNPROCESSABLE_ENTITY "There is `kind` without `input`."
    AmbiguousBody UNPROCESSABLE_ENTITY "There is `number` beside `kind` or `input`, or `startAfter` beside `delay`."
    MissingStatus UNPROCESSABLE_ENTITY "A report has neither `status` nor `percentComplete`."
    MissingResult UNPROCESSABLE_ENTITY "A report of success has no `result`."
    MissingError UNPROCESSABLE_ENTITY "A report of a failure has no `error`."
    AmbiguousReport UNPROCESSABLE_ENTITY "A report has fields that exclude each other."
    IdempotencyKeyReused UNPROCESSABLE_ENTITY "The key was used for another submission."
    TooManyTasks TOO_MANY_REQUESTS "Too many tasks are queued. Nothing was accepted."
    TooManyWaiters TOO_MANY_REQUESTS "Too many clients wait for a task; ask without waiting, or later."
    InternalError INTERNAL_SERVER_ERROR "A defect of the service, logged under the id in the message."
    StorageUnavailable SERVICE_UNAVAILABLE "Storage cannot be reached, or takes no more now. Nothing was changed."
    OutcomeUnknown SERVICE_UNAVAILABLE "Storage did not answer: what was asked for is done, or will be, or not. To a submission with the id and the monitor of the task that there is then. Look, or send the same again; a submission with the same `Idempotency-Key`. Of many that were submitted in one body, `tasks` tells what became of each."
    Overloaded SERVICE_UNAVAILABLE "Too many large requests and replies are under way; or there was no time to look at all that a filter may mean. Nothing was changed."
    Stopping SERVICE_UNAVAILABLE "The service is stopping. Nothing was changed."
    NewerVersion SERVICE_UNAVAILABLE "A newer version of the service has the task, and this process cannot tell of it."
    NotHandedOver SERVICE_UNAVAILABLE "A report asks for another attempt before this one is handed over. Nothing was changed."
}

impl Code {
    /// Of a value at this place, which may be a client's word: `input.number` -> `InvalidNumber`.
    pub(in crate::api) fn invalid(target: &str) -> Self {
        let last = target.rsplit('.').next().unwrap_or_default();
        Self::Invalid(format!("Invalid{}", pascal(last)))
    }

    /// Of a failure of which only the status is known: 413 -> `PayloadTooLarge`.
    pub(in crate::api) fn of_status(status: StatusCode) -> Self {
        let reason = status.canonical_reason().unwrap_or("Error");
        let name = reason.split([' ', '-']).map(pascal).collect();
        Self::OfStatus(status, name)
    }

    /// The same for people: `InvalidNumber` -> `Invalid number`.
    pub(in crate::api) fn title(&self) -> String {
        let mut title = words(self.name()).join(" ");
        title.get_mut(..1).map(str::make_ascii_uppercase);
        title
    }

    /// The type of the problem, a name and no place: `InvalidNumber` ->
    /// `urn:problem-type:invalid-number`.
    pub(in crate::api) fn uri(&self) -> String {
        format!("urn:problem-type:{}", words(self.name()).join("-"))
    }
}

/// The rows of a table of all codes, in Markdown.
pub fn code_rows() -> String {
    // What stands for many has a name that tells so.
    let families = [
        (Code::Invalid("`Invalid…`".to_owned()), "422"),
        (Code::OfTask("of the task".to_owned()), "424"),
        (
            Code::OfStatus(StatusCode::BAD_REQUEST, "of the status".to_owned()),
            "4xx",
        ),
    ];
    let row = |name: &str, status: &str, code: &Code| {
        format!("| {name} | {status} | {} |\n", code.description())
    };
    let fixed = Code::FIXED
        .iter()
        .map(|code| row(&format!("`{}`", code.name()), code.status().as_str(), code));
    let families = families
        .iter()
        .map(|(code, status)| row(code.name(), status, code));
    fixed.chain(families).collect()
}

/// `InvalidNumber` -> `["invalid", "number"]`
fn words(code: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for character in code.chars() {
        match words.last_mut() {
            Some(word) if !character.is_ascii_uppercase() => word.push(character),
            _ => words.push(character.to_ascii_lowercase().to_string()),
        }
    }
    words
}

/// `number` -> `Number`, `max_messages` -> `MaxMessages`; characters that do not belong into a code are left out, and
/// so is what is too long for one: the word may be a client's, and the code is sent as a header.
fn pascal(text: &str) -> String {
    let words = text.split('_').map(|word| {
        let mut word: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
        word.get_mut(..1).map(str::make_ascii_uppercase);
        word
    });
    let mut pascal: String = words.collect();
    pascal.truncate(MAX_WORD);
    pascal
}
