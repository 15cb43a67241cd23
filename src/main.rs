//! The `handler` binary: the service with the kinds that come with it, and those of `KINDS_FILE`.

use std::process::ExitCode;

use async_request_reply::Handler;

fn main() -> ExitCode {
    Handler::from_env().run()
}
