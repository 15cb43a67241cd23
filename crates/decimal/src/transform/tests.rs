//! Transforms against products by hand.

use proptest::prelude::*;

use super::super::goldilocks::P;
use super::*;

/// Coefficients of any size, a power of two of them.
fn coefficients(length: usize) -> impl Strategy<Value = Vec<Element>> {
    let coefficient = prop_oneof![Just(0), Just(P - 1), 0..P].prop_map(Element::from);
    prop::collection::vec(coefficient, length)
}

fn two_of_a_length() -> impl Strategy<Value = (Vec<Element>, Vec<Element>)> {
    (2..8_u32).prop_flat_map(|exponent| {
        let length = 1 << exponent;
        (coefficients(length), coefficients(length))
    })
}

/// a · b modulo Xⁿ - 1.
fn by_hand(a: &[Element], b: &[Element]) -> Vec<Element> {
    let mut product = vec![Element::ZERO; a.len()];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            let sum = &mut product[(i + j) % a.len()];
            *sum = *sum + *x * *y;
        }
    }
    product
}

fn by_transform(transform: &mut Transform, a: &[Element], b: &[Element]) -> Vec<Element> {
    let (mut a, mut b) = (a.to_vec(), b.to_vec());
    transform.forward(&mut a);
    transform.forward(&mut b);
    let mut product: Vec<_> = a.iter().zip(b).map(|(a, b)| *a * b).collect();
    transform.inverse(&mut product);
    product
}

proptest! {
    #[test]
    fn a_product_of_values_is_the_product((a, b) in two_of_a_length()) {
        let product = by_transform(&mut Transform::new(), &a, &b);
        prop_assert_eq!(product, by_hand(&a, &b));
    }

    #[test]
    fn a_transform_serves_any_length_after_any_other(
        (a, b) in two_of_a_length(),
        (c, d) in two_of_a_length(),
    ) {
        let mut transform = Transform::new();
        prop_assert_eq!(by_transform(&mut transform, &a, &b), by_hand(&a, &b));
        prop_assert_eq!(by_transform(&mut transform, &c, &d), by_hand(&c, &d));
    }

    #[test]
    fn there_and_back_is_where_it_began(values in (2..11_u32).prop_flat_map(|e| coefficients(1 << e))) {
        let mut transform = Transform::new();
        let mut there = values.clone();
        transform.forward(&mut there);
        transform.inverse(&mut there);
        prop_assert_eq!(there, values);
    }
}
