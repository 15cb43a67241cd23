//! Two versions side by side on one backend: this worker, and what a newer one leaves behind there.

use std::sync::Arc;
use std::time::Duration;

use backends::SystemClock;
use engine::{Outcome, TaskId, TaskRecord};
use ports::{Clock, Delivery, Document, ETag};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use super::{Subject, Time};
use crate::helpers::kinds::TestKinds;
use crate::helpers::process::{Process, Storage};
use crate::helpers::queues::length;

const NOW: Duration = Duration::ZERO;

/// A worker over the backend, as there are others.
struct Older<'a> {
    subject: &'a Subject,
    process: Process,
    _kinds: TestKinds,
}

impl<'a> Older<'a> {
    fn over(subject: &'a Subject) -> Self {
        let clock: Arc<dyn Clock> = match &subject.time {
            Time::Manual(clock) => clock.clone(),
            Time::Real => Arc::new(SystemClock),
        };
        let storage = Storage {
            clock,
            store: subject.tasks.clone(),
            tallies: subject.tallies.clone(),
            queues: subject.queues.clone(),
            queue: subject.name.clone(),
        };
        let kinds = TestKinds::default();
        Self {
            subject,
            process: storage.process(&kinds, 2, true),
            _kinds: kinds,
        }
    }

    /// A record of the newer version, and its message.
    async fn submit(&self, kind: &str, newer: &[(&str, Value)]) -> (TaskId, ETag) {
        let id = self.process.tasks.new_id();
        let input = to_raw_value(&json!({"failures": 1})).unwrap();
        let now = SystemClock.now();
        let Document { head, body } =
            TaskRecord::queued(id, kind.to_owned(), input, now).to_document();
        let mut record: Value = serde_json::from_slice(&body).unwrap();
        for (field, value) in newer {
            record[field] = value.clone();
        }
        let body = record.to_string().into();
        let document = Document { head, body };
        let created = self.subject.tasks.create(&id.to_string(), &document).await;
        let message = json!({"id": id, "priority": 7}).to_string();
        self.subject.queue.send(&message, NOW).await.unwrap();
        (id, created.unwrap().unwrap())
    }

    async fn deliver(&self) -> Outcome {
        let received = self.receive().await;
        self.process.consumer.process(received).await
    }

    async fn receive(&self) -> Delivery {
        let mut page = self.process.consumer.receive(32).await.unwrap();
        assert_eq!(page.len(), 1, "one message should be visible");
        page.remove(0)
    }

    async fn read(&self, id: TaskId) -> (Value, ETag) {
        let stored = self.subject.tasks.read(&id.to_string()).await.unwrap();
        let stored = stored.expect("the task has a record");
        (serde_json::from_slice(&stored.body).unwrap(), stored.etag)
    }

    async fn messages(&self) -> (u64, u64) {
        let Subject {
            queue,
            poison_queue,
            ..
        } = self.subject;
        (length(&**queue).await, length(&**poison_queue).await)
    }
}

pub(super) async fn a_newer_schema_is_put_off_and_not_poisoned(subject: &Subject) {
    let older = Older::over(subject);
    for newer in [("schema", json!(2)), ("status", json!("paused"))] {
        let (id, etag) = older.submit("echo", &[newer]).await;

        let outcome = older.deliver().await;

        assert!(matches!(outcome, Outcome::Again { .. }), "{outcome:?}");
        assert_eq!(older.read(id).await.1, etag);
    }
    assert_eq!(older.messages().await, (2, 0));
}

pub(super) async fn a_field_and_a_key_that_came_later_are_kept(subject: &Subject) {
    let older = Older::over(subject);
    let (id, _) = older.submit("flaky", &[("priority", json!(7))]).await;

    let Outcome::Again { after, .. } = older.deliver().await else {
        panic!("nothing follows");
    };

    assert_eq!(older.read(id).await.0["priority"], 7);
    subject.pass_time(after + Duration::from_secs(1)).await;
    let next = older.receive().await;
    assert!(next.text.contains(r#""priority":7"#), "{}", next.text);
    assert_eq!(older.process.consumer.process(next).await, Outcome::Done);
    let (record, _) = older.read(id).await;
    assert_eq!(
        (&record["status"], &record["priority"]),
        (&json!("succeeded"), &json!(7))
    );
    assert_eq!(older.messages().await, (0, 0));
}
