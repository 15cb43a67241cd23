//! Values, and inputs that are none.

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
