//! Code that is defect, and code that changed under a journal.

use super::*;

#[test]
fn waiting_for_something_else_than_the_flow_is_told() {
    let replay = begun(0, |_, _| async {
        pending::<()>().await;
        Ok(json!(null))
    });
    assert_eq!(broken(&replay), FOREIGN);
}

#[tokio::test]
async fn waiting_for_something_else_beside_the_flow_is_told() {
    let replay = begun(0, |flow, _| async move {
        let clock = tokio::time::sleep(Duration::from_secs(60));
        select(flow.sleep(Duration::from_secs(1)), Box::pin(clock)).await;
        Ok(json!(null))
    });
    assert_eq!(broken(&replay), FOREIGN);
    let replay = begun(0, |flow, _| async move {
        let mut call = flow.call(double(), &1);
        std::future::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Pin::new(&mut call).poll(cx)
        })
        .await?;
        Ok(json!(null))
    });
    assert_eq!(broken(&replay), FOREIGN);
}

#[test]
fn waiting_for_a_step_that_gave_its_result_is_told() {
    let mut replay = begun(0, |flow, _| async move {
        let mut call = flow.call(double(), &1);
        (&mut call).await?;
        Ok(json!(call.await?))
    });
    done(&mut replay, 0, 2);
    assert_eq!(broken(&replay), FOREIGN);
}

#[test]
fn a_panic_is_told_at_whatever_time() {
    const DEFECT: &str = "the workflow broke off because of a defect";
    let at_once = begun(0, |_, _| async { panic!("on purpose") });
    assert_eq!(broken(&at_once), DEFECT);

    let mut later = begun(0, |flow, input| async move {
        flow.call(double(), &input).await?;
        panic!("on purpose")
    });
    done(&mut later, 0, 0);
    assert_eq!(broken(&later), DEFECT);

    let before_its_future = begun(0, |_, input| {
        assert!(input > 0, "on purpose");
        async { Ok(json!(null)) }
    });
    assert_eq!(broken(&before_its_future), DEFECT);
}

#[test]
fn a_result_over_the_limit_fails_the_workflow() {
    let replay = begun(0, |_, _| async { Ok(json!("x".repeat(1_000))) });
    assert_eq!(failure(replay).0, "ResultTooLarge");
}

/// What is told when this arrives at a workflow that called `double` with 1, and was refused the step
/// after it.
fn told(what: What<'_>) -> String {
    let mut replay = begun(0, |flow, _| async move {
        let calls = flow.call(double(), &1);
        let none = flow
            .all(callee::workflow::<Code<fn(Flow, u64) -> Never>>(), vec![1])
            .await;
        assert_eq!(none.len(), 1);
        Ok(json!(calls.await?))
    });
    let refused = replay.apply(Arrival { at: start(), what });
    assert_eq!(replay.open().len(), 1);
    // Nothing has changed.
    done(&mut replay, 0, 2);
    assert_eq!(output(&replay), json!(2));
    refused.unwrap_err().to_string()
}

type Never = std::future::Ready<Result<Value, Failure>>;

#[test]
fn what_the_workflow_did_not_ask_for_is_told() {
    let hash = Command::Call {
        name: "double".into(),
        input: raw(1),
        retry: None,
        time_limit: None,
    }
    .hash();
    let result = raw(1);
    let called = |step, name, hash| What::Done {
        step,
        name,
        hash,
        result: Ok(&result),
    };
    assert_eq!(
        told(called(0, "triple", hash)),
        "at step 0 the journal has a call of triple, and the workflow asks for a call of double"
    );
    assert_eq!(
        told(called(0, "double", hash + 1)),
        "at step 0 the journal has a call of double with another input, and the workflow asks for \
         a call of double"
    );
    assert_eq!(
        told(called(2, "double", hash)),
        "at step 2 the journal has a call of double, and the workflow asks for nothing"
    );
    assert_eq!(
        told(called(1, "double", hash)),
        "at step 1 the journal has a call of double, and the workflow asks for what cannot be called"
    );
    assert_eq!(
        told(What::Fired { step: 0 }),
        "at step 0 the journal has a timer, and the workflow asks for a call of double"
    );
    assert_eq!(
        told(What::AllDone {
            step: 0,
            name: "double",
            hash,
            results: vec![],
        }),
        "at step 0 the journal has 0 calls of double, and the workflow asks for a call of double"
    );
}
