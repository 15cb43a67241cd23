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
mod tests {
    use proptest::prelude::*;
    use tokio_util::sync::CancellationToken;

    use super::super::AnyKind;
    use super::*;
    use crate::corpus;

    const KIND: Fibonacci = Fibonacci {
        max_number: 10_000_000,
    };

    fn attempt() -> Attempt {
        Attempt::new(1, CancellationToken::new())
    }

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    fn run(number: &str) -> String {
        let input = raw(&format!(r#"{{"number":{number}}}"#));
        AnyKind::check(&KIND, &input).unwrap();
        AnyKind::run(&KIND, &input, &attempt())
            .unwrap()
            .get()
            .to_owned()
    }

    fn refusal(input: &str) -> InvalidInput {
        AnyKind::check(&KIND, &raw(input)).unwrap_err()
    }

    #[test]
    fn known_values_come_out() {
        for (number, expected) in [
            ("0", "0"),
            ("1", "1"),
            ("2", "1"),
            ("10", "55"),
            ("24", "46368"),
            ("-7", "13"),
            ("-8", "-21"),
            ("-0", "0"),
        ] {
            assert_eq!(
                run(number),
                format!(r#"{{"number":{number},"calculation_result":"{expected}"}}"#)
            );
        }
    }

    #[test]
    fn a_number_in_a_string_is_echoed_as_a_string() {
        assert_eq!(
            run(r#""12""#),
            r#"{"number":"12","calculation_result":"144"}"#
        );
        assert_eq!(
            run(r#""-7""#),
            r#"{"number":"-7","calculation_result":"13"}"#
        );
    }

    #[test]
    fn doubling_agrees_with_addition() {
        let (mut f, mut next) = (BigUint::ZERO, BigUint::from(1_u8));
        for n in 0..2_000 {
            assert_eq!(fibonacci(n, &attempt()).unwrap(), f, "F({n})");
            (f, next) = (next.clone(), f + next);
        }
    }

    #[test]
    fn a_large_value_has_the_known_digits() {
        // F(1,000,000): 208,988 digits, first and last ten as published with OEIS A000045.
        let value = fibonacci(1_000_000, &attempt()).unwrap().to_string();
        assert_eq!(value.len(), 208_988);
        assert!(value.starts_with("1953282128"));
        assert!(value.ends_with("8242546875"));
    }

    #[test]
    fn what_is_not_an_integer_is_refused_by_name() {
        for number in [
            "24.0",
            "1e3",
            "null",
            "true",
            "[1]",
            "{}",
            r#""""#,
            r#""abc""#,
            r#""1e3""#,
            r#"" 1""#,
            r#""+1""#,
            r#""01""#,
            r#""--1""#,
            r#""1.0""#,
            r#""0x1F""#,
            r#""１２""#,
            r#""-""#,
        ] {
            let refused = refusal(&format!(r#"{{"number":{number}}}"#));
            assert_eq!(refused.field, "number", "{number}");
            assert!(
                refused.message.starts_with("number must be an integer"),
                "{number}"
            );
        }
        assert!(
            refusal(r#"{"number":24.0}"#)
                .message
                .contains("24.0 is not an integer")
        );
    }

    #[test]
    fn a_number_out_of_range_is_refused_whatever_its_size() {
        let digits = "9".repeat(1_000_000);
        for number in [
            "10000001",
            "-10000001",
            "18446744073709551616",
            digits.as_str(),
        ] {
            let refused = refusal(&format!(r#"{{"number":{number}}}"#));
            assert_eq!(
                refused.message,
                "number must be between -10000000 and 10000000"
            );
        }
    }

    #[test]
    fn missing_repeated_and_unknown_fields_are_named() {
        assert_eq!(refusal("{}").field, "number");
        assert_eq!(refusal(r#"{"number":1,"number":2}"#).field, "number");
        assert_eq!(refusal(r#"{"number":1,"extra":2}"#).field, "extra");
        assert_eq!(refusal("24").field, "");
        assert_eq!(refusal("[24]").field, "");
    }

    #[test]
    fn an_attempt_that_is_told_to_stop_does() {
        let stop = CancellationToken::new();
        stop.cancel();
        assert_eq!(
            fibonacci(1_000, &Attempt::new(1, stop)),
            Err(Failure::Stopped)
        );
    }

    #[test]
    fn hostile_inputs_are_refused_or_computed() {
        corpus::each_text(|text| {
            if let Ok(input) = RawValue::from_string(text.to_owned()) {
                let _ = AnyKind::check(&Fibonacci { max_number: 1_000 }, &input);
            }
            if let Ok(input) = RawValue::from_string(format!(r#"{{"number":{text}}}"#)) {
                let _ = AnyKind::check(&Fibonacci { max_number: 1_000 }, &input);
            }
        });
    }

    proptest! {
        #[test]
        fn an_integer_is_read_whatever_its_size(number in any::<i128>(), quote in any::<bool>()) {
            let text = if quote { format!("\"{number}\"") } else { number.to_string() };
            let taken = AnyKind::check(&KIND, &raw(&format!(r#"{{"number":{text}}}"#))).is_ok();
            prop_assert_eq!(taken, number.unsigned_abs() <= 10_000_000);
        }

        #[test]
        fn what_is_refused_is_not_quoted(text in "[a-z]{3}s3cret[\\PC&&[^\"\\\\]]{0,20}") {
            let refused = refusal(&format!(r#"{{"number":"{text}"}}"#));
            prop_assert!(!refused.message.contains("s3cret"));
        }
    }
}
