//! How much a task allocates, by a client that allocates nothing.

use std::sync::Once;
use std::time::Duration;
use std::{io, thread};

use async_request_reply::config::{LogFormat, Storage};
use async_request_reply::logging;
use stats_alloc::Stats;

use crate::client::Client;
use crate::figures::{
    Allocations, BYTES_TOLERANCE, COUNT_TOLERANCE, SUBMIT_AND_WAIT, SUBMIT_THEN_FETCH,
};
use crate::helpers::app::spawn_app_with;
use crate::{ALLOCATOR, ALONE};

/// Tasks before the count begins: threads are started, statements prepared, buffers grown.
const WARM_UP: u32 = 25;

/// Tasks that are counted. What is seldom (a sweep, a look at the queue's length, a look into a queue
/// that is empty while a busy machine takes its time) is little for each of them.
const TASKS: u32 = 100;

/// After each task: the next one comes into a process that has nothing to do. How often the loop looks
/// for messages while tasks follow each other depends on how fast they do.
const PAUSE: Duration = Duration::from_millis(10);

#[test]
fn a_task_that_is_submitted_then_fetched_allocates_no_more_than_it_did() {
    check(SUBMIT_THEN_FETCH, Client::submit_then_fetch);
}

#[test]
fn a_task_that_is_waited_for_allocates_no_more_than_it_did() {
    check(SUBMIT_AND_WAIT, Client::submit_and_wait);
}

fn check(figure: Allocations, task: fn(&mut Client)) {
    let _alone = ALONE.blocking_lock();
    log_to_nowhere();
    // In memory, where there is such a place: while a task waits for a slow disk, the loop looks again.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let folder = folder.unwrap();
    let app = spawn_app_with(|config| config.storage = Storage::Embedded(folder.path().to_owned()));
    let mut client = Client::connect(app.address);
    let mut run = |tasks| {
        for _ in 0..tasks {
            task(&mut client);
            thread::sleep(PAUSE);
        }
        ALLOCATOR.stats()
    };
    let before = run(WARM_UP);
    let after = run(TASKS);

    let count = calls(after) - calls(before);
    let bytes = after.bytes_allocated - before.bytes_allocated;
    let (count, bytes) = (per_task(count), per_task(bytes));
    println!("{count:.1} allocations and {bytes:.0} bytes a task");
    compare("allocations", count, figure.count, COUNT_TOLERANCE);
    let tolerance = f64::from(figure.bytes) * BYTES_TOLERANCE;
    compare("bytes", bytes, figure.bytes, tolerance);
}

/// Lines are made as they always are, and end here. The logger is one for all tests.
fn log_to_nowhere() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        drop(logging::init_to(io::sink(), "info", LogFormat::Text));
    });
}

/// A buffer that grows is a new one, most often.
fn calls(stats: Stats) -> usize {
    stats.allocations + stats.reallocations
}

fn per_task(counted: usize) -> f64 {
    counted as f64 / f64::from(TASKS)
}

fn compare(what: &str, counted: f64, figure: u32, tolerance: f64) {
    let figure = f64::from(figure);
    assert!(
        counted <= figure + tolerance,
        "a task takes {counted:.1} {what}, and {figure} are its figure: CONTRIBUTING.md says how to \
         find where they come from; if they are worth it, raise the figure in tests/costs/figures.rs \
         and say why in the commit"
    );
    assert!(
        counted >= figure - tolerance,
        "a task takes {counted:.1} {what}, fewer than the {figure} of its figure: lower that in \
         tests/costs/figures.rs, so that they stay as few"
    );
}
