//! How often a task commits to the embedded store, and waits for the disk, with nobody to share a
//! commit with.

use std::mem;
use std::sync::Arc;

use backends::embedded::Embedded;
use backends::{Counts, SystemClock};
use engine::limits::MAX_SUBMISSIONS;
use engine::{Engine, Outcome, Ports, Submission, Tasks};
use ports::Delivery;
use serde_json::value::RawValue;
use tempfile::TempDir;

use crate::ALONE;
use crate::figures::{COMMITS, MANY_COMMITS};
use crate::helpers::kinds::TestKinds;
use crate::helpers::process::settings;
use crate::helpers::queues;

/// An engine that nobody drives, over a folder.
fn engine(folder: &TempDir) -> (Embedded, Engine) {
    let clock = Arc::new(SystemClock);
    let embedded = Embedded::open(folder.path(), clock.clone()).unwrap();
    let ports = Ports {
        store: embedded.tasks(),
        tallies: embedded.tallies(),
        queues: Arc::new(embedded.clone()),
        queue: queues::tasks(),
        files: None,
        storage_calls: Arc::new(Counts::default()),
    };
    let kinds = TestKinds::default().registry(1_000);
    let engine = Engine::new(ports, kinds, clock, settings(1, false));
    (embedded, engine)
}

fn submission(tasks: &Tasks) -> Submission {
    let input = RawValue::from_string(r#"{"number":24}"#.to_owned());
    Submission::new(tasks.new_id(), "fibonacci", input.unwrap())
}

#[tokio::test]
async fn a_thousand_submissions_are_one_commit() {
    let _alone = ALONE.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let (embedded, Engine { tasks, .. }) = engine(&folder);
    let many = || (0..MAX_SUBMISSIONS).map(|_| submission(&tasks)).collect();
    for (key, commits) in MANY_COMMITS {
        let before = (embedded.commits(), embedded.syncs());
        let each = tasks.submit_many(*key, many()).await.unwrap();
        assert!(each.len() == MAX_SUBMISSIONS && each.iter().all(Result::is_ok));
        let (commits_now, syncs_now) = (embedded.commits(), embedded.syncs());
        assert_eq!(
            (commits_now - before.0, syncs_now - before.1),
            (*commits, *commits),
            "{key:?}"
        );
    }
}

#[tokio::test]
async fn each_step_of_a_task_commits_no_more_often_than_it_must() {
    let _alone = ALONE.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let (embedded, engine) = engine(&folder);
    let Engine {
        tasks, consumers, ..
    } = engine;
    let submission = submission(&tasks);
    let id = submission.id;
    let receive = async || -> Option<Delivery> { consumers[0].receive(32).await.unwrap().pop() };

    let mut steps = Vec::new();
    let counts = || (embedded.commits(), embedded.syncs());
    let mut known = counts();
    let mut step = |name| {
        let before = mem::replace(&mut known, counts());
        steps.push((name, known.0 - before.0, known.1 - before.1));
    };
    assert_eq!(receive().await, None);
    step("look into an empty queue");
    tasks.submit(submission).await.unwrap();
    step("submit: record, message");
    let received = receive().await.unwrap();
    step("receive");
    assert_eq!(consumers[0].process(received).await, Outcome::Done);
    step("work: record, message");
    assert!(tasks.find(id).await.unwrap().is_some());
    step("find");
    tasks.consume(id);
    let permit = tasks.deletion_permit().await;
    tasks.delete_consumed(id, permit).await;
    step("consume");
    assert_eq!(steps, COMMITS);
}
