//! The crash matrix: a process dies at every [`CrashPoint`], on every kind of storage and in every
//! mode, and what was promised is kept.
//!
//! A scenario (`scenarios`) brings a real process to its point with real requests (`driving`), over
//! what others have left in storage (`forging`). Then the process is started again, and one checker
//! (`promise`) holds for all of them. What clients have been told is in a `ledger`.
//!
//! All wait side by side: over Azurite most of the time is spent waiting for the queue service, which
//! hides a dead process's messages for a minute. Few are driven to their death at a time, because a
//! process that stops has seconds to write what it gives back, and a busy machine needs them.

mod driving;
mod forging;
mod ledger;
mod promise;
mod scenarios;
mod service;
mod storage;

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::join_all;
use ports::crash::CrashPoint;
use tokio::sync::Semaphore;

use self::ledger::Ledger;
use self::scenarios::{Scenario, scenario};
use self::service::Service;
use self::storage::Storage;
use crate::helpers::deployment::Setting;

#[tokio::test]
async fn nothing_is_lost_wherever_a_process_dies_on_the_embedded_store() {
    run_all(&[Setting::Embedded]).await;
}

#[tokio::test]
async fn nothing_is_lost_wherever_a_process_dies_on_azurite_in_either_mode() {
    run_all(&[Setting::Azurite, Setting::Hosted]).await;
}

/// How many scenarios are driven at a time.
const DRIVEN: usize = 4;

/// Runs every scenario that there is in these settings, and then names those that failed.
async fn run_all(settings: &[Setting]) {
    let all = settings
        .iter()
        .flat_map(|setting| {
            let plain = CrashPoint::ALL.into_iter().map(scenario);
            let queued = CrashPoint::ALL
                .into_iter()
                .filter_map(|point| scenario(point).queued());
            plain.chain(queued).map(|scenario| (*setting, scenario))
        })
        .filter(|(setting, scenario)| scenario.exists_in(*setting));
    // Hundreds of messages at once would take from the others what they measure by: time.
    let is_large =
        |(_, scenario): &(Setting, Scenario)| scenario.point == CrashPoint::FlowAfterRange;
    let (large, others): (Vec<_>, Vec<_>) = all.partition(is_large);
    let turns = &Semaphore::new(DRIVEN);
    let run_one = |(setting, scenario): (Setting, Scenario)| async move {
        let run = AssertUnwindSafe(run(setting, &scenario, turns)).catch_unwind();
        let way = if scenario.is_queued { ", queued" } else { "" };
        let name = format!("{setting:?}: {}{way}", scenario.point.name());
        run.await.err().map(|_| name)
    };
    let mut failed = Vec::new();
    for scenario in large {
        failed.extend(run_one(scenario).await);
    }
    let others = others.into_iter().map(run_one);
    failed.extend(join_all(others).await.into_iter().flatten());
    assert!(failed.is_empty(), "each has panicked above: {failed:#?}");
}

async fn run(setting: Setting, scenario: &Scenario, turns: &Semaphore) {
    let storage = Storage::new(setting);
    let mut ledger = Ledger::default();
    forging::forge(&storage, scenario.before, &mut ledger).await;
    let turn = turns.acquire().await.unwrap();
    let service = Service::start(&storage, scenario).await;
    let service = driving::drive(service, scenario, &mut ledger).await;
    let service = service.died_at(scenario.point).await;
    drop(turn);
    promise::check(service, scenario, ledger).await;
}
