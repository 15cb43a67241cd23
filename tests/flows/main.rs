//! The service with the workflows of the tests, for those that let whole processes die. Whoever wants it builds
//! it, see `helpers::project`.

#[path = "../helpers/flows.rs"]
mod flows;

use std::process::ExitCode;

use async_request_reply::{Handler, Policy};

fn main() -> ExitCode {
    Handler::from_env()
        .kind("add", flows::Add, Policy::default())
        .workflow("flow-approval", flows::Approval, Policy::default())
        .workflow("flow-chain", flows::Chain, Policy::default())
        .workflow("flow-checked", flows::Checked, Policy::default())
        .workflow("flow-family", flows::Family, Policy::default())
        .workflow("flow-fan", flows::Fan, Policy::default())
        .workflow("flow-loop", flows::Loop, Policy::default())
        .run()
}
