//! One attempt: a process from its start to its end.

use std::future;
use std::io;
use std::panic::resume_unwind;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::process::{self, Child};
use tokio::time::{Instant, sleep_until};
use work::any::ResultLimit;
use work::{CancellationToken, Context, ErrorCode, Failure};

use super::group::Group;
use super::pipes::{Feed, Output};
use super::stderr::Lines;
use super::{environment, program};
use crate::kinds::command::Command;

/// How long a command may take to end when it is told to.
const STOP_GRACE: Duration = Duration::from_secs(10);

const CANNOT_START: ErrorCode = ErrorCode::literal("CannotStart");

/// Runs a command for one input. When this is dropped, the command is told to stop and has as long as
/// otherwise: who waits for it may have less patience.
pub(in crate::kinds::command) async fn run(
    command: Arc<Command>,
    input: Box<RawValue>,
    cx: Context,
    limit: ResultLimit,
) -> Result<Box<RawValue>, Failure> {
    let given_up = CancellationToken::new();
    let _give_up = given_up.clone().drop_guard();
    let whole = async move { whole(&command, input, &cx, limit, &given_up).await };
    match tokio::spawn(whole).await {
        Ok(ended) => ended,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(error) => Err(error.into()),
        },
    }
}

/// From the start of a command to its end.
async fn whole(
    command: &Command,
    input: Box<RawValue>,
    cx: &Context,
    limit: ResultLimit,
    given_up: &CancellationToken,
) -> Result<Box<RawValue>, Failure> {
    cx.check_stop()?;
    let (mut child, group) = start(command, cx).map_err(|error| {
        // A program that is missing may be on its way.
        let message = "the command of this kind cannot be started";
        let error = io::Error::new(error.kind(), format!("{}: {error}", command.program));
        Failure::transient(CANNOT_START, message).with_source(error)
    })?;
    let mut feed = Feed::new(child.stdin.take(), input);
    let mut output = Output::new(child.stdout.take(), limit);
    let mut lines = Lines::new(child.stderr.take(), cx);
    let mut kill_at = None;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            () = feed.go_on(), if feed.is_open() => {}
            () = output.go_on(), if output.is_open() => if output.is_too_much() {
                group.kill();
            },
            () = lines.go_on(), if lines.is_open() => {}
            () = stopped(cx, given_up), if kill_at.is_none() => {
                group.terminate();
                kill_at = Some(Instant::now() + STOP_GRACE);
            }
            () = reached(kill_at) => {
                group.kill();
                // Once is enough; its end comes by itself.
                kill_at = Some(Instant::now() + STOP_GRACE);
            }
        }
    };
    drop(group);
    output.drain();
    let said = lines.drained();
    if output.is_too_much() {
        return Err(limit.exceeded());
    }
    // Whatever it wrote when it was told to stop is no result.
    cx.check_stop()?;
    match command.exit_codes.failure(status, said) {
        Some(failure) => Err(failure),
        None => output.result(),
    }
}

/// Starts a command as the leader of its group.
fn start(command: &Command, cx: &Context) -> io::Result<(Child, Group)> {
    let program = program::find(&command.program, &command.folder, &environment::path())?;
    let child = process::Command::new(program)
        .arg0(&command.program)
        .args(&command.arguments)
        .current_dir(&command.folder)
        .env_clear()
        .envs(environment::variables(&command.pass_env, cx))
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let group = Group::of(&child, &command.watchdog)?;
    Ok((child, group))
}

async fn stopped(cx: &Context, given_up: &CancellationToken) {
    tokio::select! {
        () = cx.stopped() => {}
        () = given_up.cancelled() => {}
    }
}

async fn reached(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => future::pending().await,
    }
}
