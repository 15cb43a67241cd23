//! Work behind a queue: the service, with the kinds of work that it does.

mod countdown;

use std::process::ExitCode;
use std::time::Duration;

use async_request_reply::{Handler, Policy};

use countdown::Countdown;

fn main() -> ExitCode {
    // Settings, log and commands are there from here on: make clients and pools of kinds after it.
    let handler = Handler::from_env();
    let countdown = Countdown {
        tick: Duration::from_secs(1),
    };
    handler
        .without_fibonacci()
        .without_process_data()
        .kind(
            "countdown",
            countdown,
            Policy::default().description("Counts down to zero"),
        )
        .run()
}
