//! Thousands of tasks that were handed over: nothing in the process waits for any of them.

use std::fs;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::service::Service;
use super::{monitor, serving, work, write_kinds};
use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;

/// How many are handed over before anything is counted.
const FIRST: usize = 200;

const MANY: usize = 10_000;

/// Submissions at a time, and calls of the service.
const AT_ONCE: usize = 32;

/// Connections that are kept for the next call, and threads that wait for a file: some for each that is made at
/// once, on either side, but few for so many tasks.
const SPARE: usize = 8 * AT_ONCE;

/// Submits so many, and gives the id of the last one.
async fn submit(serving: &Serving, tasks: usize) -> String {
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut submitted = JoinSet::new();
    for _ in 0..tasks {
        let slot = Arc::clone(&slots).acquire_owned().await.unwrap();
        let client = serving.client.clone();
        submitted.spawn(async move {
            let id = client.accepted(work("callback")).await;
            drop(slot);
            id
        });
    }
    submitted.join_all().await.pop().unwrap()
}

/// How many threads the process has, and how many descriptors.
fn held(serving: &Serving) -> [usize; 2] {
    ["task", "fd"].map(|what| {
        let folder = format!("/proc/{}/{what}", serving.handler.id());
        fs::read_dir(folder).unwrap().count()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_are_handed_over_hold_no_thread_and_no_descriptor() {
    let (folder, kinds) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let service = Service::start().await;
    let file = write_kinds(kinds.path(), &service);
    let waiting = AT_ONCE.to_string();
    let serving = serving(folder.path(), &file, &[("WORKER_WAITING", &waiting)]);
    submit(&serving, FIRST).await;
    let came = async |tasks| (service.requests() >= tasks).then_some(());
    eventually("the first are handed over", async || came(FIRST).await).await;
    let before = held(&serving);

    let last = submit(&serving, MANY).await;

    eventually("all are handed over", async || came(FIRST + MANY).await).await;
    let now = held(&serving);
    for (now, before) in now.iter().zip(before) {
        assert!(*now <= before + SPARE, "{now:?}, and {before:?} before");
    }
    assert_eq!(monitor(&serving.client, &last).await["status"], "Running");
    let url = service.callback(&last, 1).await;
    let path = url.strip_prefix(serving.client.base()).unwrap();
    let report = serving.client.request("POST", path);
    let taken = report.body(r#"{"status": "Succeeded", "result": 1}"#);
    assert_eq!(serving.client.send(taken).await.status, 200);
}
