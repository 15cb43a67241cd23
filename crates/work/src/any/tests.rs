//! Kinds without their types: how often an input is read, and where the work belongs.

use std::sync::atomic::{AtomicUsize, Ordering};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::*;
use crate::{SubmitFailed, Told, WithoutSchema};

const LIMIT: ResultLimit = ResultLimit::bytes(1_000);

/// Doubles a number; counts how often it looks at one.
#[derive(Default)]
struct Double {
    looks: Arc<AtomicUsize>,
}

#[derive(Deserialize, JsonSchema)]
struct Input {
    number: u64,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    doubled: u64,
}

impl Double {
    fn look(&self, input: &Input) -> Result<(), InvalidInput> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        match input.number {
            0..=100 => Ok(()),
            _ => Err(InvalidInput::new("number", "a number is at most 100")),
        }
    }
}

impl BlockingKind for Double {
    type Input = Input;
    type Output = Output;

    fn check(&self, input: &Input) -> Result<(), InvalidInput> {
        self.look(input)
    }

    fn is_quick(&self, input: &Input) -> bool {
        input.number < 10
    }

    fn run(&self, input: Input, cx: &Context) -> Result<Output, Failure> {
        if let Err(failed @ SubmitFailed::MustNotBlock) = cx.submit_blocking("double", &()) {
            cx.report_percent(50);
            log::debug!("{failed}");
        }
        cx.check_stop()?;
        let doubled = input.number * 2;
        Ok(Output { doubled })
    }
}

impl Kind for Double {
    type Input = Input;
    type Output = Output;

    fn check(&self, input: &Input) -> Result<(), InvalidInput> {
        self.look(input)
    }

    async fn run(&self, input: Input, cx: &Context) -> Result<Output, Failure> {
        tokio::task::yield_now().await;
        BlockingKind::run(self, input, cx)
    }
}

/// Has a schema for neither side, and gives back what it takes.
struct Echo;

impl Kind for Echo {
    type Input = WithoutSchema<Vec<u8>>;
    type Output = WithoutSchema<Vec<u8>>;

