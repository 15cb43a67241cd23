//! The request headers of a submission.

use std::time::SystemTime;

use actix_web::http::header::{HeaderName, HeaderValue, HttpDate};
use actix_web::{HttpRequest, HttpResponse};

use super::key_text::key_text;
use crate::api::edge::headers::{
    IDEMPOTENCY_KEY, REPEATABILITY_FIRST_SENT, REPEATABILITY_REQUEST_ID, REPEATABILITY_RESULT,
    TRACEPARENT,
};
use crate::api::edge::problem::{Code, Problem};
use crate::api::edge::state::Api;
use engine::limits::{CLOCK_SKEW, IDEMPOTENCY_RETENTION};
use engine::{KeyedSubmitError, SubmitError, is_traceparent};
use ports::Timestamp;

/// The longest key, in characters.
const MAX_KEY: usize = 255;

/// A header, as a client knows it.
struct Field {
    name: HeaderName,
    written: &'static str,
    /// The code of a problem with it.
    code: Code,
}

static KEY: Field = Field {
    name: IDEMPOTENCY_KEY,
    written: "Idempotency-Key",
    code: Code::InvalidIdempotencyKey,
};

static REQUEST_ID: Field = Field {
    name: REPEATABILITY_REQUEST_ID,
    written: "Repeatability-Request-ID",
    code: Code::InvalidRepeatability,
};

static FIRST_SENT: Field = Field {
    name: REPEATABILITY_FIRST_SENT,
    written: "Repeatability-First-Sent",
    code: Code::InvalidRepeatability,
};

/// For `Repeatability-Result`: the server's state is that of one execution, whatever the status.
const ACCEPTED: HeaderValue = HeaderValue::from_static("accepted");

/// For `Repeatability-Result`: the request was not carried out, because of its key.
const REJECTED: HeaderValue = HeaderValue::from_static("rejected");

/// How often a submission is to be carried out: once for its key, if it has one.
///
/// A key comes in `Idempotency-Key`, or as Azure's clients send it (OASIS Repeatable Requests 1.0): in
/// `Repeatability-Request-ID`, with the time of the first try beside it. One text is one key in either.
#[derive(Debug, Default)]
pub(in crate::api) struct Repetition {
    key: Option<String>,
    /// Whether the client is told in a header of the reply what became of its request.
    is_told: bool,
}

impl Repetition {
    /// That of a submission, which a process that stops does not take.
    pub(in crate::api) fn of_submission(request: &HttpRequest, api: &Api) -> Result<Self, Problem> {
        if api.tasks.is_stopping() {
            return Err(Problem::stopping());
        }
        Self::of(request, |first_sent| api.tasks.is_remembered(first_sent))
    }

    /// `is_remembered` says whether a key that was first sent at a time cannot have been forgotten.
    fn of(
        request: &HttpRequest,
        is_remembered: impl Fn(Timestamp) -> bool,
    ) -> Result<Self, Problem> {
        let key = KEY.key_in(request)?;
        let rejected = |problem: Problem| problem.header(REPEATABILITY_RESULT, REJECTED);
        let Some((id, first_sent)) = repeatable(request).map_err(rejected)? else {
            return Ok(Self {
                key,
                is_told: false,
            });
        };
        if key.is_some_and(|key| key != id) {
            let problem = REQUEST_ID.invalid("must be the same as Idempotency-Key");
            return Err(rejected(problem));
        }
        if !is_remembered(first_sent) {
            let hours = (IDEMPOTENCY_RETENTION - CLOCK_SKEW).as_secs() / 3600;
            let problem = Problem::new(
                Code::FirstSentOutOfRange,
                format!("{} must be of the last {hours} hours", FIRST_SENT.written),
            );
            return Err(rejected(problem.target(FIRST_SENT.written)));
        }
        Ok(Self {
            key: Some(id),
            is_told: true,
        })
    }

    pub(in crate::api) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Why a submission with the key was not accepted; `refused` says it of one without.
    pub(in crate::api) fn refused(
        &self,
        error: KeyedSubmitError,
        refused: impl Fn(SubmitError) -> Problem,
    ) -> Problem {
        match error {
            KeyedSubmitError::OtherSubmission if self.is_told => {
                Problem::key_reused(REQUEST_ID.written).header(REPEATABILITY_RESULT, REJECTED)
            }
            KeyedSubmitError::OtherSubmission => Problem::key_reused(KEY.written),
            KeyedSubmitError::InProgress => Problem::still_being_accepted(),
            KeyedSubmitError::Submit(error) => refused(error),
        }
    }

    /// Tells the client in the reply, if it wants to know and has not been told.
    pub(in crate::api) fn tell(
        &self,
        reply: Result<HttpResponse, Problem>,
    ) -> Result<HttpResponse, Problem> {
        if !self.is_told {
            return reply;
        }
        match reply {
            Ok(mut reply) => {
                reply.headers_mut().insert(REPEATABILITY_RESULT, ACCEPTED);
                Ok(reply)
            }
            Err(problem) => Err(problem.header(REPEATABILITY_RESULT, ACCEPTED)),
        }
    }
}

