//! Standalone on the embedded store, whose one process is killed again and again.

use std::sync::Arc;
use std::time::Instant;

use backends::SystemClock;
use backends::embedded::Embedded;

use ports::Queues;

use crate::machine;
use crate::helpers::queues;
use crate::run::{BACKLOG, Run, folder};
use crate::settings::Settings;
use crate::table::Outcome;

const QUEUE: &str = "chaos";

/// Milliseconds. A task takes a few, so that this is long.
const LIFE: (usize, usize) = (200, 2_500);

#[tokio::test]
async fn embedded_storage_keeps_its_promises_while_the_process_is_killed() {
    let machine = machine().await;
    let settings = Settings::announced();
    let chaos = settings.chaos(1);
    let until = Instant::now() + chaos;
    let run = Run {
        settings,
        ledger: Arc::default(),
        folder: folder("embedded"),
        kills_until: until,
        chaos_until: until,
        leaves_hidden: false,
    };
    let keeper = run.handler(
        0,
        &[("queue_name", QUEUE), ("MAX_QUEUE_LENGTH", BACKLOG)],
        LIFE,
    );
    let settled = run.live(vec![keeper], machine).await;

    let store = Embedded::open(&run.folder.join("data"), Arc::new(SystemClock));
    let store = store.unwrap();
    let name = queues::name(QUEUE);
    run.check_empty([store.open(&name), store.open_dead_letters(&name)])
        .await;
    Outcome {
        scenario: "one process on the embedded store",
        settings,
        chaos,
        settled,
        folder: &run.folder,
        book: run.ledger.close(),
    }
    .judge();
}
