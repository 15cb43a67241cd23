//! The body of a submission: read within the limit, and taken apart without interpreting numbers.

use std::fmt;

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::Payload;
use futures_util::StreamExt;
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use super::media_type::{self, looks_wide, not_utf_8};
use super::memory::{Held, Memory};
use super::problem::{Code, Problem};
use super::state::Api;
use engine::R0_KIND;
use engine::json::{describe, named_field, shortened};

/// How often a body is in memory while its task is accepted: as text, as the task's input, and in
/// its record.
const COPIES: usize = 3;

/// RFC 8259 forbids to send it, and lets a reader pass it over.
const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// Why a body was not read to its end.
enum Unread {
    /// The client broke off, or its framing is wrong; it will hardly read the answer.
    Incomplete,
    TooLarge,
    Overloaded(Problem),
}

/// Reads a body that should be JSON in UTF-8. What it holds of memory is held until the second value
/// is dropped.
pub(in crate::api) async fn read_json(
    request: &HttpRequest,
    payload: Payload,
    api: &Api,
) -> Result<(String, Held), Problem> {
    media_type::check(request, api)?;
    let limit = api.max_body_bytes;
    let too_large = || {
        let detail = format!("the body is larger than {limit} bytes");
        Problem::new(Code::BodyTooLarge, detail).target("body")
    };
    // Before the client has sent it all.
    let declared = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok());
    if declared
        .and_then(|length| length.parse::<u64>().ok())
        .is_some_and(|length| length > limit as u64)
    {
        return Err(too_large());
    }
    let read = tokio::time::timeout(api.body_timeout, collect(payload, limit, &api.memory)).await;
    let Ok(read) = read else {
        return Err(Problem::new(
            Code::BodyTimeout,
            "the body did not arrive in time",
        ));
    };
    let (body, held) = read.map_err(|unread| match unread {
        Unread::Incomplete => Problem::new(Code::IncompleteBody, "the body could not be read"),
        Unread::TooLarge => too_large(),
        Unread::Overloaded(problem) => problem,
    })?;
    Ok((text_of(body)?, held))
}

/// The text of a body, without the byte-order mark that some programs put before it.
fn text_of(body: Vec<u8>) -> Result<String, Problem> {
    if looks_wide(&body) {
        return Err(not_utf_8());
    }
    let mut text = String::from_utf8(body)
        .map_err(|_| Problem::new(Code::InvalidEncoding, "the body is not UTF-8").target("body"))?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.remove(0);
    }
    if text.is_empty() {
        return Err(Problem::new(Code::EmptyBody, "the body is empty").target("body"));
    }
    Ok(text)
}

/// Memory is held for what has come, not for what was announced: announcing costs nothing.
async fn collect(
    mut payload: Payload,
    limit: usize,
    memory: &Memory,
) -> Result<(Vec<u8>, Held), Unread> {
    let (mut body, mut held) = (Vec::new(), Held::default());
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|_| Unread::Incomplete)?;
        let length = body.len() + piece.len();
        if length > limit {
            return Err(Unread::TooLarge);
        }
        memory
            .grow(&mut held, length * COPIES)
            .map_err(Unread::Overloaded)?;
        body.extend_from_slice(&piece);
    }
    Ok((body, held))
}

