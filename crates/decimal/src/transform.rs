//! The number-theoretic transform: a polynomial becomes its values at the roots of unity, where a
//! product is taken value by value, and comes back. It knows no number and no digit.
//!
//! A polynomial modulo X²ᵐ - r² is as good as its remainders modulo Xᵐ - r and Xᵐ + r. To find
//! them takes one pass over the coefficients, and leaves two problems of half the size; the first of
//! all is modulo Xⁿ - 1. One half is done before the other, so all but the first passes stay in the
//! cache. The values come in whatever order the halving leaves them: products do not mind.

use super::goldilocks::Element;

/// Knows the roots of unity, up to the longest transform so far.
#[derive(Debug)]
pub(super) struct Transform {
    /// Part i of a pass, counted from 0, is modulo X²ᵐ - roots[i]²; its halves are the parts 2i and
    /// 2i + 1 of the next pass. So one list serves every length, and a longer one begins with it.
    roots: Vec<Element>,
    /// One over each.
    inverses: Vec<Element>,
}

impl Transform {
    pub(super) fn new() -> Self {
        Self {
            roots: vec![Element::ONE],
            inverses: vec![Element::ONE],
        }
    }

    /// From coefficients to values, in place. There are a power of two of them, at least four.
    pub(super) fn forward(&mut self, coefficients: &mut [Element]) {
        let parts = coefficients.len() / 2;
        grow(&mut self.roots, parts, Element::root);
        grow(&mut self.inverses, parts, |order| {
            Element::root(order).inverse()
        });
        self.split(coefficients, 0);
    }

    /// Undoes [`Self::forward`].
    pub(super) fn inverse(&self, values: &mut [Element]) {
        self.join(values, 0);
        // Each pass has doubled what it joined.
        let scale = Element::from(values.len() as u64).inverse();
        for value in values {
            *value = *value * scale;
        }
    }

    fn split(&self, values: &mut [Element], part: usize) {
        let root = self.roots[part];
        // The last two passes at once: a loop over one or two would cost more than what it does.
        if let [a, b, c, d] = values {
            apart(a, c, root);
            apart(b, d, root);
            apart(a, b, self.roots[2 * part]);
            apart(c, d, self.roots[2 * part + 1]);
            return;
        }
        let (low, high) = values.split_at_mut(values.len() / 2);
        for (a, b) in low.iter_mut().zip(&mut *high) {
            apart(a, b, root);
        }
        self.split(low, 2 * part);
        self.split(high, 2 * part + 1);
    }

    fn join(&self, values: &mut [Element], part: usize) {
        let inverse = self.inverses[part];
        if let [a, b, c, d] = values {
            together(a, b, self.inverses[2 * part]);
            together(c, d, self.inverses[2 * part + 1]);
            together(a, c, inverse);
            together(b, d, inverse);
            return;
        }
        let (low, high) = values.split_at_mut(values.len() / 2);
        self.join(low, 2 * part);
        self.join(high, 2 * part + 1);
        for (a, b) in low.iter_mut().zip(high) {
            together(a, b, inverse);
        }
    }
}

/// a + bX modulo X - root, and modulo X + root.
#[inline]
fn apart(a: &mut Element, b: &mut Element, root: Element) {
    let product = *b * root;
    (*a, *b) = (*a + product, *a - product);
}

/// Undoes [`apart`], twofold.
#[inline]
fn together(a: &mut Element, b: &mut Element, inverse: Element) {
    (*a, *b) = (*a + *b, (*a - *b) * inverse);
}

/// Makes the list of roots longer. What is the square of root i is root i / 2 or its negative, so the
/// second half of a list is the first, times the root of an order twice as high.
fn grow(roots: &mut Vec<Element>, length: usize, root: impl Fn(u64) -> Element) {
    while roots.len() < length {
        let factor = root(4 * roots.len() as u64);
        roots.extend_from_within(..);
        let half = roots.len() / 2;
        for root in &mut roots[half..] {
            *root = *root * factor;
        }
    }
}

#[cfg(test)]
mod tests;
