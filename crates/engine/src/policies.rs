//! How the tasks of a kind are treated: as its policy says, and where it says nothing as all are.

use std::time::Duration;

use crate::limits::{ATTEMPT_TIME_LIMIT, HOSTED_TIME_LIMIT, MAX_ATTEMPTS, varied};
use work::{BackOff, KindName, Kinds, Policy, Registered};

/// A kind whose attempts would outlast what the Functions host gives an invocation: the host would kill the
/// process, with all that it does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an attempt of the kind of work \"{kind}\" may last {} s, and under the Functions host {} s at the most",
    .time_limit.as_secs(),
    HOSTED_TIME_LIMIT.as_secs()
)]
pub struct OutlastsHost {
    /// The kind.
    pub kind: KindName,
    /// How long an attempt of it may last.
    pub time_limit: Duration,
}

/// Whether the attempts of each kind end before the Functions host loses patience, see
/// [`HOSTED_TIME_LIMIT`].
///
/// # Errors
///
/// The first kind whose attempts may not.
pub fn fit_host(kinds: &Kinds) -> Result<(), OutlastsHost> {
    let mut outlasts = kinds
        .iter()
        .filter(|kind| time_limit(kind) > HOSTED_TIME_LIMIT);
    match outlasts.next() {
        Some(kind) => Err(OutlastsHost {
            kind: kind.name.clone(),
            time_limit: time_limit(kind),
        }),
        None => Ok(()),
    }
}

/// How the tasks of a kind are treated: its policy, completed by what is so for all kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Treatment {
    /// How long one attempt may last.
    pub time_limit: Duration,
    /// How many attempts count before a task fails for good.
    pub attempts: u32,
    /// How long it is from a failed attempt to the next one, before it is varied.
    pub back_off: BackOff,
    /// How many of its tasks a process works on at a time, if the kind has a limit of its own.
    pub concurrency: Option<usize>,
    /// Whether the work has no effect but its result.
    pub is_pure: bool,
    /// The queue that the kind has for itself, or with a few others; `None`: that of all kinds.
    pub queue: Option<String>,
    /// How long a task is kept after its end.
    pub retention: Duration,
}

impl Treatment {
    /// Of a kind, in an engine that keeps tasks for so long.
    pub(crate) fn of(kind: &Registered, retention: Duration) -> Self {
        let policy = &kind.policy;
        Self {
            time_limit: time_limit(kind),
            attempts: policy.attempts.unwrap_or(MAX_ATTEMPTS),
            back_off: policy.back_off.unwrap_or_default(),
            concurrency: policy.concurrency,
            is_pure: policy.pure,
            queue: policy.queue.clone(),
            retention: policy.retention.unwrap_or(retention),
        }
    }
}

/// How long one attempt may last.
pub(crate) fn time_limit(kind: &Registered) -> Duration {
    kind.policy.time_limit.unwrap_or(ATTEMPT_TIME_LIMIT)
}

/// How many attempts count before a task fails for good.
pub(crate) fn max_attempts(kinds: &Kinds, kind: &str) -> u32 {
    let attempts = policy(kinds, kind).and_then(|policy| policy.attempts);
    attempts.unwrap_or(MAX_ATTEMPTS)
}

/// The wait after the `spent`-th attempt that failed.
pub(crate) fn wait_after(kinds: &Kinds, kind: &str, spent: u32) -> Duration {
    let back_off = policy(kinds, kind).and_then(|policy| policy.back_off);
    wait_of(back_off.unwrap_or_default(), spent)
}

/// How long it is from a failed attempt to the next one, the last of so many.
pub(crate) fn wait_of(back_off: BackOff, spent: u32) -> Duration {
    varied(back_off.wait_after(spent))
}

/// How long a task is kept after its end, if the policy says.
pub(crate) fn retention(kinds: &Kinds, kind: &str) -> Option<Duration> {
    policy(kinds, kind)?.retention
}

fn policy<'a>(kinds: &'a Kinds, kind: &str) -> Option<&'a Policy> {
    kinds.get(kind).map(|kind| &kind.policy)
}

#[cfg(test)]
mod tests {
    use work::{BlockingKind, Context, Failure, any};

    use super::*;

    struct Echo;

    impl BlockingKind for Echo {
        type Input = String;
        type Output = String;

        fn run(&self, input: String, _: &Context) -> Result<String, Failure> {
            Ok(input)
        }
    }

    fn with(policy: Policy) -> Kinds {
        Kinds::default().with("echo", any::of_blocking(Echo), policy)
    }

    #[test]
    fn what_the_policy_leaves_out_is_as_for_all_kinds() {
        let kinds = with(Policy::default());
        for kind in ["echo", "nobody-knows-it"] {
            assert_eq!(max_attempts(&kinds, kind), MAX_ATTEMPTS);
            assert_eq!(retention(&kinds, kind), None);
        }
        for (spent, seconds) in [(0, 2), (1, 2), (2, 8), (3, 32), (4, 128), (99, 600)] {
            let expected = Duration::from_secs(seconds);
            let wait = wait_after(&kinds, "echo", spent);
            assert!(
                wait >= expected * 3 / 4 && wait <= expected * 5 / 4,
                "{wait:?}"
            );
        }
    }

    #[test]
    fn the_policy_counts_for_its_kind_alone() {
        let second = Duration::from_secs(1);
        let back_off = BackOff {
            first: second,
            factor: 1,
            longest: second,
        };
        let kinds = with(
            Policy::default()
                .attempts(9)
                .retention(second)
                .back_off(back_off),
        );
        assert_eq!(max_attempts(&kinds, "echo"), 9);
        assert_eq!(retention(&kinds, "echo"), Some(second));
        assert!(wait_after(&kinds, "echo", 7) < 2 * second);
        assert_eq!(max_attempts(&kinds, "other"), MAX_ATTEMPTS);
    }

    #[test]
    fn a_treatment_is_the_policy_and_what_it_leaves_out() {
        let (second, day) = (Duration::from_secs(1), Duration::from_secs(86_400));
        let treatment = |policy| Treatment::of(with(policy).get("echo").unwrap(), day);
        assert_eq!(
            treatment(Policy::default()),
            Treatment {
                time_limit: ATTEMPT_TIME_LIMIT,
                attempts: MAX_ATTEMPTS,
                back_off: BackOff::default(),
                concurrency: None,
                is_pure: false,
                queue: None,
                retention: day,
            }
        );
        let policy = Policy::default().time_limit(second).attempts(9);
        let policy = policy.concurrency(2).pure().queue("slow-tasks");
        let told = treatment(policy.retention(second));
        assert_eq!(
            (told.time_limit, told.attempts, told.concurrency),
            (second, 9, Some(2))
        );
        assert_eq!((told.is_pure, told.retention), (true, second));
        assert_eq!(told.queue.as_deref(), Some("slow-tasks"));
    }

    #[test]
    fn a_time_limit_that_outlasts_the_host_is_told() {
        assert_eq!(fit_host(&with(Policy::default())), Ok(()));
        assert_eq!(
            fit_host(&with(Policy::default().time_limit(HOSTED_TIME_LIMIT))),
            Ok(())
        );
        let hour = Policy::default().time_limit(Duration::from_secs(3_600));
        assert_eq!(
            fit_host(&with(hour)).unwrap_err().to_string(),
            "an attempt of the kind of work \"echo\" may last 3600 s, and under the Functions host 480 s \
             at the most"
        );
    }
}