/// What a client asks for, in its own text: an input may be large.
#[derive(Debug)]
pub(in crate::api) enum Body<'a> {
    /// `{"number": n}`, the number as it was sent.
    R0 { number: &'a RawValue },
    /// `{"kind": "…", "input": …}`
    Kind { kind: String, input: &'a RawValue },
}

/// The fields of a body. A derived `Deserialize` would take them as an array, too, and would not tell
/// which are not known.
#[derive(Default)]
struct Fields<'a> {
    number: Option<&'a RawValue>,
    kind: Option<&'a RawValue>,
    input: Option<&'a RawValue>,
    /// The first one that is none of these.
    other: Option<String>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Field {
    Number,
    Kind,
    Input,
    Other(String),
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Fields::default();
                while let Some(name) = map.next_key()? {
                    let (field, name) = match name {
                        Field::Number => (&mut fields.number, "number"),
                        Field::Kind => (&mut fields.kind, "kind"),
                        Field::Input => (&mut fields.input, "input"),
                        Field::Other(name) => {
                            fields.other.get_or_insert(name);
                            map.next_value::<de::IgnoredAny>()?;
                            continue;
                        }
                    };
                    if field.replace(map.next_value()?).is_some() {
                        return Err(de::Error::duplicate_field(name));
                    }
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

impl<'a> Body<'a> {
    /// Takes a body apart. Beside a number, fields that mean nothing are passed over, as R0 does;
    /// beside a kind they are refused, because whoever sends them means something.
    pub(in crate::api) fn parse(body: &'a str) -> Result<Self, Problem> {
        let fields = serde_json::from_str::<Fields<'_>>(body).map_err(refuse)?;
        if let (None, Some(other)) = (fields.number, fields.other)
            && (fields.kind.is_some() || fields.input.is_some())
        {
            let detail = format!(
                "{} is not known; beside kind there is input",
                shortened(&other)
            );
            return Err(Problem::new(Code::UnknownField, detail).target(other));
        }
        match (fields.number, fields.kind, fields.input) {
            (Some(number), None, None) => Ok(Self::R0 { number }),
            (None, Some(kind), Some(input)) => Ok(Self::Kind {
                kind: serde_json::from_str(kind.get())
                    .map_err(|_| Problem::invalid("kind", "kind must be a string"))?,
                input,
            }),
            (None, Some(_), None) => {
                Err(Problem::new(Code::MissingInput, "input is missing").target("input"))
            }
            (None, None, Some(_)) => {
                Err(Problem::new(Code::MissingKind, "kind is missing").target("kind"))
            }
            (None, None, None) => Err(Problem::invalid(
                "number",
                "number is missing (or kind and input)",
            )),
            (Some(_), _, _) => Err(Problem::new(
                Code::AmbiguousBody,
                "number excludes kind and input",
            )
            .target("number")),
        }
    }

    /// The kind, the input, and where in the body the input's fields are.
    pub(in crate::api) fn work(&self) -> (&str, Box<RawValue>, &'static str) {
        match self {
            Self::R0 { number } => {
                // An object around a JSON value is JSON.
                let input = [r#"{"number":"#, number.get(), "}"].concat();
                let input = RawValue::from_string(input).unwrap_or_else(|_| (*number).to_owned());
                (R0_KIND, input, "")
            }
            Self::Kind { kind, input } => (kind, (*input).to_owned(), "input"),
        }
    }
}

/// What is told of a body that cannot be taken apart.
pub(in crate::api) fn refuse(error: serde_json::Error) -> Problem {
    let sentence = error.to_string();
    match named_field(&sentence) {
        Some(field) if sentence.starts_with("unknown field") => {
            let detail = format!("{} is not known", shortened(field));
            Problem::new(Code::UnknownField, detail).target(field)
        }
        Some(field) => {
            Problem::new(Code::DuplicateField, format!("{field} is there twice")).target(field)
        }
        None if error.is_data() => {
            Problem::new(Code::InvalidBody, "the body must be a JSON object").target("body")
        }
        None => Problem::new(
            Code::MalformedBody,
            format!("the body cannot be read: {}", describe(&error)),
        )
        .target("body"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_refused_or_work(text: &str) {
        match Body::parse(text) {
            Ok(body) => {
                let (_, input, _) = body.work();
                assert!(serde_json::from_str::<&RawValue>(input.get()).is_ok());
            }
            Err(refused) => assert!(refused.to_string().len() < 120, "{refused}"),
        }
    }

    #[test]
    fn hostile_bodies_are_refused_or_work() {
        corpus::each_text(assert_refused_or_work);
    }

    proptest! {
        #[test]
        fn any_body_is_refused_or_work(text in corpus::any_text()) {
            assert_refused_or_work(&text);
        }

        #[test]
        fn an_input_comes_out_to_the_letter(kind in "\\PC*", input in r#"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,5})?([eE][+-]?[0-9]{1,6})?|"[a-z]*"|\[ ?[0-9]? ?\]|null"#) {
            let name = serde_json::to_string(&kind).unwrap();
            let text = format!(r#"{{"kind":{name},"input":{input}}}"#);
            let body = Body::parse(&text).unwrap();
            let (read, raw, _) = body.work();
            prop_assert_eq!((read, raw.get()), (kind.as_str(), input.as_str()));
        }
    }
}
