//! Values, and inputs that are none.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use num_bigint::BigUint;
use proptest::prelude::*;

use work::any::{self, AnyKind, Prepared, ResultLimit};
use work::{CancellationToken, ContextParts, Told};

use super::*;

fn kind(max_number: u64) -> Arc<dyn AnyKind> {
    any::of_blocking(Fibonacci { max_number })
}

fn context() -> Context {
    Context::for_test()
}

/// One that is told to stop with this.
fn stopped_by(stop: CancellationToken) -> Context {
    Context::new(ContextParts {
        stop,
        ..ContextParts::for_test()
    })
}

fn has_stopped<T>(worked: Result<T, Failure>) -> bool {
    worked.is_err_and(|failure| failure.told() == Told::Stopped)
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

fn run(number: &str) -> String {
    let input = raw(&format!(r#"{{"number":{number}}}"#));
    let limit = ResultLimit::bytes(1_000);
    let worked = match kind(10_000_000).prepare(&input).unwrap() {
        Prepared::Quick(run) | Prepared::Blocking(run) => run(&context(), limit),
        Prepared::Waiting(_) | Prepared::Workflow(_) => unreachable!("it computes"),
    };
    worked.unwrap().get().to_owned()
}

fn refusal(input: &str) -> InvalidInput {
    kind(10_000_000).check(&raw(input)).unwrap_err()
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
        assert_eq!(fibonacci(n, &context()).unwrap(), f.to_string(), "F({n})");
        (f, next) = (next.clone(), f + next);
    }
}

#[test]
fn a_large_value_has_the_known_digits() {
    // F(1,000,000): 208,988 digits, first and last ten as published with OEIS A000045.
    let value = fibonacci(1_000_000, &context()).unwrap();
    assert_eq!(value.len(), 208_988);
    assert!(value.starts_with("1953282128"));
    assert!(value.ends_with("8242546875"));
}

#[test]
fn decimal_agrees_with_binary_where_one_ends_and_the_other_begins() {
    for n in DECIMAL_FROM - 2..DECIMAL_FROM + 3 {
        assert!(agrees_with_binary(n), "F({n})");
    }
}

#[test]
fn decimal_agrees_with_binary_where_a_transform_becomes_longer() {
    // F(k) outgrows 2^j limbs of five digits, each of them log₁₀ φ of a k.
    for limbs in [1_u64 << 12, 1 << 13] {
        let k = limbs * 5 * 1_000_000 / 208_988;
        for n in 2 * k - 6..2 * k + 12 {
            assert!(agrees_with_binary(n), "F({n})");
        }
    }
}

#[test]
fn every_digit_of_a_large_value_counts() {
    for n in [999_999, 1_000_000, 1_048_575, 1_048_576] {
        let digits = fibonacci(n, &context()).unwrap();
        assert_eq!(remainder(&digits), fibonacci_remainder(n), "F({n})");
    }
}

/// What numbers are compared modulo: a prime, so that every wrong digit shows.
const MODULUS: u128 = (1 << 61) - 1;

fn remainder(digits: &str) -> u128 {
    digits.bytes().fold(0, |remainder, digit| {
        (10 * remainder + u128::from(digit - b'0')) % MODULUS
    })
}

/// By addition, which has nothing in common with doubling.
fn fibonacci_remainder(n: u64) -> u128 {
    let (f, _) = (0..n).fold((0, 1), |(f, next), _| (next, (f + next) % MODULUS));
    f
}

fn agrees_with_binary(n: u64) -> bool {
    let binary = binary::fibonacci(n, &context()).unwrap().to_string();
    fibonacci(n, &context()).unwrap() == binary
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
        refusal(r#"{"number":24.5}"#)
            .message
            .ends_with(", not 24.5")
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
    assert!(has_stopped(fibonacci(1_000, &stopped_by(stop))));
}

#[test]
fn an_attempt_is_stopped_between_the_steps_of_a_large_value() {
    let stop = CancellationToken::new();
    let cx = stopped_by(stop.clone());
    let computing = thread::spawn(move || fibonacci(100_000_000, &cx));
    // To be in the middle: the steps in binary are over in a moment, those in decimal take seconds.
    thread::sleep(Duration::from_millis(50));
    stop.cancel();
    assert!(has_stopped(computing.join().unwrap()));
}

#[test]
fn hostile_inputs_are_refused_or_computed() {
    let kind = kind(1_000);
    corpus::each_text(|text| {
        if let Ok(input) = RawValue::from_string(text.to_owned()) {
            let _ = kind.check(&input);
        }
        if let Ok(input) = RawValue::from_string(format!(r#"{{"number":{text}}}"#)) {
            let _ = kind.check(&input);
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn decimal_agrees_with_binary(n in DECIMAL_FROM..3 * DECIMAL_FROM) {
        prop_assert!(agrees_with_binary(n));
    }
}

proptest! {
    #[test]
    fn an_integer_is_read_whatever_its_size(number in any::<i128>(), quote in any::<bool>()) {
        let text = if quote { format!("\"{number}\"") } else { number.to_string() };
        let taken = kind(10_000_000).check(&raw(&format!(r#"{{"number":{text}}}"#))).is_ok();
        prop_assert_eq!(taken, number.unsigned_abs() <= 10_000_000);
    }

    #[test]
    fn what_is_refused_is_not_quoted(text in "[a-z]{3}s3cret[\\PC&&[^\"\\\\]]{0,20}") {
        let refused = refusal(&format!(r#"{{"number":"{text}"}}"#));
        prop_assert!(!refused.message.contains("s3cret"));
    }
}
