//! What a submission asks for: taken apart without interpreting numbers.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use super::duration;
use crate::api::edge::body::refuse;
use crate::api::edge::problem::{Code, Problem};
use engine::json::shortened;
use engine::{Labels, NotLabels, R0_KIND, Start, Wishes};
use ports::timestamp;

const START_AFTER: &str = "startAfter";
const DELAY: &str = "delay";
const LABELS: &str = "labels";
const CALLBACK_URL: &str = "callbackUrl";

/// What a client asks for.
#[derive(Debug)]
pub(in crate::api) struct Body<'a> {
    pub(in crate::api) work: Work<'a>,
    /// When it may begin, and what the client calls it.
    pub(in crate::api) wishes: Wishes,
}

/// The work, in the client's own text: an input may be large.
#[derive(Debug)]
pub(in crate::api) enum Work<'a> {
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
    start_after: Option<&'a RawValue>,
    delay: Option<&'a RawValue>,
    labels: Option<&'a RawValue>,
    callback_url: Option<&'a RawValue>,
    /// The first one that is none of these.
    other: Option<String>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Field {
    Number,
    Kind,
    Input,
    StartAfter,
    Delay,
    Labels,
    CallbackUrl,
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
                        Field::StartAfter => (&mut fields.start_after, "startAfter"),
                        Field::Delay => (&mut fields.delay, "delay"),
                        Field::Labels => (&mut fields.labels, "labels"),
                        Field::CallbackUrl => (&mut fields.callback_url, "callbackUrl"),
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
        if let (None, Some(other)) = (fields.number, &fields.other)
            && (fields.kind.is_some() || fields.input.is_some())
        {
            let detail = format!(
                "{} is not known; beside kind there are input, startAfter, delay, labels and \
                 callbackUrl",
                shortened(other)
            );
            return Err(Problem::new(Code::UnknownField, detail).target(other));
        }
        let start = start(fields.start_after, fields.delay)?;
        let labels = fields.labels.map_or(Ok(Labels::default()), labels)?;
        let wishes = Wishes::new(start, labels);
        Ok(Self {
            wishes: match fields.callback_url {
                Some(url) => wishes.told_at(text(CALLBACK_URL, url)?),
                None => wishes,
            },
            work: Work::of(&fields)?,
        })
    }
}

impl<'a> Work<'a> {
    fn of(fields: &Fields<'a>) -> Result<Self, Problem> {
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
    pub(in crate::api) fn parts(&self) -> (&str, Box<RawValue>, &'static str) {
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

/// When the work may begin: at a time, or after so long.
fn start(start_after: Option<&RawValue>, delay: Option<&RawValue>) -> Result<Start, Problem> {
    match (start_after, delay) {
        (None, None) => Ok(Start::AtOnce),
        (Some(time), None) => {
            let text = serde_json::from_str::<Cow<'_, str>>(time.get()).ok();
            let time = text.and_then(|text| timestamp::parse(&text));
            let wrong = || Problem::invalid(START_AFTER, "startAfter must be an RFC 3339 time");
            time.map(Start::At).ok_or_else(wrong)
        }
        (None, Some(delay)) => seconds_or_duration(delay).map(Start::After).ok_or_else(|| {
            let detail =
                "delay must be whole seconds: a number, or a duration such as PT30S or P2D";
            Problem::invalid(DELAY, detail)
        }),
        (Some(_), Some(_)) => {
            Err(Problem::new(Code::AmbiguousBody, "startAfter excludes delay").target(START_AFTER))
        }
    }
}

fn seconds_or_duration(delay: &RawValue) -> Option<Duration> {
    match serde_json::from_str(delay.get()) {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => duration::parse(&serde_json::from_str::<Cow<'_, str>>(delay.get()).ok()?),
    }
}

fn text(name: &str, value: &RawValue) -> Result<String, Problem> {
    serde_json::from_str(value.get())
        .map_err(|_| Problem::invalid(name, format!("{name} must be a string")))
}

fn labels(labels: &RawValue) -> Result<Labels, Problem> {
    let texts: Vec<Cow<'_, str>> = serde_json::from_str(labels.get())
        .map_err(|_| Problem::invalid(LABELS, "labels must be an array of strings"))?;
    Labels::new(texts.iter().map(|text| &**text)).map_err(|wrong| {
        let target = match wrong {
            NotLabels::TooMany => LABELS.to_owned(),
            NotLabels::NotALabel(place) | NotLabels::Twice(place) => format!("{LABELS}[{place}]"),
        };
        Problem::invalid(LABELS, wrong.to_string()).target(target)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_refused_or_work(text: &str) {
        match Body::parse(text) {
            Ok(body) => {
                let (_, input, _) = body.work.parts();
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
            let (read, raw, _) = body.work.parts();
            prop_assert_eq!((read, raw.get()), (kind.as_str(), input.as_str()));
        }
    }
}
