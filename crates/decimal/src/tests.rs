//! Steps of doubling against `num-bigint`, with numbers that need not be Fibonacci's.

use proptest::prelude::*;

use super::*;

/// Numbers of this many digits, many of them 0 or 9: carries run through, and limbs are padded.
fn number(digits: std::ops::Range<usize>) -> impl Strategy<Value = BigUint> {
    let digit = prop_oneof![Just(0), Just(9), 0..10_u8];
    prop::collection::vec(digit, digits)
        .prop_map(|digits| BigUint::from_radix_le(&digits, 10).unwrap())
}

/// Asserts that all a pair can do is right.
fn assert_steps(f: &BigUint, before: &BigUint) {
    let after = f + before;
    let even = f * (&after + before);
    let odd = &after * &after + f * f;
    let low = f * f + before * before;

    let mut pair = Pair::new(f, before);
    pair.double(false);
    assert_eq!(text(&pair), (even.to_string(), low.to_string()));
    let mut pair = Pair::new(f, before);
    pair.double(true);
    assert_eq!(text(&pair), (odd.to_string(), even.to_string()));
    let last = |odd| Pair::new(f, before).last(odd).to_string();
    assert_eq!(
        (last(false), last(true)),
        (even.to_string(), odd.to_string())
    );
}

fn text(pair: &Pair) -> (String, String) {
    (pair.f.to_string(), pair.before.to_string())
}

#[test]
fn numbers_of_nines_are_multiplied_at_every_length_of_a_transform() {
    for limbs in [
        1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 63, 64, 65, 127, 128, 129,
    ] {
        // The largest number, the smallest of one limb more, and one in between.
        let power = BigUint::from(BASE).pow(limbs);
        for f in [&power - 1_u8, power.clone(), &power / 2_u8] {
            for before in [BigUint::ZERO, BigUint::from(1_u8), f.clone()] {
                assert_steps(&f, &before);
            }
        }
    }
}

#[test]
fn a_pair_goes_on_from_step_to_step() {
    // F(1) and F(0), to F(2^12 - 1) and the one before.
    let mut pair = Pair::new(&BigUint::from(1_u8), &BigUint::ZERO);
    for _ in 1..12 {
        pair.double(true);
    }
    let (mut f, mut before) = (BigUint::from(1_u8), BigUint::ZERO);
    for _ in 1..(1 << 12) - 1 {
        (f, before) = (&f + before, f);
    }
    assert_eq!(text(&pair), (f.to_string(), before.to_string()));
}

#[test]
fn a_number_is_written_with_the_zeros_inside_it_and_none_in_front() {
    for text in [
        "0",
        "7",
        "99999",
        "100000",
        "100001",
        "1000000000000000",
        "20000300004",
    ] {
        let number: BigUint = text.parse().unwrap();
        assert_eq!(Decimal::from(&number).to_string(), text);
    }
}

proptest! {
    #[test]
    fn steps_agree_with_num_bigint(f in number(1..700), before in number(1..700)) {
        let (f, before) = if f < before { (before, f) } else { (f, before) };
        assert_steps(&f, &before);
    }

    #[test]
    fn a_number_is_written_as_num_bigint_does(number in number(1..60)) {
        prop_assert_eq!(Decimal::from(&number).to_string(), number.to_string());
    }
}
