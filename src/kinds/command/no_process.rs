//! Commands on a system without process groups: none can be done.

use std::sync::Arc;

use serde_json::value::RawValue;
use work::any::ResultLimit;
use work::{Context, Failure};

use super::Command;

/// Has nothing to watch.
#[derive(Debug, Default)]
pub struct Watchdog;

/// Says that commands cannot be done here.
pub(in crate::kinds::command) async fn run(
    _: Arc<Command>,
    _: Box<RawValue>,
    _: Context,
    _: ResultLimit,
) -> Result<Box<RawValue>, Failure> {
    let message = "the service runs on a system without process groups";
    Err(Failure::permanent("CannotStart", message))
}
