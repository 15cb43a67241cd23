//! Calls, one or many: their results and failures.

use super::*;

#[test]
fn a_chain_asks_for_one_step_after_the_other() {
    let mut replay = begun(3, |flow, input| async move {
        let six = flow.call(double(), &input).await?;
        let twelve = flow.call(double(), &six).await?;
        Ok(json!(twelve))
    });
    assert_eq!(open(&replay), [(0, 0, "a call of double".to_owned())]);
    done(&mut replay, 0, 6);
    assert!(!replay.is_open(0));
    assert_eq!(open(&replay), [(1, 1, "a call of double".to_owned())]);
    assert!(
        matches!(&*replay.open()[0].command, Command::Call { input, .. } if input.get() == "6")
    );
    done(&mut replay, 1, 12);
    assert_eq!(output(&replay), json!(12));
    assert_eq!(open(&replay), []);
}

#[test]
fn a_step_that_failed_can_be_answered() {
    let mut replay = begun(3, |flow, input| async move {
        match flow.call(double(), &input).await {
            Err(error) if error.code.as_str() == "TooLarge" => Ok(json!(error.message)),
            other => Ok(json!(other?)),
        }
    });
    let error = StepError::new(ErrorCode::literal("TooLarge"), "3 is too large");
    end(&mut replay, 0, Err(error));
    assert_eq!(output(&replay), json!("3 is too large"));
}

#[test]
fn a_step_that_failed_ends_the_workflow_unless_it_is_answered() {
    let mut replay = begun(3, |flow, input| async move {
        Ok(json!(flow.call(double(), &input).await?))
    });
    let error = StepError::new(ErrorCode::literal("TooLarge"), "3 is too large");
    end(&mut replay, 0, Err(error));
    let message = "step 0 (double) failed: 3 is too large".to_owned();
    assert_eq!(failure(replay), ("TooLarge".to_owned(), message));
}

#[test]
fn a_result_of_another_type_fails_the_step_and_is_not_repeated() {
    let mut replay = begun(3, |flow, input| async move {
        Ok(json!(flow.call(double(), &input).await?))
    });
    done(&mut replay, 0, "a secret");
    let message =
        "step 0 (double) failed: it gave something else than expected: invalid type, expected u64";
    assert_eq!(
        failure(replay),
        ("InvalidResult".to_owned(), message.to_owned())
    );
}

#[test]
fn what_is_not_registered_or_has_two_names_fails_its_step() {
    let code = |flow: Flow, input| async move { Ok(json!(flow.call(double(), &input).await?)) };
    let replay = begun_with(Kinds::default(), 3, code);
    let told = failure(replay);
    assert_eq!(told.0, "NotRegistered");
    assert!(told.1.ends_with("Double is not registered"), "{}", told.1);

    let two = kinds().with("twice", any::of(Double), Policy::default());
    let told = failure(begun_with(two, 3, code));
    assert_eq!(told.0, "NotRegistered");
    assert!(told.1.contains("more than one name"), "{}", told.1);
}

#[test]
fn a_name_is_taken_as_it_is() {
    let thumbnail = callee::named::<Value, Value>("thumbnail");
    let mut replay = begun(3, move |flow, input| {
        let thumbnail = thumbnail.clone();
        async move { Ok(flow.call(thumbnail, &json!({"width": input})).await?) }
    });
    assert_eq!(open(&replay), [(0, 0, "a call of thumbnail".to_owned())]);
    done(&mut replay, 0, json!({"file": "a"}));
    assert_eq!(output(&replay), json!({"file": "a"}));
}

#[test]
fn an_input_that_is_no_json_fails_its_step() {
    let replay = begun(3, |flow, _| async move {
        let input = BTreeMap::from([((1, 2), 3)]);
        let none = callee::named::<BTreeMap<(u8, u8), u8>, Value>("none");
        Ok(flow.call(none, &input).await?)
    });
    assert_eq!(failure(replay).0, "InvalidInput");
}

