//! What a client calls its task goes with it to its end, whoever writes its record.

use engine::{Filter, KeyedSubmitError, Labels, Outcome, Start, Submission, TaskId, Wishes};
use serde_json::{Value, json};

use super::bench::Bench;

impl Bench {
    fn labelled(&self, kind: &str, input: &str, labels: &[&str]) -> Submission {
        Submission {
            wishes: Wishes::new(Start::AtOnce, Labels::new(labels.iter().copied()).unwrap()),
            ..self.submission(kind, input)
        }
    }

    async fn submit_labelled(&self, kind: &str, input: &str, labels: &[&str]) -> TaskId {
        let submission = self.labelled(kind, input, labels);
        self.tasks.submit(submission).await.unwrap().id
    }

    async fn labels(&self, id: TaskId) -> Vec<String> {
        let record = self.record(id).await.unwrap();
        record.labels.iter().map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn labels_stay_through_attempts_and_to_the_end() {
    let bench = Bench::new();
    let labels = ["customer:4711", "env=prod"];
    let id = bench
        .submit_labelled("flaky", r#"{"failures":2}"#, &labels)
        .await;
    assert_eq!(bench.labels(id).await, labels);
    assert_eq!(bench.deliver_to_the_end().await, Outcome::Done);
    assert_eq!(bench.labels(id).await, labels);
    let head = bench.record(id).await.unwrap().to_document().head;
    assert_eq!(head.labels(), Some("customer:4711,env=prod"));
}

#[tokio::test]
async fn a_task_without_labels_has_nothing_more_in_its_record_and_its_message() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    let text = bench.calls.last_sent();
    let body = bench
        .store
        .read(&id.to_string())
        .await
        .unwrap()
        .unwrap()
        .body;
    for text in [text.as_bytes(), &body] {
        let fields: Value = serde_json::from_slice(text).unwrap();
        assert!(
            fields.get("labels").is_none() && fields.get("due_at").is_none(),
            "{fields}"
        );
    }
}

#[tokio::test]
async fn what_are_no_labels_in_a_message_are_passed_over() {
    for labels in [json!("a"), json!(["a b"]), json!(7), json!(null)] {
        let bench = Bench::new();
        let id: TaskId = "6f1c2b3e-1d2c-4b3a-8f4e-000000000007".parse().unwrap();
        let text = json!({"id": id, "kind": "echo", "input": 1, "labels": labels}).to_string();
        bench
            .queue
            .send(&text, std::time::Duration::ZERO)
            .await
            .unwrap();
        assert_eq!(bench.deliver().await, Outcome::Done, "{labels}");
        assert!(bench.labels(id).await.is_empty());
    }
}

#[tokio::test]
async fn a_listing_takes_those_with_all_of_the_labels() {
    let bench = Bench::new();
    let one = bench.submit_labelled("echo", "1", &["a"]).await;
    let both = bench.submit_labelled("echo", "2", &["b", "a"]).await;
    bench.submit("echo", "3").await;
    for (wanted, expected) in [
        (&["a"][..], vec![both, one]),
        (&["a", "b"], vec![both]),
        (&["a", "c"], vec![]),
        (&["A"], vec![]),
    ] {
        let filter = Filter {
            labels: wanted.iter().map(|label| (*label).to_owned()).collect(),
            ..Filter::default()
        };
        let page = bench.tasks.list(&filter, 10, None).await.unwrap();
        let mut names: Vec<_> = page.tasks.iter().map(|(name, _)| name.clone()).collect();
        let mut expected: Vec<_> = expected.iter().map(TaskId::to_string).collect();
        // Of one millisecond.
        names.sort();
        expected.sort();
        assert_eq!(names, expected, "{wanted:?}");
    }
}

#[tokio::test]
async fn other_labels_are_another_submission() {
    let bench = Bench::new();
    let once = async |labels: &[&str]| {
        let submission = bench.labelled("echo", "1", labels);
        bench.tasks.submit_once("k", submission).await
    };
    let id = once(&["a", "b"]).await.unwrap();
    assert_eq!(once(&["a", "b"]).await.unwrap(), id);
    for other in [&[][..], &["a"], &["b", "a"]] {
        let refused = once(other).await;
        assert!(
            matches!(refused, Err(KeyedSubmitError::OtherSubmission)),
            "{refused:?}"
        );
    }
}
