//! Fibonacci numbers, exact, for every index in range, negative ones included.

mod binary;

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use work::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use work::{BlockingKind, Context, Failure, InvalidInput};

use engine::json::{Object, shortened};

/// Computes F(n).
#[derive(Clone, Copy, Debug)]
pub(super) struct Fibonacci {
    /// The largest |n| that is accepted.
    pub(super) max_number: u64,
}

/// Up to here a number takes less than ten microseconds.
const QUICK: u64 = 1_000;

/// `{"number": n}`: n is a JSON integer, or a string that holds one.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "work::schemars", rename = "FibonacciInput")]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    number: Number,
}

/// `{"number": <as sent>, "calculation_result": "<decimal>"}`, the form of R0.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "work::schemars", rename = "FibonacciResult")]
pub(super) struct Output {
    #[schemars(with = "Number")]
    number: Box<RawValue>,
    calculation_result: String,
}

/// An integer of any size, and the text it was sent as.
#[derive(Debug)]
struct Number {
    as_sent: Box<RawValue>,
    negative: bool,
    /// |n|; `None` when it does not fit, which is past every limit.
    magnitude: Option<u64>,
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let as_sent = Box::<RawValue>::deserialize(deserializer)?;
        let string = as_sent
            .get()
            .starts_with('"')
            .then(|| serde_json::from_str::<String>(as_sent.get()));
        let literal = match &string {
            Some(Ok(text)) => text.as_str(),
            Some(Err(_)) => return Err(serde::de::Error::custom("number is not a valid string")),
            None => as_sent.get(),
        };
        let (negative, digits) = parse_integer(literal)
            .ok_or_else(|| serde::de::Error::custom(why_not_an_integer(as_sent.get())))?;
        Ok(Self {
            negative,
            magnitude: digits.parse().ok(),
            as_sent,
        })
    }
}

/// As it may be sent.
impl JsonSchema for Number {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The index: an integer, or a string that holds one.",
            "type": ["integer", "string"],
            "pattern": "^-?(0|[1-9][0-9]*)$",
        })
    }
}

/// Splits an integer in the grammar of JSON (RFC 8259, section 6, without fraction and exponent).
fn parse_integer(literal: &str) -> Option<(bool, &str)> {
    let (negative, digits) = match literal.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, literal),
    };
    let well_formed = digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.is_empty()
        && (digits == "0" || !digits.starts_with('0'));
    well_formed.then_some((negative, digits))
}

fn why_not_an_integer(json: &str) -> Cow<'static, str> {
    Cow::Borrowed(match json.as_bytes().first() {
        Some(b'"') => "number must be an integer; the string does not hold one",
        Some(b'-' | b'0'..=b'9') => {
            let sent = shortened(json);
            return Cow::Owned(format!(
                "number must be an integer, written without fraction and exponent, not {sent}"
            ));
        }
        Some(b'n') => "number must be an integer, not null",
        Some(b't' | b'f') => "number must be an integer, not a boolean",
        Some(b'[') => "number must be an integer, not an array",
        _ => "number must be an integer, not an object",
    })
}

impl BlockingKind for Fibonacci {
    type Input = Object<Input>;
    type Output = Output;

    fn check(&self, Object(input): &Self::Input) -> Result<(), InvalidInput> {
        match input.number.magnitude {
            Some(magnitude) if magnitude <= self.max_number => Ok(()),
            _ => Err(InvalidInput::new(
                "number",
                format!("number must be between -{0} and {0}", self.max_number),
            )),
        }
    }

    fn is_quick(&self, Object(input): &Self::Input) -> bool {
        input.number.magnitude.is_some_and(|n| n <= QUICK)
    }

    fn run(&self, Object(input): Self::Input, cx: &Context) -> Result<Output, Failure> {
        let n = input.number.magnitude.unwrap_or(u64::MAX);
        let mut digits = fibonacci(n, cx)?;
        // F(-n) = (-1)^(n+1) F(n)
        if input.number.negative && n.is_multiple_of(2) && n > 0 {
            digits.insert(0, '-');
        }
        Ok(Output {
            number: input.number.as_sent,
            calculation_result: digits,
        })
    }
}

/// From here on, computing in decimal takes less time than computing in binary and converting, as
/// measured: hardly less at first, a fraction soon.
const DECIMAL_FROM: u64 = 120_000;

/// Even so the first of the bits of n are doubled in binary: transforms of a few limbs are slow.
const BITS_IN_BINARY: u32 = 11;

/// F(n) by doubling, from the leading bit of n to the last; in decimal.
fn fibonacci(n: u64, cx: &Context) -> Result<String, Failure> {
    if !(DECIMAL_FROM..=decimal::LARGEST).contains(&n) {
        return Ok(binary::fibonacci(n, cx)?.to_string());
    }
    let rest = n.ilog2() + 1 - BITS_IN_BINARY;
    let (f, before) = binary::pair(n >> rest, cx)?;
    let mut pair = decimal::Pair::new(&f, &before);
    for bit in (1..rest).rev() {
        pair.double(n >> bit & 1 == 1);
        cx.check_stop()?;
    }
    Ok(pair.last(n & 1 == 1).to_string())
}

#[cfg(test)]
mod tests;