/// The id of a repeatable request, and when it was first sent: both or neither.
fn repeatable(request: &HttpRequest) -> Result<Option<(String, Timestamp)>, Problem> {
    let id = REQUEST_ID.key_in(request)?;
    let date = |text: &str| text.trim().parse::<HttpDate>().ok();
    let first_sent = FIRST_SENT
        .value_in(request, date)
        .map_err(|()| FIRST_SENT.invalid("must be a date like Tue, 15 Nov 2022 12:45:26 GMT"))?;
    match (id, first_sent) {
        (None, None) => Ok(None),
        (Some(id), Some(first_sent)) => Ok(Some((id, SystemTime::from(first_sent).into()))),
        (Some(_), None) => Err(FIRST_SENT.invalid("is missing beside Repeatability-Request-ID")),
        (None, Some(_)) => Err(REQUEST_ID.invalid("is missing beside Repeatability-First-Sent")),
    }
}

impl Field {
    fn invalid(&self, why: &str) -> Problem {
        Problem::new(self.code.clone(), format!("{} {why}", self.written)).target(self.written)
    }

    /// The key in it: see [`key_text`], of 1 to [`MAX_KEY`] characters.
    fn key_in(&self, request: &HttpRequest) -> Result<Option<String>, Problem> {
        let is_key = |key: &String| (1..=MAX_KEY).contains(&key.len());
        self.value_in(request, |text| key_text(text).filter(is_key))
            .map_err(|()| {
                self.invalid("must be one key of 1 to 255 characters, bare or in double quotes")
            })
    }

    /// Its one value, if it is there: a second one, or one that cannot be read, is an error.
    fn value_in<T>(
        &self,
        request: &HttpRequest,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ()> {
        let mut values = request.headers().get_all(&self.name);
        let Some(value) = values.next() else {
            return Ok(None);
        };
        match value.to_str().ok().and_then(read) {
            Some(read) if values.next().is_none() => Ok(Some(read)),
            _ => Err(()),
        }
    }
}

/// The client's trace, if it is one of W3C Trace Context.
pub(in crate::api) fn traceparent(request: &HttpRequest) -> Option<String> {
    let text = request.headers().get(TRACEPARENT)?.to_str().ok()?.trim();
    is_traceparent(text).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    const DATE: &str = "Tue, 15 Nov 2022 12:45:26 GMT";

    fn of(headers: &[(&str, &str)]) -> Result<Option<String>, Problem> {
        let request = headers
            .iter()
            .fold(TestRequest::default(), |request, header| {
                request.append_header(*header)
            });
        Repetition::of(&request.to_http_request(), |_| true).map(|repetition| repetition.key)
    }

    #[test]
    fn a_key_has_1_to_255_characters() {
        let of_length = |length| of(&[("idempotency-key", &format!("\"{}\"", "k".repeat(length)))]);
        assert_eq!(of_length(255).unwrap().unwrap().len(), 255);
        assert!(of_length(256).is_err() && of_length(0).is_err());
        assert_eq!(of(&[]).unwrap(), None);
    }

    #[test]
    fn a_repeatable_request_has_both_headers_once() {
        let (id, sent) = (
            ("repeatability-request-id", "k"),
            ("repeatability-first-sent", DATE),
        );
        let key = ("idempotency-key", "\"k\"");
        assert_eq!(of(&[id, sent]).unwrap().unwrap(), "k");
        assert_eq!(of(&[id, sent, key]).unwrap().unwrap(), "k");
        for headers in [
            &[id][..],
            &[sent],
            &[id, key],
            &[id, id, sent],
            &[id, sent, sent],
            &[id, sent, ("idempotency-key", "K")],
            &[id, ("repeatability-first-sent", "2022-11-15T12:45:26Z")],
            &[id, ("repeatability-first-sent", "")],
            &[("repeatability-request-id", ""), sent],
        ] {
            assert!(of(headers).is_err(), "{headers:?}");
        }
    }

    #[test]
    fn a_traceparent_may_have_space_around_it() {
        let read = |value: &str| {
            let request = TestRequest::default().insert_header(("traceparent", value));
            traceparent(&request.to_http_request())
        };
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(read(&format!(" {good} ")).as_deref(), Some(good));
        assert_eq!(read("00-x"), None);
    }

    fn assert_refused_or_short(value: &[u8]) {
        let Ok(value) = HeaderValue::from_bytes(value) else {
            return;
        };
        for names in [
            &["idempotency-key"][..],
            &["repeatability-request-id", "repeatability-first-sent"],
        ] {
            let request = names
                .iter()
                .fold(TestRequest::default(), |request, name| {
                    request.insert_header((*name, value.clone()))
                })
                .to_http_request();
            match Repetition::of(&request, |_| true) {
                Ok(repetition) => assert!((1..=MAX_KEY).contains(&repetition.key.unwrap().len())),
                Err(refused) => assert!(refused.to_string().len() < 120, "{refused}"),
            }
        }
        let request = TestRequest::default().insert_header(("traceparent", value));
        let trace = traceparent(&request.to_http_request());
        assert!(trace.is_none_or(|trace| trace.len() == 55));
    }

    #[test]
    fn hostile_headers_are_refused_or_short() {
        corpus::each(assert_refused_or_short);
    }

    proptest! {
        #[test]
        fn any_header_is_refused_or_short(text in corpus::any_text()) {
            assert_refused_or_short(text.as_bytes());
        }
    }
}
