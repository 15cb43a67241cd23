//! What is counted is there from the start, under the name of its kind.

use work::{BlockingKind, Context, Failure, Policy, any};

use super::*;

struct Echo;

impl BlockingKind for Echo {
    type Input = String;
    type Output = String;

    fn run(&self, input: String, _: &Context) -> Result<String, Failure> {
        Ok(input)
    }
}

fn kinds() -> Kinds {
    let echo = || any::of_blocking(Echo);
    let kinds = Kinds::default().with("echo", echo(), Policy::default());
    kinds.with_internal("ours", echo(), Policy::default())
}

fn assert_has(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.lines().any(|found| found == *line), "{line}\n{text}");
    }
}

#[test]
fn durations_fall_into_buckets() {
    let metrics = Metrics::new(&kinds());
    for milliseconds in [1, 5, 2_000] {
        let took = Took {
            wait: Duration::from_secs(30),
            work: Duration::from_millis(milliseconds),
        };
        metrics.task_ended("echo", TaskStatus::Succeeded, 2, Some(took));
    }
    metrics.task_ended("echo", TaskStatus::Canceled, 0, None);
    let text = metrics.to_prometheus(&Gauges {
        waiters: 1,
        storage_calls: BTreeMap::from([("read_record", 7)]),
        ..Gauges::default()
    });
    assert_has(
        &text,
        &[
            r#"tasks_ended_total{kind="echo",status="succeeded"} 3"#,
            r#"task_attempts_total{kind="echo",status="succeeded"} 6"#,
            r#"task_duration_seconds_bucket{kind="echo",status="succeeded",le="0.001"} 1"#,
            r#"task_duration_seconds_bucket{kind="echo",status="succeeded",le="0.01"} 2"#,
            r#"task_duration_seconds_bucket{kind="echo",status="succeeded",le="10"} 3"#,
            r#"task_duration_seconds_bucket{kind="echo",status="succeeded",le="+Inf"} 3"#,
            r#"task_duration_seconds_sum{kind="echo",status="succeeded"} 2.006"#,
            r#"task_wait_seconds_bucket{kind="echo",status="succeeded",le="10"} 0"#,
            r#"task_wait_seconds_sum{kind="echo",status="succeeded"} 90"#,
            r#"tasks_ended_total{kind="echo",status="canceled"} 1"#,
            r#"task_duration_seconds_count{kind="echo",status="canceled"} 0"#,
            r#"storage_operations_total{operation="read_record"} 7"#,
            "waiting_clients 1",
        ],
    );
}

#[test]
fn every_kind_and_every_end_is_there_before_anything_has_happened() {
    let metrics = Metrics::new(&kinds());
    let text = metrics.to_prometheus(&Gauges::default());
    for kind in ["echo", "_ours", KindName::UNKNOWN] {
        assert_has(
            &text,
            &[&format!("tasks_accepted_total{{kind=\"{kind}\"}} 0")],
        );
        assert_has(&text, &[&format!("attempts_running{{kind=\"{kind}\"}} 0")]);
        for started in ["early", "queue"] {
            let labels = format!("kind=\"{kind}\",started=\"{started}\"");
            assert_has(&text, &[&format!("attempts_started_total{{{labels}}} 0")]);
        }
        for outcome in CameOut::ALL.map(CameOut::as_str) {
            let labels = format!("kind=\"{kind}\",outcome=\"{outcome}\"");
            assert_has(&text, &[&format!("attempts_total{{{labels}}} 0")]);
        }
    }
}

#[test]
fn a_kind_that_nobody_registered_is_no_series_of_its_own() {
    let metrics = Metrics::new(&kinds());
    metrics.task_ended("made up\"", TaskStatus::Failed, 1, None);
    metrics.task_ended("_ours", TaskStatus::Failed, 1, None);
    let text = metrics.to_prometheus(&Gauges::default());
    assert!(!text.contains("made up"));
    assert_has(
        &text,
        &[
            r#"tasks_ended_total{kind="unknown",status="failed"} 1"#,
            r#"tasks_ended_total{kind="_ours",status="failed"} 1"#,
        ],
    );
}
