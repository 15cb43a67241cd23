//! Doubling in decimal: F(k) and F(k-1) as limbs of five digits, multiplied by transforms, so that
//! the result needs no conversion but is only written down. It knows no n and no context.
//!
//! ```text
//! F(2k-1) = F(k)² + F(k-1)²     F(2k) = F(k) (F(k) + 2 F(k-1))     F(2k+1) = F(k+1)² + F(k)²
//! ```
//!
//! Between the transforms, sums and products cost next to nothing. So a step is two transforms there
//! and two back, and of the formulas those are taken that subtract nothing: no coefficient of a
//! product is negative.
//!
//! It is a crate of its own because it is built for speed, unlike the kind that computes with it.

mod goldilocks;
mod transform;

use std::fmt;

use num_bigint::BigUint;

use goldilocks::{Element, P};
use transform::Transform;

/// The largest n for which F(n) is computed here. It takes 13 GB of memory; with fewer digits in a
/// limb a larger one would be possible, and more than anybody has asked for.
pub const LARGEST: u64 = 12_000_000_000;

/// Digits in a limb.
const DIGITS: usize = 5;

/// What a limb is less than.
const BASE: u64 = 10_u64.pow(DIGITS as u32);

/// F(k+1) for the largest k, which is half of [`LARGEST`], has fewer limbs: n / 2 · log₁₀ φ is less
/// than 0.105 n digits.
const LIMBS: u64 = LARGEST / 1_000 * 105 / DIGITS as u64;

// The largest coefficient is one of F(2k+1), F(k+1)² being of sums of two limbs.
const _: () = assert!(
    5 * BASE * BASE * LIMBS < P,
    "a coefficient is its remainder"
);

/// F(k) and F(k-1), for a k of at least 1.
#[derive(Debug)]
pub struct Pair {
    f: Decimal,
    before: Decimal,
    transform: Transform,
}

impl Pair {
    /// Begins with these.
    pub fn new(f: &BigUint, before: &BigUint) -> Self {
        Self {
            f: f.into(),
            before: before.into(),
            transform: Transform::new(),
        }
    }

    /// Goes on to F(2k) and F(2k-1), or to F(2k+1) and F(2k).
    pub fn double(&mut self, odd: bool) {
        let (mut f, mut before) = self.transformed();
        for (f, before) in f.iter_mut().zip(&mut before) {
            let even = at_even(*f, *before);
            (*f, *before) = if odd {
                (at_odd(*f, *before), even)
            } else {
                (even, *f * *f + *before * *before)
            };
        }
        self.f = self.back(f);
        self.before = self.back(before);
    }

    /// Ends with F(2k), or with F(2k+1).
    pub fn last(mut self, odd: bool) -> Decimal {
        let (mut f, before) = self.transformed();
        let formula = if odd { at_odd } else { at_even };
        for (f, before) in f.iter_mut().zip(before) {
            *f = formula(*f, before);
        }
        self.back(f)
    }

    fn transformed(&mut self) -> (Vec<Element>, Vec<Element>) {
        let length = (2 * self.f.0.len()).next_power_of_two().max(4);
        let mut transformed = |number: &Decimal| {
            let mut values = Vec::with_capacity(length);
            values.extend(number.0.iter().map(|limb| Element::from(u64::from(*limb))));
            values.resize(length, Element::ZERO);
            self.transform.forward(&mut values);
            values
        };
        (transformed(&self.f), transformed(&self.before))
    }

    fn back(&self, mut values: Vec<Element>) -> Decimal {
        self.transform.inverse(&mut values);
        let mut limbs = Vec::with_capacity(values.len() + 1);
        let mut carry = 0;
        // What is carried out of the last coefficient is a limb more.
        for coefficient in values.iter().map(|value| value.get()).chain([0]) {
            carry += coefficient;
            limbs.push((carry % BASE) as u32);
            carry /= BASE;
        }
        let length = limbs.iter().rposition(|limb| *limb != 0);
        limbs.truncate(length.map_or(0, |last| last + 1));
        Decimal(limbs)
    }
}

/// F(2k)
#[inline]
fn at_even(f: Element, before: Element) -> Element {
    f * (f + before + before)
}

/// F(2k+1)
#[inline]
fn at_odd(f: Element, before: Element) -> Element {
    let after = f + before;
    after * after + f * f
}

/// A number: its limbs, the least first, without leading zeros. As text it is in decimal.
#[derive(Debug)]
pub struct Decimal(Vec<u32>);

impl From<&BigUint> for Decimal {
    fn from(number: &BigUint) -> Self {
        let digits = number.to_radix_le(10);
        let limb = |digits: &[u8]| {
            let digits = digits.iter().rev();
            digits.fold(0, |limb, digit| 10 * limb + u32::from(*digit))
        };
        Self(digits.chunks(DIGITS).map(limb).collect())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((highest, others)) = self.0.split_last() else {
            return f.write_str("0");
        };
        write!(f, "{highest}")?;
        let mut others = others.iter().rev();
        others.try_for_each(|limb| write!(f, "{limb:0DIGITS$}"))
    }
}

#[cfg(test)]
mod tests;
