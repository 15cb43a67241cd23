//! The service with workflows, which docs/workflows.md tells about:
//! `cargo run --example workflows -- --kinds-file examples/commands/kinds.toml`.

mod approval;
mod order;
mod probe;
mod shop;
mod texts;
mod trial;

use std::process::ExitCode;

use async_request_reply::workflow::Versions;
use async_request_reply::{Handler, Policy};

fn main() -> ExitCode {
    Handler::from_env()
        .blocking_kind("reserve", shop::Reserve, Policy::default())
        .blocking_kind("release", shop::Release, Policy::default())
        .blocking_kind("charge", shop::Charge, Policy::default())
        .blocking_kind("send-mail", shop::SendMail, Policy::default())
        .blocking_kind("look", probe::Look, Policy::default())
        .workflow("order", order::Order, Policy::default())
        .workflow("texts", texts::Texts, Policy::default())
        .workflow(
            "trial",
            Versions::of(trial::Trial).and(trial::FirstTrial),
            Policy::default(),
        )
        .workflow("approval", approval::Approval, Policy::default())
        .workflow("probe", probe::Probe, Policy::default())
        .run()
}
