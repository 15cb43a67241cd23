//! The replies: helpers for those of one operation, and the problems that operations share.

use serde_json::Value;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ComponentsBuilder, ContentBuilder, Ref, ResponseBuilder};

use crate::api::edge::problem::{Code, Problem};

/// A problem that operations share: the status, its name among the components, what it means, and
/// the document of an example.
struct Shared {
    status: &'static str,
    name: &'static str,
    description: &'static str,
    example: fn() -> Problem,
    headers: &'static [&'static str],
}

const SHARED: [Shared; 14] = [
    Shared {
        status: "400",
        name: "BadRequest",
        description: "The request cannot be read: its body, its query, its key or its token.",
        example: || Problem::new(Code::EmptyBody, "the body is empty").target("body"),
        headers: &[],
    },
    Shared {
        status: "401",
        name: "InvalidKey",
        description: "The key or the token is missing or wrong.",
        example: Problem::unauthorized,
        headers: &["WWW-Authenticate"],
    },
    Shared {
        status: "404",
        name: "NotFound",
        description: "There is no such thing, or not any more.",
        example: || Problem::not_found("there is no such task, or its result has been consumed"),
        headers: &[],
    },
    Shared {
        status: "408",
        name: "BodyTimeout",
        description: "The body did not arrive in time. Nothing was accepted.",
        example: || {
            let detail = "the body did not arrive in time";
            Problem::new(Code::BodyTimeout, detail)
        },
        headers: &[],
    },
    Shared {
        status: "409",
        name: "Conflict",
        description: "Not possible as things stand. With `Retry-After` when it may be later: the task \
                      has not ended, or the first submission with the key is still being accepted.",
        example: || Problem::conflict("the task has not ended"),
        headers: &["Retry-After"],
    },
    Shared {
        status: "410",
        name: "TaskCanceled",
        description: "The task was canceled, or has ended before it was reported on.",
        example: Problem::task_canceled,
        headers: &[],
    },
    Shared {
        status: "412",
        name: "PreconditionFailed",
        description: "`If-Match` or `If-None-Match` is not true of the task; or the request was first sent so \
                      long ago that the first try may be forgotten. Nothing was changed.",
        example: Problem::precondition_failed,
        headers: &["Repeatability-Result"],
    },
    Shared {
        status: "413",
        name: "BodyTooLarge",
        description: "The body is larger than the service takes.",
        example: || {
            let detail = "the body is larger than 8388608 bytes";
            Problem::new(Code::BodyTooLarge, detail).target("body")
        },
        headers: &[],
    },
    Shared {
        status: "415",
        name: "UnsupportedMediaType",
        description: "The body is compressed, or in UTF-16; or a page of another site does not say that \
                      it is JSON; or what is to be enqueued is no JSON, and no kind takes it.",
        example: || {
            Problem::new(
                Code::UnsupportedMediaType,
                "the body must not be compressed",
            )
        },
        headers: &["Accept", "Accept-Encoding"],
    },
    Shared {
        status: "422",
        name: "Unprocessable",
        description: "A value is not one of those it may be; `error.target` names it.",
        example: || Problem::invalid("number", "number must be an integer"),
        headers: &[],
    },
    Shared {
        status: "424",
        name: "TaskFailed",
        description: "The task failed; this is its error.",
        example: || {
            let detail = "the work was tried 5 times";
            Problem::new(Code::OfTask("TooManyAttempts".to_owned()), detail)
        },
        headers: &[],
    },
    Shared {
        status: "429",
        name: "TooManyRequests",
        description: "Too many tasks are queued, or too many clients wait. Nothing was accepted.",
        example: Problem::too_many_waiters,
        headers: &["Retry-After"],
    },
    Shared {
        status: "500",
        name: "InternalError",
        description: "A defect of the service, logged under the id in the reply.",
        example: || {
            let detail = "an internal error, logged as 3d0a4c7e-52b1-4f0e-9c55-8a3f5ef1f6d2";
            Problem::new(Code::InternalError, detail)
        },
        headers: &[],
    },
    Shared {
        status: "503",
        name: "StorageUnavailable",
        description: "Storage cannot be reached or is throttling, or the service is stopping. Nothing was changed; \
                      but with `OutcomeUnknown` storage did not answer, and what was asked for may be done all the \
                      same. To a submission that names the task there is then.",
        example: || {
            let detail = "storage cannot be reached now; nothing was changed";
            Problem::new(Code::StorageUnavailable, detail)
        },
        headers: &["Retry-After", "Operation-Location", "Operation-Id"],
    },
];

