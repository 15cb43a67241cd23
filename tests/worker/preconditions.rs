//! Operations on a task in one version of its record, which changes at the worst moment.

use engine::{Operated, Precondition, Target, TaskId, TaskStatus, Versions};

use super::bench::Bench;
use crate::helpers::calls::{Call, Moment};

impl Bench {
    /// The task as it is now, and in no other version.
    async fn this_version(&self, id: TaskId) -> Target {
        let etag = self.records.read(id).await.unwrap().unwrap().etag.unwrap();
        Target {
            id,
            only_if: Precondition {
                one_of: Some(Versions::These(vec![etag])),
                none_of: None,
            },
        }
    }

    /// Writes the record once more, so that it has another version.
    async fn touch(&self, id: TaskId) {
        let mut task = self.records.read(id).await.unwrap().unwrap();
        assert!(self.records.replace(&mut task).await.unwrap());
    }

    /// Lets the record change once the operation has looked at it and is about to make its call.
    async fn overtaken(
        &self,
        id: TaskId,
        call: Call,
        operation: impl Future<Output = Operated>,
    ) -> Operated {
        let held = self.calls.hold(call, Moment::Before);
        let meanwhile = async {
            held.arrived().await;
            self.touch(id).await;
            held.go_on();
        };
        tokio::join!(operation, meanwhile).0
    }

    async fn failed(&self) -> TaskId {
        let id = self.submit("hopeless", "0").await;
        self.deliver().await;
        assert_eq!(self.status(id).await, Some(TaskStatus::Failed));
        id
    }
}

#[tokio::test]
async fn a_task_that_changes_meanwhile_is_not_canceled() {
    let bench = Bench::new();
    let id = bench.submit("waits", "0").await;
    let target = bench.this_version(id).await;
    let cancel = async { bench.tasks.cancel(target).await.unwrap() };
    let operated = bench.overtaken(id, Call::Replace, cancel).await;
    assert!(matches!(operated, Operated::OtherVersion), "{operated:?}");
    assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));

    // Whoever names no version does not mind.
    let cancel = async { bench.tasks.cancel(id).await.unwrap() };
    let operated = bench.overtaken(id, Call::Replace, cancel).await;
    assert!(matches!(operated, Operated::Done(_)), "{operated:?}");
    assert_eq!(bench.status(id).await, Some(TaskStatus::Canceled));
}

#[tokio::test]
async fn a_task_that_changes_meanwhile_is_not_deleted() {
    let bench = Bench::new();
    let id = bench.failed().await;
    let target = bench.this_version(id).await;
    let delete = async { bench.tasks.delete(target).await.unwrap() };
    let operated = bench.overtaken(id, Call::DeleteRecord, delete).await;
    assert!(matches!(operated, Operated::OtherVersion), "{operated:?}");
    assert_eq!(bench.status(id).await, Some(TaskStatus::Failed));

    let delete = async { bench.tasks.delete(id).await.unwrap() };
    let operated = bench.overtaken(id, Call::DeleteRecord, delete).await;
    assert!(matches!(operated, Operated::Done(_)), "{operated:?}");
    assert_eq!(bench.status(id).await, None);
}

#[tokio::test]
async fn a_task_that_changes_meanwhile_is_not_retried() {
    let bench = Bench::new();
    let id = bench.failed().await;
    let target = bench.this_version(id).await;
    let retry = async { bench.tasks.retry(target).await.unwrap() };
    let operated = bench.overtaken(id, Call::Replace, retry).await;
    assert!(matches!(operated, Operated::OtherVersion), "{operated:?}");
    assert_eq!(bench.messages().await, (0, 0));
    assert_eq!(bench.status(id).await, Some(TaskStatus::Failed));

    let retry = async { bench.tasks.retry(id).await.unwrap() };
    let operated = bench.overtaken(id, Call::Replace, retry).await;
    assert!(matches!(operated, Operated::Done(_)), "{operated:?}");
    assert_eq!(bench.messages().await, (1, 0));
}
