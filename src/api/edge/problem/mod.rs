//! The one document in which every failure leaves (RFC 9457, with Azure's `error` object beside it).
//!
//! A handler returns `Err(Problem)`; `rendering`, at the edge, sends it, because the document names the
//! request.

mod code;
mod document;
mod domain;
mod refusals;

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};

use super::headers::{OPERATION_ID, OPERATION_LOCATION, X_MS_ERROR_CODE};
pub(in crate::api) use code::Code;
pub use code::code_rows;
pub(in crate::api) use document::{Document, ErrorObject, ItemOutcome};

/// Seconds a client should wait when storage or the queue cannot take more now.
const RETRY_AFTER_SECONDS: u64 = 5;

/// The longest name of what is at fault, in characters.
const MAX_TARGET: usize = 200;

/// A failure, as the client sees it. The status, the title and the type follow from the code.
#[derive(Clone, Debug)]
pub(in crate::api) struct Problem {
    code: Code,
    detail: String,
    /// The field at fault, as a path into the body.
    target: Option<Box<str>>,
    /// Seconds.
    retry_after: Option<u64>,
    /// Headers of the reply that not every problem has.
    headers: Vec<(HeaderName, HeaderValue)>,
    /// What became of each of many, which few problems have to tell.
    tasks: Option<Box<Box<[ItemOutcome]>>>,
}

impl Problem {
    pub(in crate::api) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            target: None,
            retry_after: None,
            headers: Vec::new(),
            tasks: None,
        }
    }

    /// Names what is at fault, or its beginning: the name may be a client's.
    pub(in crate::api) fn target(mut self, target: impl Into<String>) -> Self {
        let mut target = target.into();
        if let Some((end, _)) = target.char_indices().nth(MAX_TARGET) {
            target.truncate(end);
        }
        self.target = Some(target.into());
        self
    }

    /// Says that it is about the one of many at this place (from 0).
    pub(in crate::api) fn at_item(mut self, place: usize) -> Self {
        let within = self.target.take().filter(|target| **target != *"body");
        self.target(match within {
            Some(target) => format!("[{place}].{target}"),
            None => format!("[{place}]"),
        })
    }

    /// Adds a header to the reply, unless it is there.
    pub(in crate::api) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if self.headers.iter().all(|(known, _)| *known != name) {
            self.headers.push((name, value));
        }
        self
    }

    /// Seconds after which the same request may be granted.
    pub(in crate::api) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The task that there may be all the same: its id, and the address of its monitor. In the document, and in
    /// the headers in which a submission that was accepted has them.
    pub(in crate::api) fn operation(self, id: &str, monitor: &str) -> Self {
        let fields = [(OPERATION_ID, id), (OPERATION_LOCATION, monitor)];
        fields.into_iter().fold(self, |problem, (name, value)| {
            match HeaderValue::from_str(value) {
                Ok(value) => problem.header(name, value),
                Err(_) => problem,
            }
        })
    }

    /// The reply to a request for this path.
    pub(in crate::api) fn reply(self, instance: &str) -> HttpResponse {
        let document = self.document(instance);
        let mut reply = HttpResponse::build(self.code.status());
        reply
            .content_type("application/problem+json")
            .insert_header((X_MS_ERROR_CODE, self.code.name()));
        if let Some(seconds) = self.retry_after {
            reply.insert_header((RETRY_AFTER, seconds));
        }
        for header in self.headers {
            reply.insert_header(header);
        }
        reply.body(document)
    }

    /// The document about the request for `instance`.
    pub(in crate::api) fn document(&self, instance: &str) -> String {
        let document = Document {
            r#type: self.code.uri(),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: &self.detail,
            instance,
            operation_id: self.header_text(&OPERATION_ID),
            operation_location: self.header_text(&OPERATION_LOCATION),
            tasks: self.tasks.as_deref().map_or(&[], |tasks| tasks),
            error: ErrorObject {
                code: self.code.name(),
                message: &self.detail,
                target: self.target.as_deref(),
            },
        };
        serde_json::to_string(&document).unwrap_or_default()
    }

    fn header_text(&self, name: &HeaderName) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(known, _)| known == name)?;
        value.to_str().ok()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {}",
            self.code.status().as_u16(),
            self.code.name(),
            self.detail
        )
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }
}

#[cfg(test)]
mod tests;