/// Adds the shared problems.
pub(in crate::api) fn add(components: ComponentsBuilder) -> ComponentsBuilder {
    SHARED.iter().fold(components, |components, shared| {
        let example = (shared.example)().document("/api/tasks");
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .example(serde_json::from_str(&example).ok())
            .build();
        let response = shared.head().content("application/problem+json", content);
        components.response(shared.name, response.build())
    })
}

impl Shared {
    /// What it means, and the codes that tell more.
    fn told(&self) -> String {
        let family = Code::Invalid("Invalid…".to_owned());
        let codes: Vec<_> = Code::FIXED
            .iter()
            .chain([&family])
            .filter(|code| code.status().as_str() == self.status)
            .map(|code| format!("`{}`", code.name()))
            .collect();
        match &codes[..] {
            [] | [_] => self.description.to_owned(),
            _ => format!(
                "{} `error.code` tells more: {}.",
                self.description,
                codes.join(", ")
            ),
        }
    }

    fn head(&self) -> ResponseBuilder {
        let response = ResponseBuilder::new()
            .description(self.told())
            .header("x-ms-error-code", header("x-ms-error-code"));
        with_headers(response, self.headers)
    }
}

/// Adds shared problems to an operation, by their statuses.
pub(in crate::api) fn problems(operation: OperationBuilder, statuses: &[&str]) -> OperationBuilder {
    SHARED
        .iter()
        .filter(|shared| statuses.contains(&shared.status))
        .fold(operation, |operation, shared| {
            operation.response(shared.status, Ref::from_response_name(shared.name))
        })
}

/// A reply of JSON with a schema among the components, and an example.
pub(in crate::api) fn json(description: &str, schema: &str, example: Value) -> ResponseBuilder {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(schema)))
        .example(Some(example))
        .build();
    ResponseBuilder::new()
        .description(description)
        .content("application/json", content)
}

/// A reply of text.
pub(in crate::api) fn text(description: &str, content_type: &str) -> ResponseBuilder {
    let schema = ObjectBuilder::new().schema_type(Type::String).build();
    ResponseBuilder::new().description(description).content(
        content_type,
        ContentBuilder::new().schema(Some(schema)).build(),
    )
}

/// Adds headers, by their names.
pub(in crate::api) fn with_headers(response: ResponseBuilder, names: &[&str]) -> ResponseBuilder {
    names.iter().fold(response, |response, name| {
        response.header(*name, header(name))
    })
}

fn header(name: &str) -> Header {
    let (kind, description) = match name {
        "Retry-After" => (Type::Integer, "Seconds to wait before the next request."),
        "Location" => (Type::String, "Where to look next."),
        "Operation-Location" => (Type::String, "The status monitor of the task."),
        "Operation-Id" => (Type::String, "The id of the task."),
        "Preference-Applied" => (Type::String, "The preferences that were granted."),
        "Repeatability-Result" => (
            Type::String,
            "To a repeatable request: `accepted`, or `rejected` for its key.",
        ),
        "x-ms-continuation-token" => (
            Type::String,
            "Where the listing goes on; absent on the last page.",
        ),
        "Accept" => (Type::String, "The media type to send instead."),
        "Accept-Encoding" => (Type::String, "The coding to send instead."),
        "Cache-Control" => (Type::String, "Whether the reply may be kept."),
        "ETag" => (Type::String, "The version of the monitor."),
        "Link" => (Type::String, "The status monitor, as `rel=\"monitor\"`."),
        "WWW-Authenticate" => (Type::String, "The kind of key that is wanted."),
        _ => (Type::String, "The code of the problem."),
    };
    HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(kind).build()))
        .description(Some(description))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_reply_that_is_described() {
        for code in Code::FIXED {
            let mut shared = SHARED.iter();
            let described = shared.any(|shared| shared.status == code.status().as_str());
            // No operation can be asked for with a method that it does not have.
            let is_of_no_operation = *code == Code::MethodNotAllowed;
            assert!(described != is_of_no_operation, "{}", code.name());
        }
    }

    #[test]
    fn an_example_has_the_status_it_is_an_example_of() {
        for shared in &SHARED {
            let document = (shared.example)().document("/api/tasks");
            let status = format!("\"status\":{},", shared.status);
            assert!(document.contains(&status), "{document}");
        }
    }
}
