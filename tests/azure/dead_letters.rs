//! What it costs in calls to find what failed, on a store that lists by name only.

use std::sync::Arc;
use std::time::Duration;

use backends::SystemClock;
use engine::{LetterFilter, Outcome};
use futures_util::future::join_all;
use ports::Clock;

use super::{connect, document};
use crate::helpers::azurite::azurite;
use crate::helpers::calls::{Call, Calls};
use crate::helpers::kinds::TestKinds;
use crate::helpers::process::{Process, Storage};

const SUCCESSES: usize = 2_500;
const FAILURES: usize = 5;

/// How many dead letters there are, and how many calls it takes to list them.
async fn listed(process: &Process, calls: &Calls) -> (usize, u64) {
    let before = calls.all();
    let last_night = LetterFilter {
        failed_after: Some(SystemClock.now() - Duration::from_secs(12 * 60 * 60)),
        ..LetterFilter::default()
    };
    let page = process.tasks.dead_letters(&last_night, 100, None).await;
    let page = page.unwrap();
    assert!(page.next.is_none());
    (page.letters.len(), calls.all() - before)
}

#[tokio::test]
async fn what_failed_takes_as_many_calls_however_much_succeeded() {
    let azure = connect(&azurite().account());
    let (calls, store) = (Calls::default(), azure.tasks());
    let storage = Storage {
        clock: Arc::new(SystemClock),
        store: calls.store(store.clone()),
        tallies: calls.tallies(azure.tallies()),
        queues: calls.queues(Arc::new(azure.azure.clone())),
        queue: azure.name.clone(),
    };
    let process = storage.process(&TestKinds::default(), 4, true);
    process.tasks.prepare_storage().await.unwrap();
    let puts = calls.count(Call::Put);
    for _ in 0..FAILURES {
        let id = process.tasks.new_id();
        let input = serde_json::value::to_raw_value(&1).unwrap();
        let work = engine::Submission::new(id, "hopeless", input);
        process.tasks.submit(work).await.unwrap();
        let received = process.consumer.receive(1).await.unwrap().remove(0);
        assert_eq!(process.consumer.process(received).await, Outcome::Done);
    }
    // A failure costs one call more.
    assert_eq!(calls.count(Call::Put) - puts, FAILURES as u64);
    let few = listed(&process, &calls).await;
    assert_eq!(few, (FAILURES, 1 + FAILURES as u64));

    let names: Vec<_> = (0..SUCCESSES)
        .map(|_| process.tasks.new_id().to_string())
        .collect();
    let mut document = document("{}");
    document.head.status = "succeeded".to_owned();
    for some in names.chunks(50) {
        let created = some.iter().map(|name| store.create(name, &document));
        for created in join_all(created).await {
            assert!(created.unwrap().is_some());
        }
    }
    assert_eq!(listed(&process, &calls).await, few);
}
