//! Durations as ISO 8601 writes them, as far as they are whole seconds of one length: `PT30S`, `PT1H30M`, `P2D`,
//! `P1W`. How long a year or a month is depends on when it begins.

use std::time::Duration;

/// What may be before the `T` and behind it, in this order, in seconds.
const DATE: [(char, u64); 2] = [('W', 7 * 24 * 60 * 60), ('D', 24 * 60 * 60)];
const TIME: [(char, u64); 3] = [('H', 60 * 60), ('M', 60), ('S', 1)];

/// Reads one; `None` when the text is none.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let text = text.strip_prefix('P').filter(|rest| !rest.is_empty())?;
    let (date, time) = match text.split_once('T') {
        Some((_, "")) => return None,
        Some(both) => both,
        None => (text, ""),
    };
    let seconds = sum(date, &DATE)?.checked_add(sum(time, &TIME)?)?;
    Some(Duration::from_secs(seconds))
}

fn sum(mut text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut seconds = 0_u64;
    for (unit, length) in units {
        let Some((count, rest)) = text.split_once(*unit) else {
            continue;
        };
        if !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let count: u64 = count.parse().ok()?;
        seconds = seconds.checked_add(count.checked_mul(*length)?)?;
        text = rest;
    }
    text.is_empty().then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_its_seconds() {
        for (text, seconds) in [
            ("PT0S", 0),
            ("P0D", 0),
            ("PT30S", 30),
            ("PT90M", 5_400),
            ("PT1H30M", 5_400),
            ("P2D", 172_800),
            ("P1DT1S", 86_401),
            ("P1W", 604_800),
            ("P366D", 31_622_400),
            ("PT007S", 7),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_has_no_one_length_or_no_whole_seconds_is_none() {
        for text in [
            "",
            "P",
            "PT",
            "P1DT",
            "T1S",
            "30",
            "1D",
            "P1Y",
            "P1M",
            "P1M1D",
            "PT1S1M",
            "P1H",
            "PT1D",
            "PT1.5S",
            "PT1,5S",
            "-PT1S",
            "P-1D",
            "PT+1S",
            "PT S",
            "PTS",
            " PT1S",
            "PT1S ",
            "pt1s",
            "PT1s",
            "PT1S1S",
            "P1TT1S",
            "P00-00-01T00:00:00",
            "PT１S",
            "PT18446744073709551616S",
            "P18446744073709551615W",
            "P1DT18446744073709551615S",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
