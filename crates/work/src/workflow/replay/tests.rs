//! Replays of small workflows, each arrival by hand, and of random ones.

mod calls;
mod faults;
mod programs;
mod waits;

use std::collections::BTreeMap;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::*;
use crate::any::{self, Prepared};
use crate::workflow::{Callee, Either, MAX_MEMBERS, Retry, StepError, Workflow, callee};
use crate::workflow::{join_all, select};
use crate::{Context as Attempt, ErrorCode, Kind, Kinds, Policy, Told};

const LIMIT: ResultLimit = ResultLimit::bytes(1_000);

fn raw(value: impl serde::Serialize) -> Box<RawValue> {
    to_raw_value(&value).unwrap()
}

fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
}

/// A workflow whose code is a function.
struct Code<F>(F);

impl<F, R> Workflow for Code<F>
where
    F: Fn(Flow, u64) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Value, Failure>> + Send + 'static,
{
    type Input = u64;
    type Output = Value;

    fn run(&self, flow: Flow, input: u64) -> impl Future<Output = Result<Value, Failure>> + Send {
        (self.0)(flow, input)
    }
}

/// A kind that a workflow finds by its type.
struct Double;

impl Kind for Double {
    type Input = u64;
    type Output = u64;

    async fn run(&self, input: u64, _: &Attempt) -> Result<u64, Failure> {
        Ok(input * 2)
    }
}

fn kinds() -> Kinds {
    Kinds::default().with("double", any::of(Double), Policy::default())
}

fn begun_with<F, R>(kinds: Kinds, input: u64, code: F) -> Replay
where
    F: Fn(Flow, u64) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Value, Failure>> + Send + 'static,
{
    let Prepared::Workflow(begin) = any::of_workflow(Code(code)).prepare(&raw(input)).unwrap()
    else {
        panic!("a workflow is one");
    };
    let about = About {
        id: "an-instance".to_owned(),
        generation: 0,
        started_at: start(),
        kinds: Arc::new(kinds),
    };
    Replay::begin(begin, about, LIMIT)
}

fn begun<F, R>(input: u64, code: F) -> Replay
where
    F: Fn(Flow, u64) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Value, Failure>> + Send + 'static,
{
    begun_with(kinds(), input, code)
}

fn double() -> Callee<u64, u64> {
    callee::kind::<Double>()
}

/// Ends a step as the engine does: with what is open for it.
fn end(replay: &mut Replay, step: u32, result: Result<&RawValue, StepError>) {
    let open = replay.open();
    let open = open.iter().find(|open| open.step == step).unwrap();
    let what = What::Done {
        step,
        name: open.command.name(),
        hash: open.command.hash(),
        result,
    };
    replay.apply(Arrival { at: start(), what }).unwrap();
}

fn done(replay: &mut Replay, step: u32, result: impl serde::Serialize) {
    end(replay, step, Ok(&raw(result)));
}

fn event(replay: &mut Replay, name: &str, data: impl serde::Serialize) {
    let data = raw(data);
    let what = What::Event { name, data: &data };
    replay.apply(Arrival { at: start(), what }).unwrap();
}

fn fired(replay: &mut Replay, step: u32, after: u64) {
    let at = start() + Duration::from_secs(after);
    let what = What::Fired { step };
    replay.apply(Arrival { at, what }).unwrap();
}

/// Step, arrival that asked for it, and what it asks for.
fn open(replay: &Replay) -> Vec<(u32, usize, String)> {
    let told = |open: Open| (open.step, open.issued_by, open.command.to_string());
    replay.open().into_iter().map(told).collect()
}

fn output(replay: &Replay) -> Value {
    match replay.progress() {
        Progress::Ended(Ok(output)) => serde_json::from_str(output.get()).unwrap(),
        other => panic!("it has not ended well: {other:?}"),
    }
}

fn failure(mut replay: Replay) -> (String, String) {
    match replay.take_progress() {
        Progress::Ended(Err(failure)) => match failure.told() {
            Told::Permanent { code, message } => (code.to_string(), message),
            other => panic!("it may pass: {other:?}"),
        },
        other => panic!("it has not failed: {other:?}"),
    }
}

fn broken(replay: &Replay) -> &str {
    match replay.progress() {
        Progress::Broken(why) => why,
        other => panic!("it is not broken: {other:?}"),
    }
}

const FOREIGN: &str = "the workflow waits for something else than its flow";
