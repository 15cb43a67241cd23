//! Whether a text is F(n), without computing it as the service does: by what is left of both
//! when they are divided by two large primes, and by the number of digits.

/// 2^61 - 1 and 2^59 - 55.
const PRIMES: [u128; 2] = [(1 << 61) - 1, (1 << 59) - 55];

/// Whether `text` is F(`number`) in decimal digits.
pub(crate) fn is_fibonacci(number: i64, text: &str) -> bool {
    let n = number.unsigned_abs();
    let negative = number < 0 && n.is_multiple_of(2) && n > 0;
    let digits = match (negative, text.strip_prefix('-')) {
        (true, Some(digits)) => digits,
        (false, None) => text,
        _ => return false,
    };
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.len() == length(n)
        && PRIMES
            .iter()
            .all(|prime| remainder(digits, *prime) == fibonacci(n, *prime).0)
}

/// The number of digits of F(n), which is the integer nearest to φ^n / √5.
fn length(n: u64) -> usize {
    let log_phi = 5_f64.sqrt().midpoint(1.0).log10();
    match n {
        0..=6 => 1,
        n => (n as f64 * log_phi - 5_f64.log10() / 2.0).floor() as usize + 1,
    }
}

fn remainder(digits: &str, prime: u128) -> u128 {
    digits.as_bytes().chunks(18).fold(0, |rest, chunk| {
        let value = chunk
            .iter()
            .fold(0, |value, digit| value * 10 + u128::from(digit - b'0'));
        (rest * 10_u128.pow(chunk.len() as u32) + value) % prime
    })
}

/// F(n) and F(n + 1), without multiples of the prime.
fn fibonacci(n: u64, prime: u128) -> (u128, u128) {
    if n == 0 {
        return (0, 1);
    }
    let (a, b) = fibonacci(n / 2, prime);
    let even = a * ((2 * b + prime - a) % prime) % prime;
    let odd = (a * a + b * b) % prime;
    match n % 2 {
        0 => (even, odd),
        _ => (odd, (even + odd) % prime),
    }
}

#[test]
fn only_the_right_value_passes() {
    let (mut a, mut b) = (0_u128, 1_u128);
    for n in 0..180 {
        assert!(is_fibonacci(n, &a.to_string()), "F({n}) = {a}");
        assert!(!is_fibonacci(n, &(a + 1).to_string()), "F({n}) = {a} + 1");
        assert!(!is_fibonacci(n + 4, &a.to_string()), "F({n} + 4) = {a}");
        (a, b) = (b, a + b);
    }
    assert!(is_fibonacci(-6, "-8") && is_fibonacci(-7, "13"));
    assert!(!is_fibonacci(-6, "8") && !is_fibonacci(6, "-8") && !is_fibonacci(6, ""));
}
