//! Standalone on a storage account that two processes share: both are killed again and again,
//! storage goes away and comes back, and a proxy spoils what is said to it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use backends::azure::Account;

use crate::machine;
use crate::faults::spoil;
use crate::helpers::azurite::{Azurite, KEY};
use crate::random::Random;
use crate::run::{BACKLOG, Run, folder};
use crate::settings::Settings;
use crate::storage::torment;
use crate::table::Outcome;

const NAME: &str = "chaos";

/// Milliseconds. Storage takes its time when it is spoiled, and so does a stop in good order.
const LIFE: (usize, usize) = (1_000, 6_000);

/// A killed process leaves its messages hidden for a minute. The kills end before the rest of the
/// chaos, by so much or by half of it, so that the minute need not be waited for.
const CALM_BEFORE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_storage_account_keeps_its_promises_while_everything_fails() {
    let machine = machine().await;
    let settings = Settings::announced();
    let chaos = settings.chaos(2);
    let azurite = Azurite::start();
    let account = azurite.account();
    let until = Instant::now() + chaos;
    let run = Run {
        settings,
        ledger: Arc::default(),
        folder: folder("azure"),
        kills_until: until - CALM_BEFORE.min(chaos / 2),
        chaos_until: until,
        leaves_hidden: false,
    };
    let Account {
        mut blob_endpoint,
        mut queue_endpoint,
        ..
    } = account.clone();
    for (endpoint, service) in [
        (&mut blob_endpoint, "blobs"),
        (&mut queue_endpoint, "queues"),
    ] {
        spoil(
            endpoint,
            settings.seed,
            service,
            until,
            Arc::clone(&run.ledger),
        );
    }
    let connection_string = format!(
        "AccountName=devstoreaccount1;AccountKey={KEY};BlobEndpoint={blob_endpoint};QueueEndpoint={queue_endpoint}"
    );
    let handler_settings = [
        ("AzureWebJobsStorage", connection_string.as_str()),
        ("BLOB_CONTAINER_NAME", NAME),
        ("queue_name", NAME),
        ("MAX_QUEUE_LENGTH", BACKLOG),
    ];
    let keepers = (0..2).map(|number| run.handler(number, &handler_settings, LIFE));
    let keepers = keepers.collect();
    let random = Random::of(settings.seed, "storage", 0);
    let storage = torment(azurite, random, until, Arc::clone(&run.ledger));
    let settled = run.live(keepers, machine).await;

    // Past the proxies.
    let _azurite = storage.join().unwrap();
    run.check_queues(&account, NAME).await;
    Outcome {
        scenario: "two processes on a storage account",
        settings,
        chaos,
        settled,
        folder: &run.folder,
        book: run.ledger.close(),
    }
    .judge();
}
