//! Hosted: the double of the Functions host feeds a handler that is killed again and again.

use std::sync::Arc;
use std::time::Instant;

use crate::machine;
use crate::helpers::azurite::Azurite;
use crate::hosts::keep;
use crate::run::{Run, folder};
use crate::settings::Settings;
use crate::table::Outcome;

const NAME: &str = "hosted";

#[tokio::test]
async fn the_functions_host_keeps_our_promises_while_its_handler_is_killed() {
    let machine = machine().await;
    let mut settings = Settings::announced();
    // The double forwards on one thread, which half of them keep busy.
    settings.clients /= 2;
    let chaos = settings.chaos(1);
    let azurite = Azurite::start();
    let until = Instant::now() + chaos;
    let run = Run {
        settings,
        ledger: Arc::default(),
        folder: folder("hosted"),
        kills_until: until,
        chaos_until: until,
        leaves_hidden: true,
    };
    let connection_string = azurite.connection_string();
    let keeper = run.keeper(0, move |keeping| keep(&connection_string, NAME, keeping));
    let settled = run.live(vec![keeper], machine).await;
    run.check_queues(&azurite.account(), NAME).await;
    Outcome {
        scenario: "a Functions host on a storage account",
        settings,
        chaos,
        settled,
        folder: &run.folder,
        book: run.ledger.close(),
    }
    .judge();
}
