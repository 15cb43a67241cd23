//! What a client sees of a kind of work. Durations are in seconds.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::operations::view::Status;
use engine::{KnownKind, Seen, SeenEnd, Treatment};

/// The kinds of work of the process that answers.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct KindList<'a> {
    /// In the order of their names.
    value: Vec<KindView<'a>>,
}

impl<'a> FromIterator<KnownKind<'a>> for KindList<'a> {
    fn from_iter<I: IntoIterator<Item = KnownKind<'a>>>(kinds: I) -> Self {
        Self {
            value: kinds.into_iter().map(KindView::from).collect(),
        }
    }
}

/// A kind of work.
#[derive(Serialize, ToSchema)]
#[schema(as = Kind)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct KindView<'a> {
    /// What a submission calls it.
    name: &'a str,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<&'a str>,
    /// The JSON Schema (2020-12 unless it says otherwise) of its input; without one any JSON may be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value, required = false)]
    input_schema: Option<Value>,
    /// The JSON Schema of its result, if the kind tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value, required = false)]
    output_schema: Option<Value>,
    #[schema(value_type = PolicyView)]
    policy: PolicyView,
    #[schema(value_type = SeenView)]
    seen: SeenView,
}

impl<'a> From<KnownKind<'a>> for KindView<'a> {
    fn from(known: KnownKind<'a>) -> Self {
        let (kind, policy) = (&known.registered.kind, &known.registered.policy);
        Self {
            name: known.registered.name.as_str(),
            description: policy.description.as_deref().or(kind.description()),
            input_schema: kind.input_schema(),
            output_schema: kind.output_schema(),
            policy: known.treatment.into(),
            seen: known.seen.into(),
        }
    }
}

/// How the tasks of a kind are treated.
#[derive(Serialize, ToSchema)]
#[schema(as = Policy)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct PolicyView {
    /// How long one attempt may last.
    time_limit_seconds: f64,
    /// How many attempts there are before a task fails for good.
    attempts: u32,
    #[schema(value_type = BackOffView)]
    back_off: BackOffView,
    /// How many of its tasks one process works on at a time, if the kind has a limit of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    concurrency: Option<usize>,
    /// Whether the work has no effect but its result.
    pure: bool,
    /// The queue that carries its tasks, if that is not the one of all kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    queue: Option<String>,
    /// How long a task is kept after its end.
    retention_seconds: f64,
}

impl From<Treatment> for PolicyView {
    fn from(treatment: Treatment) -> Self {
        Self {
            time_limit_seconds: treatment.time_limit.as_secs_f64(),
            attempts: treatment.attempts,
            back_off: BackOffView {
                first_seconds: treatment.back_off.first.as_secs_f64(),
                factor: treatment.back_off.factor,
                longest_seconds: treatment.back_off.longest.as_secs_f64(),
            },
            concurrency: treatment.concurrency,
            pure: treatment.is_pure,
            queue: treatment.queue,
            retention_seconds: treatment.retention.as_secs_f64(),
        }
    }
}

/// How long it is from a failed attempt to the next one, give or take a quarter.
#[derive(Serialize, ToSchema)]
#[schema(as = BackOff)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct BackOffView {
    /// The wait after the first attempt.
    first_seconds: f64,
    /// How many times longer each wait is than the one before.
    factor: u32,
    /// No wait is longer.
    longest_seconds: f64,
}

/// What the process that answers has seen of a kind since it started. Others may have seen more.
#[derive(Serialize, ToSchema)]
#[schema(as = Seen)]
pub(in crate::api) struct SeenView {
    /// Submissions that got in.
    accepted: u64,
    /// Attempts that compute now.
    running: u64,
    /// The tasks that it brought to an end, by each status in which they can.
    #[schema(value_type = Vec<EndView>)]
    ended: [EndView; 3],
}

impl From<Seen> for SeenView {
    fn from(seen: Seen) -> Self {
        Self {
            accepted: seen.accepted,
            running: seen.running,
            ended: seen.ended.map(EndView::from),
        }
    }
}

/// The tasks that ended in one status.
#[derive(Serialize, ToSchema)]
#[schema(as = SeenEnd)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct EndView {
    #[schema(value_type = Status)]
    status: &'static str,
    /// How many.
    tasks: u64,
    /// The attempts they had.
    attempts: u64,
    /// How many of them an attempt here ended: those that the durations are of.
    timed: u64,
    /// How long the work took in those attempts, together.
    work_seconds: f64,
    /// How long it had waited for a slot before, together.
    wait_seconds: f64,
}

impl From<SeenEnd> for EndView {
    fn from(end: SeenEnd) -> Self {
        Self {
            status: end.status.shown(),
            tasks: end.tasks,
            attempts: end.attempts,
            timed: end.timed,
            work_seconds: end.work.as_secs_f64(),
            wait_seconds: end.wait.as_secs_f64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use work::BackOff;

    use super::*;

    #[test]
    fn durations_are_told_in_seconds_and_their_fractions() {
        let back_off = BackOff {
            first: Duration::from_millis(250),
            factor: 3,
            longest: Duration::from_secs(90),
        };
        let treatment = Treatment {
            time_limit: Duration::from_millis(1_500),
            attempts: 2,
            back_off,
            concurrency: Some(4),
            is_pure: false,
            queue: Some("slow-tasks".to_owned()),
            retention: Duration::from_secs(3_600),
        };
        assert_eq!(
            json!(PolicyView::from(treatment)),
            json!({
                "timeLimitSeconds": 1.5,
                "attempts": 2,
                "backOff": { "firstSeconds": 0.25, "factor": 3, "longestSeconds": 90.0 },
                "concurrency": 4,
                "pure": false,
                "queue": "slow-tasks",
                "retentionSeconds": 3_600.0,
            })
        );
    }
}
