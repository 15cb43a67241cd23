//! The test of a workflow tells what the workflow did, and what is wrong with either of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::workflow::{Either, Flow, callee, join_all, select};
use crate::{ErrorCode, Failure, Told};

const HOUR: Duration = Duration::from_secs(3_600);

/// A workflow whose code is a function.
struct Code<F>(F);

impl<F, R> Workflow for Code<F>
where
    F: Fn(Flow, u64) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Value, Failure>> + Send + 'static,
{
    type Input = u64;
    type Output = Value;

    fn check(&self, input: &u64) -> Result<(), InvalidInput> {
        match input {
            0..=100 => Ok(()),
            _ => Err(InvalidInput::new("", "it is at most 100")),
        }
    }

    fn run(&self, flow: Flow, input: u64) -> impl Future<Output = Result<Value, Failure>> + Send {
        (self.0)(flow, input)
    }
}

fn of<F, R>(code: F) -> FlowTest<Code<F>>
where
    F: Fn(Flow, u64) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Value, Failure>> + Send + 'static,
{
    FlowTest::of(Code(code))
}

fn double() -> Callee<u64, u64> {
    callee::named("double")
}

fn doubled(number: u64) -> Result<u64, StepError> {
    Ok(number * 2)
}

#[test]
fn calls_are_seen_in_order_with_their_inputs() {
    let test = of(|flow, input| async move {
        let one = flow.call(double(), &input).await?;
        let both = flow.all(double(), vec![one, 7]).or_first_failure().await?;
        flow.set_status("done");
        Ok(json!(both))
    });
    let ran = test.with(double(), doubled).run(&3).unwrap();
    assert_eq!(ran.output.unwrap(), json!([12, 14]));
    let inputs: Vec<_> = ran.calls.iter().map(|call| &call.input).collect();
    assert_eq!(inputs, [3, 6, 7]);
    assert_eq!(ran.status, Some(json!("done")));
    assert_eq!((ran.took, ran.generation), (Duration::ZERO, 0));
}

#[test]
fn a_callee_is_known_by_its_type() {
    struct Child;

    impl Workflow for Child {
        type Input = u64;
        type Output = u64;

        async fn run(&self, _: Flow, input: u64) -> Result<u64, Failure> {
            Ok(input)
        }
    }

    let child = callee::workflow::<Child>;
    let code = move |flow: Flow, input| async move { Ok(json!(flow.call(child(), &input).await?)) };
    let ran = of(code).with(child(), doubled).run(&3).unwrap();
    assert_eq!(ran.called(), ["Child"]);
    assert_eq!(ran.output.unwrap(), json!(6));

    let failed = of(code).run(&3).unwrap().output.unwrap_err().told();
    assert!(matches!(failed, Told::Permanent { code, .. } if code == StepError::NOT_REGISTERED));
}

#[test]
fn what_happens_first_by_the_clock_of_the_test_wins() {
    let run = |lasts, event| {
        let test = of(|flow, input| async move {
            let call = flow.call(double(), &input);
            let stop = flow.event::<u64>("stop");
            match select(call, select(stop, flow.sleep(2 * HOUR))).await {
                Either::First(result) => Ok(json!(result?)),
                Either::Second(Either::First(stop)) => Ok(json!({"stop": stop?})),
                Either::Second(Either::Second(())) => Ok(json!("late")),
            }
        });
        let test = test.with_lasting(lasts, double(), doubled);
        let ran = test.event(event, "stop", 1).run(&3).unwrap();
        (ran.output.unwrap(), ran.took)
    };
    assert_eq!(run(HOUR, 3 * HOUR), (json!(6), HOUR));
    assert_eq!(run(2 * HOUR, HOUR), (json!({"stop": 1}), HOUR));
    assert_eq!(run(3 * HOUR, 4 * HOUR), (json!("late"), 2 * HOUR));
}

#[test]
fn the_json_in_a_text_is_the_data_of_an_event_that_is_no_text() {
    let test = || {
        of(|flow, _| async move {
            let number: u64 = flow.event("number").await?;
            let text: String = flow.event("text").await?;
            Ok(json!([number, text]))
        })
    };
    let sent = |number: &str| {
        let test = test().event(HOUR, "number", number);
        test.event(HOUR, "text", "8").run(&0).unwrap().output
    };
    assert_eq!(sent("7").unwrap(), json!([7, "8"]));
    for wrong in ["", "seven", r#""7""#, "-7", "{"] {
        let told = sent(wrong).unwrap_err().told();
        assert!(
            matches!(told, Told::Permanent { code, .. } if code == StepError::INVALID_EVENT),
            "{wrong}"
        );
    }
}

#[test]
fn a_workflow_that_continues_as_new_takes_its_events_along() {
    let test = of(|flow, round| async move {
        flow.sleep(HOUR).await;
        match round {
            3 => Ok(json!(flow.event::<u64>("early").await?)),
            _ => flow.continue_as_new(round + 1).await,
        }
    });
    let ran = test.event(Duration::ZERO, "early", 9).run(&1).unwrap();
    assert_eq!(ran.output.unwrap(), json!(9));
    assert_eq!((ran.generation, ran.took), (2, 3 * HOUR));
}

