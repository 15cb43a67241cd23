//! When a schedule is due, and which schedules are none.

use std::time::Duration;

use time::macros::datetime;

use super::Schedule;

#[test]
fn a_schedule_knows_its_next_occurrence() {
    let noon = datetime!(2026-08-20 12:00:00 UTC);
    let cases = [
        ("0 */1 * * * *", 60),
        ("0 */5 * * * *", 300),
        ("*/15 * * * * *", 15),
        ("* * * * * *", 1),
        ("30 15 13 * * *", 3600 + 15 * 60 + 30),
        ("0 0 12 * * *", 24 * 3600),
    ];
    for (text, seconds) in cases {
        let schedule = Schedule::parse(text).unwrap();
        assert_eq!(
            schedule.until_next(noon),
            Duration::from_secs(seconds),
            "{text}"
        );
    }
    let half_past = noon + Duration::from_millis(500);
    let schedule = Schedule::parse("* * * * * *").unwrap();
    assert_eq!(schedule.until_next(half_past), Duration::from_millis(500));
    for text in ["*/5 * * * *", "0 */0 * * * *", "0 0 0 * * MON", "00:05:00"] {
        assert_eq!(Schedule::parse(text), None, "{text}");
    }
}