#[test]
fn a_call_says_how_it_is_to_be_tried() {
    let replay = begun(3, |flow, input| async move {
        let call = flow.call(double(), &input);
        let call = call
            .retry(Retry::attempts(7))
            .time_limit(Duration::from_secs(9));
        Ok(json!(call.await?))
    });
    let command = Arc::clone(&replay.open()[0].command);
    let Command::Call {
        retry, time_limit, ..
    } = &*command
    else {
        panic!("it is a call");
    };
    assert_eq!(*retry, Some(Retry::attempts(7)));
    assert_eq!(*time_limit, Some(Duration::from_secs(9)));
    assert_eq!(Retry::attempts(0).attempts, 1);
}

#[test]
fn what_is_said_of_a_call_too_late_counts_for_nothing() {
    let mut replay = begun(3, |flow, input| async move {
        let call = flow.call(double(), &input);
        flow.sleep(Duration::ZERO).await;
        Ok(json!(call.retry(Retry::attempts(7)).await?))
    });
    fired(&mut replay, 1, 0);
    let command = Arc::clone(&replay.open()[0].command);
    assert!(matches!(&*command, Command::Call { retry: None, .. }));
}

fn all_done(replay: &mut Replay, step: u32, results: &[Result<u64, &str>]) {
    let open = replay.open();
    let open = open.iter().find(|open| open.step == step).unwrap();
    let results = results.iter().map(|result| match result {
        Ok(number) => Ok(raw(number)),
        Err(message) => Err(StepError::new(ErrorCode::literal("TooLarge"), *message)),
    });
    let what = What::AllDone {
        step,
        name: open.command.name(),
        hash: open.command.hash(),
        results: results.collect(),
    };
    replay.apply(Arrival { at: start(), what }).unwrap();
}

#[test]
fn many_calls_are_one_step_and_give_each_result() {
    let code = |flow: Flow, input: u64| async move {
        let results = flow.all(double(), (0..input).collect()).await;
        let told = results.into_iter().map(|result| match result {
            Ok(number) => json!(number),
            Err(error) => json!(error.to_string()),
        });
        Ok(told.collect())
    };
    let mut replay = begun(3, code);
    assert_eq!(open(&replay), [(0, 0, "3 calls of double".to_owned())]);
    all_done(&mut replay, 0, &[Ok(0), Err("no"), Ok(4)]);
    assert_eq!(
        output(&replay),
        json!([0, "member 1 of step 0 (double) failed: no", 4])
    );
}

#[test]
fn the_first_failure_of_many_calls_ends_the_workflow() {
    let code = |flow: Flow, input: u64| async move {
        let results = flow.all(double(), (0..input).collect());
        Ok(json!(results.or_first_failure().await?))
    };
    let mut replay = begun(3, code);
    all_done(&mut replay, 0, &[Ok(0), Ok(2), Ok(4)]);
    assert_eq!(output(&replay), json!([0, 2, 4]));

    let mut replay = begun(3, code);
    all_done(&mut replay, 0, &[Ok(0), Err("no"), Err("neither")]);
    let message = "member 1 of step 0 (double) failed: no".to_owned();
    assert_eq!(failure(replay), ("TooLarge".to_owned(), message));
}

#[test]
fn many_calls_of_nothing_are_no_step() {
    let replay = begun(0, |flow, _| async move {
        let none = flow.all(double(), vec![]).await;
        assert_eq!(none, []);
        let none = flow.all(double(), vec![]).or_first_failure().await?;
        Ok(json!(flow.call(double(), &none.iter().sum()).await?))
    });
    assert_eq!(open(&replay), [(0, 0, "a call of double".to_owned())]);
}

#[test]
fn more_calls_than_a_step_may_have_fail_it() {
    let code = |flow: Flow, input: u64| async move {
        let results = flow.all(double(), (0..input).collect()).await;
        Ok(json!(
            results.iter().filter(|result| result.is_err()).count()
        ))
    };
    let many = MAX_MEMBERS as u64;
    assert_eq!(open(&begun(many, code)).len(), 1);
    let replay = begun(many + 1, code);
    assert_eq!(output(&replay), json!(many + 1));

    let replay = begun(many + 1, |flow, input| async move {
        let results = flow.all(double(), (0..input).collect());
        Ok(json!(results.or_first_failure().await?))
    });
    let message = "step 0 (double) failed: 10001 are too many: a step has at most 10000 members";
    assert_eq!(
        failure(replay),
        ("TooManyMembers".to_owned(), message.to_owned())
    );
}