#[test]
fn a_result_may_depend_on_how_often_it_was_asked_for() {
    let test = of(|flow, input| async move {
        let calls = (0..3).map(|_| flow.call(double(), &input));
        let results = join_all(calls).await.into_iter();
        Ok(results.map(|result| json!(result.ok())).collect())
    });
    let mut calls = 0;
    let test = test.with(double(), move |input| {
        calls += 1;
        match calls {
            2 => Err(StepError::new(ErrorCode::literal("Odd"), "not now")),
            _ => doubled(input),
        }
    });
    assert_eq!(test.run(&1).unwrap().output.unwrap(), json!([2, null, 2]));
}

#[test]
fn what_never_ends_loses_every_race() {
    let test = of(|flow, input| async move {
        match select(flow.call(double(), &input), flow.sleep(HOUR)).await {
            Either::First(result) => Ok(json!(result?)),
            Either::Second(()) => Ok(json!("late")),
        }
    });
    let test = test.with_lasting(Duration::MAX, double(), doubled);
    assert_eq!(test.run(&1).unwrap().output.unwrap(), json!("late"));
}

#[test]
fn a_callee_that_is_given_twice_is_as_it_was_given_last() {
    let test = of(|flow, input| async move { Ok(json!(flow.call(double(), &input).await?)) });
    let test = test.with(double(), |_| Ok(1)).with(double(), |_| Ok(2));
    assert_eq!(test.run(&0).unwrap().output.unwrap(), json!(2));
}

#[test]
fn a_result_that_the_test_cannot_give_fails_its_step() {
    let test = of(|flow, input| async move {
        Ok(json!(flow.call(double(), &input).await.unwrap_err().code))
    });
    let takes_text = callee::named::<String, u64>("double");
    let ran = test.with(takes_text, |_| Ok(1)).run(&0).unwrap();
    assert_eq!(ran.output.unwrap(), json!("InvalidInput"));
}

fn wrong<F, R>(input: u64, code: F) -> Wrong
where
    F: Fn(Flow, u64) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Value, Failure>> + Send + 'static,
{
    let test = of(code).with(double(), doubled);
    test.run(&input).unwrap_err()
}

#[test]
fn a_test_that_comes_to_no_end_tells_why() {
    let refused = wrong(101, |_, _| async { Ok(json!(null)) });
    assert_eq!(
        refused.to_string(),
        "the workflow does not take its input: it is at most 100"
    );

    let not_given = wrong(0, |flow, _| async move {
        Ok(flow.call(callee::named("triple"), &1).await?)
    });
    assert_eq!(
        not_given.to_string(),
        "the workflow calls triple, and the test does not say what that gives"
    );

    let stuck = wrong(0, |flow, _| async move {
        let events = [flow.event::<Value>("a"), flow.event("b")];
        Ok(json!(join_all(events).await.len()))
    });
    assert_eq!(
        stuck.to_string(),
        "nothing happens any more, and the workflow waits for an event a and an event b"
    );

    let endless = wrong(0, |flow, _| async move {
        loop {
            flow.sleep(HOUR).await;
            if flow.history_len() == 1_000 {
                return flow.continue_as_new(0).await;
            }
        }
    });
    assert_eq!(
        endless.to_string(),
        "the workflow had not ended after 100000 arrivals"
    );

    let broken = wrong(0, |_, _| async {
        std::future::pending::<()>().await;
        Ok(json!(null))
    });
    assert!(matches!(broken, Wrong::Broken(_)), "{broken}");

    let test = of(|_, _| async { Ok(json!(null)) });
    let no_json = BTreeMap::from([((1, 2), 3)]);
    let no_json = test.event(HOUR, "a", no_json).run(&0).unwrap_err();
    assert!(matches!(no_json, Wrong::NoJson(_)), "{no_json}");
}

/// Counts up, as a clock would.
fn ticks() -> impl Fn() -> u64 + Send + Sync + Clone {
    let ticks = Arc::new(AtomicU64::new(0));
    move || ticks.fetch_add(1, Ordering::Relaxed)
}

#[test]
fn a_workflow_that_goes_by_anything_else_is_told() {
    let now = ticks();
    let by_input = wrong(0, move |flow, _| {
        let now = now.clone();
        async move { Ok(json!(flow.call(double(), &now()).await?)) }
    });
    assert_eq!(
        by_input.to_string(),
        "run again over the same results, the workflow did something else: at step 0 the journal \
         has a call of double with another input, and the workflow asks for a call of double"
    );

    let now = ticks();
    let by_end = wrong(0, move |flow, _| {
        let now = now.clone();
        async move {
            if now() > 0 {
                flow.sleep(HOUR).await;
            }
            Ok(json!(null))
        }
    });
    assert!(matches!(by_end, Wrong::AnotherEnd), "{by_end}");
}
