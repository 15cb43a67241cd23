//! The field against arithmetic in 128 bits.

use proptest::prelude::*;

use super::*;

/// Words at which a carry or a borrow comes or goes, and words in between.
fn word() -> impl Strategy<Value = u64> {
    let edges = [0, TWO_TO_64, 1 << 32, P - TWO_TO_64, P - 1, P];
    let near = (prop::sample::select(edges.to_vec()), 0..3_u64);
    prop_oneof![
        near.prop_map(|(edge, distance)| edge.wrapping_sub(1).wrapping_add(distance)),
        any::<u64>(),
    ]
}

fn remainder(value: u128) -> u64 {
    u64::try_from(value % u128::from(P)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn sums_differences_and_products_are_remainders(a in word(), b in word()) {
        let (x, y) = (Element::from(a), Element::from(b));
        let (a, b) = (u128::from(a % P), u128::from(b % P));
        prop_assert_eq!((x + y).get(), remainder(a + b));
        prop_assert_eq!((x - y).get(), remainder(a + u128::from(P) - b));
        prop_assert_eq!((x * y).get(), remainder(a * b));
    }

    #[test]
    fn a_number_times_its_inverse_is_one(a in word()) {
        let x = Element::from(a);
        let expected = if x == Element::ZERO { Element::ZERO } else { Element::ONE };
        prop_assert_eq!(x * x.inverse(), expected);
    }
}

#[test]
fn a_root_is_of_its_order_and_of_no_lower_one() {
    let minus_one = Element::ZERO - Element::ONE;
    for exponent in 1..=32 {
        let order = 1 << exponent;
        assert_eq!(
            Element::root(order).power(order / 2),
            minus_one,
            "2^{exponent}"
        );
    }
}

#[test]
fn the_root_of_a_higher_order_is_a_square_root() {
    for exponent in 1..32 {
        let root = Element::root(1 << (exponent + 1));
        assert_eq!(root * root, Element::root(1 << exponent), "2^{exponent}");
    }
}
