//! Windows of time, out of a store that lists names in ascending order only.
//!
//! The names of tasks begin with the time they were made, in hexadecimal digits (UUIDv7). So the
//! names with a common prefix are the tasks of a window of time: 12 digits are a millisecond, 8
//! about a minute, 1 some 557 years.
//!
//! Tasks whose ids do not tell the time (R0's are UUIDv4) are not found like this.

use crate::limits::LIST_WINDOW;
use ports::Timestamp;

/// Digits of time in a name, without the hyphen behind the eighth.
pub(super) const DIGITS: u8 = 12;

/// The tasks made in a span of time, which share the first digits of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Its first millisecond.
    pub(super) start: u64,
    /// How many digits are the same.
    pub(super) digits: u8,
    pub(super) prefix: String,
}

impl Window {
    /// The window of `digits` digits that holds a millisecond.
    pub(super) fn around(millisecond: u64, digits: u8) -> Self {
        Self {
            start: millisecond / width(digits) * width(digits),
            digits,
            prefix: time_text(millisecond, digits),
        }
    }
}

/// The milliseconds of a window.
pub(super) fn width(digits: u8) -> u64 {
    1 << (4 * u32::from(DIGITS - digits))
}

/// The first digits of the names of a millisecond.
pub(super) fn time_text(millisecond: u64, digits: u8) -> String {
    let mut text = format!("{millisecond:012x}");
    text.truncate(digits.into());
    if digits > 8 {
        text.insert(8, '-');
    }
    text
}

/// The millisecond in which a name, or the beginning of one, was made.
pub(super) fn millisecond_of(name: &str) -> Option<u64> {
    let digits: String = name.get(..13)?.split('-').collect();
    (digits.len() == usize::from(DIGITS))
        .then(|| u64::from_str_radix(&digits, 16).ok())
        .flatten()
}

/// Of a time that a name can tell.
pub(super) fn milliseconds(time: Timestamp) -> u64 {
    let since_epoch = u64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
    since_epoch.min((1 << 48) - 1)
}

/// How many tasks there were in how many milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) tasks: u64,
    pub(super) milliseconds: u64,
}

impl Rate {
    /// How many tasks a window of so many digits holds at this rate.
    pub(super) fn expected(self, digits: u8) -> u64 {
        let expected = u128::from(self.tasks) * u128::from(width(digits));
        let expected = expected / u128::from(self.milliseconds.max(1));
        u64::try_from(expected).unwrap_or(u64::MAX)
    }

    /// In how many calls such a window is read.
    pub(super) fn calls(self, digits: u8) -> u64 {
        self.expected(digits) / u64::from(LIST_WINDOW) + 1
    }

    /// The digits of the widest window that holds no more than `room`, and takes no more calls.
    pub(super) fn digits(self, room: u64, calls: usize) -> u8 {
        let fits =
            |digits: &u8| self.expected(*digits) <= room && self.calls(*digits) <= calls as u64;
        (1..DIGITS).find(fits).unwrap_or(DIGITS)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::TaskId;

    #[test]
    fn a_window_holds_the_names_of_its_time() {
        let time = datetime!(2026-08-20 10:00:00.123 UTC);
        let name = TaskId::new(time).to_string();
        let millisecond = milliseconds(time);
        assert_eq!(millisecond_of(&name), Some(millisecond));
        for digits in 1..=DIGITS {
            let window = Window::around(millisecond, digits);
            assert!(name.starts_with(&window.prefix), "{digits}");
            assert!(window.start <= millisecond);
            let before = Window::around(window.start - u64::from(window.start > 0), digits);
            assert!(
                window.start == 0 || before.prefix < window.prefix,
                "{digits}"
            );
        }
        assert_eq!(Window::around(millisecond, 12).start, millisecond);
    }

    #[test]
    fn the_beginning_of_a_name_is_before_the_names_of_its_time() {
        let time = datetime!(2026-08-20 10:00:00.123 UTC);
        let beginning = time_text(milliseconds(time), 12);
        assert_eq!(millisecond_of(&beginning), Some(milliseconds(time)));
        assert!(TaskId::new(time).to_string() > beginning);
    }
}
