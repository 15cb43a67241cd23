//! Doubling in binary, with `num-bigint`: two squarings a bit, and one product at the end.
//!
//! ```text
//! F(2k+1) = 4 F(k)² - F(k-1)² + 2(-1)^k     F(2k-1) = F(k)² + F(k-1)²
//! F(2k)   = F(2k+1) - F(2k-1) = F(k) (F(k) + 2 F(k-1))
//! ```

use num_bigint::BigUint;

use work::{Context, Failure};

/// F(n) for any n.
pub(super) fn fibonacci(n: u64, cx: &Context) -> Result<BigUint, Failure> {
    if n < 2 {
        return Ok(BigUint::from(n));
    }
    let k = n / 2;
    let (f, mut before) = pair(k, cx)?;
    cx.check_stop()?;
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

/// F(n) and F(n-1), for an n of at least 1.
pub(super) fn pair(n: u64, cx: &Context) -> Result<(BigUint, BigUint), Failure> {
    let (mut k, mut f, mut before) = (1_u64, BigUint::from(1_u8), BigUint::ZERO); // F(k), F(k-1)
    for bit in (0..n.ilog2()).rev() {
        cx.check_stop()?;
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
    Ok((f, before))
}

/// value + 2 (-1)^k, for a value of at least 2.
fn plus_twice_sign(value: BigUint, k: u64) -> BigUint {
    if k.is_multiple_of(2) {
        value + 2_u8
    } else {
        value - 2_u8
    }
}
