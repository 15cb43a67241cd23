//! Fibonacci numbers, exact, for every index in range, negative ones included.

use num_bigint::{BigInt, BigUint, Sign};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::{Attempt, Failure, InvalidInput, Kind};
use crate::tasks::json::Object;

/// Computes F(n).
#[derive(Clone, Copy, Debug)]
pub struct Fibonacci {
    /// The largest |n| that is accepted.
    pub max_number: u64,
}

/// Up to here a number takes less than ten microseconds.
const QUICK: u64 = 1_000;

/// `{"number": n}`: n is a JSON integer, or a string that holds one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    number: Number,
}

/// `{"number": <as sent>, "calculation_result": "<decimal>"}`, the form of R0.
#[derive(Debug, Serialize)]
pub struct Output {
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

fn why_not_an_integer(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'"') => "number must be an integer; the string does not hold one",
        Some(b'-' | b'0'..=b'9') => {
            "number must be an integer, written without fraction and exponent (24.0 is not an integer)"
        }
        Some(b'n') => "number must be an integer, not null",
        Some(b't' | b'f') => "number must be an integer, not a boolean",
        Some(b'[') => "number must be an integer, not an array",
        _ => "number must be an integer, not an object",
    }
}

impl Kind for Fibonacci {
    const NAME: &'static str = "fibonacci";
    const PURE: bool = true;
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

    fn run(&self, Object(input): Self::Input, attempt: &Attempt) -> Result<Output, Failure> {
        let n = input.number.magnitude.unwrap_or(u64::MAX);
        let magnitude = fibonacci(n, attempt)?;
        // F(-n) = (-1)^(n+1) F(n)
        let sign = if input.number.negative && n.is_multiple_of(2) {
            Sign::Minus
        } else {
            Sign::Plus
        };
        Ok(Output {
            number: input.number.as_sent,
            calculation_result: BigInt::from_biguint(sign, magnitude).to_string(),
        })
    }
}

/// F(n) by doubling, two squarings a bit and one product at the end:
///
/// ```text
/// F(2k+1) = 4 F(k)² - F(k-1)² + 2(-1)^k     F(2k-1) = F(k)² + F(k-1)²
/// F(2k)   = F(2k+1) - F(2k-1) = F(k) (F(k) + 2 F(k-1))
/// ```
fn fibonacci(n: u64, attempt: &Attempt) -> Result<BigUint, Failure> {
    if n < 2 {
        return Ok(BigUint::from(n));
    }
    let bits = u64::BITS - n.leading_zeros();
    let (mut k, mut f, mut before) = (1_u64, BigUint::from(1_u8), BigUint::ZERO); // F(k), F(k-1)
    for bit in (1..bits - 1).rev() {
        attempt.check_stop()?;
        let (square, square_before) = (&f * &f, &before * &before);
        let low = &square + &square_before;
        let high = plus_twice_sign((square << 2_u8) - square_before, k);
        let middle = &high - &low;
        k *= 2;
        if n >> bit & 1 == 1 {
            (k, f, before) = (k + 1, high, middle);
        } else {
            (f, before) = (middle, low);
        }
    }
    attempt.check_stop()?;
    // The last bit needs one number only, so one product.
    if n.is_multiple_of(2) {
        before <<= 1_u8;
        before += &f;
        Ok(f * before)
    } else {
        // (2F(k) + F(k-1)) (2F(k) - F(k-1)) + 2(-1)^k = 4F(k)² - F(k-1)² + 2(-1)^k
        let twice = f << 1_u8;
        Ok(plus_twice_sign((&twice + &before) * (twice - before), k))
    }
}

/// value + 2 (-1)^k, for a value of at least 2.
fn plus_twice_sign(value: BigUint, k: u64) -> BigUint {
    if k.is_multiple_of(2) {
        value + 2_u8
    } else {
        value - 2_u8
    }
}

#[cfg(test)]
mod tests;
