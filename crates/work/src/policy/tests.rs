//! Policies: what they hold, and what is refused.

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_policy_holds_what_it_was_told() {
    let policy = Policy::default()
        .time_limit(SECOND)
        .attempts(3)
        .back_off(BackOff::default())
        .concurrency(2)
        .pure()
        .queue("slow-tasks")
        .retention(SECOND * 60)
        .description("Counts words");
    assert_eq!(
        policy,
        Policy {
            time_limit: Some(SECOND),
            attempts: Some(3),
            back_off: Some(BackOff::default()),
            concurrency: Some(2),
            pure: true,
            queue: Some("slow-tasks".to_owned()),
            retention: Some(SECOND * 60),
            description: Some("Counts words".to_owned()),
        }
    );
    assert_eq!(policy.checked(), Ok(()));
}

#[test]
fn what_is_left_out_is_as_the_service_has_it() {
    let policy = Policy::default();
    assert_eq!(policy.checked(), Ok(()));
    assert_eq!((policy.time_limit, policy.attempts), (None, None));
    assert_eq!((policy.queue, policy.pure), (None, false));
}

#[test]
fn a_value_that_makes_no_sense_is_refused() {
    let back_off = |first, factor, longest| {
        Policy::default().back_off(BackOff {
            first,
            factor,
            longest,
        })
    };
    let policy = Policy::default;
    for (policy, refusal) in [
        (policy().time_limit(Duration::ZERO), InvalidPolicy::NoTime),
        (policy().attempts(0), InvalidPolicy::NoAttempts),
        (policy().concurrency(0), InvalidPolicy::NoConcurrency),
        (
            policy().retention(Duration::ZERO),
            InvalidPolicy::NoRetention,
        ),
        (back_off(Duration::ZERO, 2, SECOND), InvalidPolicy::NoWait),
        (back_off(SECOND, 0, SECOND), InvalidPolicy::NoFactor),
        (back_off(SECOND * 2, 2, SECOND), InvalidPolicy::LongestWait),
    ] {
        assert_eq!(policy.checked(), Err(refusal));
    }
    assert_eq!(back_off(SECOND, 1, SECOND).checked(), Ok(()));
}

#[test]
fn a_queue_that_cannot_be_is_refused_by_its_name() {
    let long = "q".repeat(MAX_QUEUE_NAME + 1);
    for name in [
        "", "ab", "Tasks", "a_b", "-abc", "abc-", "a--b", "äbc", &long,
    ] {
        let refusal = Policy::default().queue(name).checked();
        assert_eq!(refusal, Err(InvalidPolicy::QueueName(name.to_owned())));
    }
    assert_eq!(Policy::default().queue(&long[1..]).checked(), Ok(()));
    assert_eq!(
        InvalidPolicy::QueueName("a\nb".to_owned()).to_string(),
        "\"a\\nb\" is not a name of 3 to 56 lower-case letters, digits and single hyphens, which \
         begins and ends with a letter or digit"
    );
}

#[test]
fn a_queue_that_is_named_like_those_of_dead_letters_is_refused() {
    let refusal = Policy::default().queue("slow-poison").checked();
    assert_eq!(
        refusal.unwrap_err().to_string(),
        "\"slow-poison\" is the name of a poison queue: those end in \"-poison\""
    );
    assert_eq!(Policy::default().queue("poison").checked(), Ok(()));
}

#[test]
fn the_wait_grows_up_to_the_longest() {
    for (spent, seconds) in [
        (0, 2),
        (1, 2),
        (2, 8),
        (3, 32),
        (4, 128),
        (9, 600),
        (99, 600),
    ] {
        let wait = BackOff::default().wait_after(spent);
        assert_eq!(wait, Duration::from_secs(seconds), "{spent}");
    }
}

proptest! {
    #[test]
    fn a_name_of_words_with_hyphens_is_a_queue(name in "[a-z0-9]{3,7}(-[a-z0-9]{1,6}){0,7}") {
        prop_assert_eq!(Policy::default().queue(&name).checked(), Ok(()));
    }

    #[test]
    fn no_wait_is_longer_than_the_longest(first in 1..5_u64, factor: u32, spent: u32) {
        let back_off = BackOff {
            first: Duration::from_secs(first),
            factor,
            longest: Duration::from_secs(5),
        };
        let (wait, next) = (back_off.wait_after(spent), back_off.wait_after(spent.saturating_add(1)));
        prop_assert!(wait <= back_off.longest);
        prop_assert!(factor == 0 || (back_off.first <= wait && wait <= next));
    }
}
