//! What a sweep deletes, and what it leaves alone.

use std::time::Duration;

use engine::{Swept, TaskStatus};
use ports::{Clock, Document, Head};

use super::bench::Bench;
use crate::helpers::process::RETENTION;
use crate::helpers::queues::release;

const JUST_AFTER: Duration = Duration::from_millis(1);

fn pruned(count: usize) -> Swept {
    Swept {
        pruned: count,
        ..Swept::default()
    }
}

#[tokio::test]
async fn what_ended_is_pruned_when_its_retention_ends() {
    let bench = Bench::new();
    let succeeded = bench.submit("echo", "1").await;
    bench.deliver().await;
    let failed = bench.submit("hopeless", "1").await;
    bench.deliver().await;

    bench.clock.advance(RETENTION);
    assert_eq!(bench.maintenance.sweep().await.unwrap(), pruned(0));
    bench.clock.advance(JUST_AFTER);
    // The failure has an entry among the dead letters.
    assert_eq!(bench.maintenance.sweep().await.unwrap(), pruned(3));
    assert!(bench.record(succeeded).await.is_none());
    assert!(bench.record(failed).await.is_none());
}

#[tokio::test]
async fn the_retention_counts_from_the_end_not_from_the_submission() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    bench.clock.advance(RETENTION + JUST_AFTER);
    bench.deliver().await;
    assert_eq!(bench.maintenance.sweep().await.unwrap(), pruned(0));
    assert_eq!(bench.status(id).await, Some(TaskStatus::Succeeded));
}

#[tokio::test]
async fn what_has_not_ended_is_kept_for_ever() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    let received = bench.receive().await;
    let hidden = RETENTION * 100;
    assert!(release(&*bench.queue, &received, hidden).await);
    bench.clock.advance(hidden - JUST_AFTER);
    assert_eq!(bench.maintenance.sweep().await.unwrap(), pruned(0));
    assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
}

#[tokio::test]
async fn what_something_else_wrote_is_never_touched() {
    let bench = Bench::new();
    let uuid = "6f1c2b3e-1d2c-4b3a-8f4e-000000000007";
    // A head like ours under a name that is no id, and an id with a head that is not ours.
    let blobs = [
        ("notes.txt", "succeeded"),
        ("report-7", "failed"),
        (uuid, "done"),
    ];
    for (name, status) in blobs {
        let head = Head {
            kind: "echo".to_owned(),
            status: status.to_owned(),
            created_at: bench.clock.now(),
            updated_at: bench.clock.now(),
            attempts: 1,
            further: None,
            error: None,
        };
        let body = "theirs".into();
        let document = Document { head, body };
        bench.store.create(name, &document).await.unwrap().unwrap();
    }
    bench.clock.advance(RETENTION * 100);
    assert_eq!(bench.maintenance.sweep().await.unwrap(), pruned(0));
    for (name, _) in blobs {
        assert!(bench.store.read(name).await.unwrap().is_some(), "{name}");
    }
}