    async fn run(&self, input: Self::Input, _: &Context) -> Result<Self::Output, Failure> {
        Ok(input)
    }
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

fn prepared(kind: &Arc<dyn AnyKind>, input: &str) -> Prepared {
    match Arc::clone(kind).prepare(&raw(input)) {
        Ok(prepared) => prepared,
        Err(invalid) => panic!("{input}: {invalid}"),
    }
}

fn refusal(kind: &Arc<dyn AnyKind>, input: &str) -> InvalidInput {
    let refused = Arc::clone(kind).prepare(&raw(input)).err().unwrap();
    assert_eq!(kind.check(&raw(input)), Err(refused.clone()));
    refused
}

#[test]
fn quick_work_is_told_from_work_for_a_thread() {
    let kind = of_blocking(Double::default());
    let Prepared::Quick(run) = prepared(&kind, r#"{"number":9}"#) else {
        panic!("it is not quick");
    };
    let cx = Context::for_test();
    assert_eq!(run(&cx, LIMIT).unwrap().get(), r#"{"doubled":18}"#);
    let Prepared::Blocking(run) = prepared(&kind, r#"{"number":10}"#) else {
        panic!("it has no thread");
    };
    assert_eq!(run(&cx, LIMIT).unwrap().get(), r#"{"doubled":20}"#);
}

#[tokio::test]
async fn async_work_waits() {
    let kind = of(Double::default());
    let Prepared::Waiting(start) = prepared(&kind, r#"{"number":9}"#) else {
        panic!("it does not wait");
    };
    let working = tokio::spawn(start(Context::for_test(), LIMIT));
    let result = working.await.unwrap().unwrap();
    assert_eq!(result.get(), r#"{"doubled":18}"#);
}

#[tokio::test]
async fn only_work_with_a_thread_of_its_own_may_block() {
    // The kind reports a percentage when it may not.
    let cx = Context::for_test();
    match prepared(&of_blocking(Double::default()), r#"{"number":10}"#) {
        Prepared::Blocking(run) => assert!(run(&cx, LIMIT).is_ok()),
        _ => panic!("it has no thread"),
    }
    assert_eq!(cx.percent(), None);
    match prepared(&of_blocking(Double::default()), r#"{"number":9}"#) {
        Prepared::Quick(run) => assert!(run(&cx, LIMIT).is_ok()),
        _ => panic!("it is not quick"),
    }
    assert_eq!(cx.percent(), Some(50));
    let cx = Context::for_test();
    match prepared(&of(Double::default()), r#"{"number":9}"#) {
        Prepared::Waiting(start) => assert!(start(cx.clone(), LIMIT).await.is_ok()),
        _ => panic!("it does not wait"),
    }
    assert_eq!(cx.percent(), Some(50));
}

#[test]
fn an_input_is_looked_at_once_for_its_work() {
    let looks = Arc::new(AtomicUsize::new(0));
    let kind = of_blocking(Double {
        looks: Arc::clone(&looks),
    });
    let Prepared::Quick(run) = prepared(&kind, r#"{"number":1}"#) else {
        panic!("it is not quick");
    };
    assert!(run(&Context::for_test(), LIMIT).is_ok());
    assert_eq!(looks.load(Ordering::Relaxed), 1);
}

#[test]
fn an_input_that_is_not_taken_is_refused_with_its_field() {
    for kind in [of(Double::default()), of_blocking(Double::default())] {
        assert_eq!(
            refusal(&kind, r#"{"number":101}"#),
            InvalidInput::new("number", "a number is at most 100")
        );
        assert_eq!(
            refusal(&kind, r#"{"number":"secret"}"#),
            InvalidInput::new("number", "invalid type, expected u64")
        );
        assert_eq!(kind.check(&raw(r#"{"number":100}"#)), Ok(()));
    }
}

#[tokio::test]
async fn a_result_over_the_limit_is_refused_whoever_made_it() {
    let limit = ResultLimit::bytes(5);
    let cx = Context::for_test();
    for kind in [of(Double::default()), of_blocking(Double::default())] {
        for input in [r#"{"number":1}"#, r#"{"number":50}"#] {
            let result = match prepared(&kind, input) {
                Prepared::Quick(run) | Prepared::Blocking(run) => run(&cx, limit),
                Prepared::Waiting(start) => start(cx.clone(), limit).await,
                Prepared::Workflow(_) => unreachable!("it is a kind"),
            };
            assert_eq!(result.unwrap_err().told(), limit.exceeded().told());
        }
    }
}

#[tokio::test]
async fn a_failure_of_the_work_is_passed_on() {
    let parts = crate::ContextParts::for_test();
    parts.stop.cancel();
    let cx = Context::new(parts);
    for kind in [of(Double::default()), of_blocking(Double::default())] {
        let result = match prepared(&kind, r#"{"number":50}"#) {
            Prepared::Quick(run) | Prepared::Blocking(run) => run(&cx, LIMIT),
            Prepared::Waiting(start) => start(cx.clone(), LIMIT).await,
            Prepared::Workflow(_) => unreachable!("it is a kind"),
        };
        assert_eq!(result.unwrap_err().told(), Told::Stopped);
    }
}

#[test]
fn a_kind_tells_the_schemas_it_has() {
    for kind in [of(Double::default()), of_blocking(Double::default())] {
        let input = kind.input_schema().unwrap();
        assert_eq!(input["properties"]["number"]["type"], "integer");
        let output = kind.output_schema().unwrap();
        assert_eq!(output["properties"]["doubled"]["type"], "integer");
        assert_eq!(kind.description(), None);
    }
    assert_eq!(of(Echo).input_schema(), None);
    assert_eq!(of(Echo).output_schema(), None);
}
