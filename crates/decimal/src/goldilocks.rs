//! Arithmetic modulo the prime p = 2⁶⁴ - 2³² + 1, the field that numbers are transformed in.
//!
//! It holds sums of many products of limbs without wrapping, its numbers fit into a machine word,
//! p - 1 is divisible by 2³², which gives transforms of every length anybody has memory for, and
//! 2⁶⁴ = 2³² - 1 and 2⁹⁶ = -1 make the remainder of a product cheap.

use std::ops::{Add, Mul, Sub};

/// The prime.
pub(super) const P: u64 = 0xffff_ffff_0000_0001;

/// 2⁶⁴ modulo p.
const TWO_TO_64: u64 = 0xffff_ffff;

/// Generates all of the field but zero.
const GENERATOR: Element = Element(7);

/// A number modulo p, kept below p.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element(u64);

impl Element {
    pub(super) const ZERO: Self = Self(0);
    pub(super) const ONE: Self = Self(1);

    /// A primitive root of unity of this order, a power of two up to 2³².
    pub(super) fn root(order: u64) -> Self {
        GENERATOR.power((P - 1) / order)
    }

    /// 1 / self; zero has none, and gives zero.
    pub(super) fn inverse(self) -> Self {
        self.power(P - 2)
    }

    /// The remainder, from 0 to p - 1.
    pub(super) fn get(self) -> u64 {
        self.0
    }

    fn power(self, exponent: u64) -> Self {
        let (mut power, mut square, mut exponent) = (Self::ONE, self, exponent);
        while exponent > 0 {
            if exponent % 2 == 1 {
                power = power * square;
            }
            square = square * square;
            exponent /= 2;
        }
        power
    }
}

impl From<u64> for Element {
    fn from(value: u64) -> Self {
        Self(value % P)
    }
}

/// a - b modulo p, for any word a and for b up to p: less than p if a is, too.
#[inline]
fn subtract(a: u64, b: u64) -> u64 {
    let (difference, borrowed) = a.overflowing_sub(b);
    // To add p is to take 2³² - 1 away, in a word. By a mask: a branch would be mispredicted.
    let mask = u64::from(u32::from(borrowed).wrapping_neg());
    difference.wrapping_sub(mask)
}

/// a + b modulo p, as [`subtract`] does it.
#[inline]
fn add(a: u64, b: u64) -> u64 {
    subtract(a, P - b)
}

impl Add for Element {
    type Output = Self;

    #[inline]
    fn add(self, other: Self) -> Self {
        Self(add(self.0, other.0))
    }
}

impl Sub for Element {
    type Output = Self;

    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(subtract(self.0, other.0))
    }
}

impl Mul for Element {
    type Output = Self;

    /// low + 2⁶⁴ middle + 2⁹⁶ top = low - top + (2³² - 1) middle, where the last term is at most
    /// 2⁶⁴ - 2³³ + 1: added to any word, and p taken away, it leaves less than p.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the low word of two")]
    fn mul(self, other: Self) -> Self {
        let product = u128::from(self.0) * u128::from(other.0);
        let (low, high) = (product as u64, (product >> 64) as u64);
        let (middle, top) = (high & TWO_TO_64, high >> 32);
        Self(add(subtract(low, top), middle * TWO_TO_64))
    }
}

#[cfg(test)]
mod tests;
