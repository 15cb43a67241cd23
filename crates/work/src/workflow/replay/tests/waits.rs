//! Timers and events, races, and continuing as new.

use super::*;

#[test]
fn a_timer_is_set_for_the_time_of_what_arrived_last() {
    let mut replay = begun(0, |flow, _| async move {
        flow.sleep(Duration::from_secs(60)).await;
        let noon = flow.now() + Duration::from_secs(3_600);
        flow.sleep_until(noon).await;
        flow.sleep_until(SystemTime::UNIX_EPOCH).await;
        flow.sleep(Duration::MAX).await;
        Ok(json!(flow.history_len()))
    });
    let at = |replay: &Replay| match *replay.open()[0].command {
        Command::Timer { at } => at.duration_since(start()).unwrap().as_secs(),
        ref other => panic!("{other} is no timer"),
    };
    assert_eq!(at(&replay), 60);
    fired(&mut replay, 0, 61);
    assert_eq!(at(&replay), 61 + 3_600);
    fired(&mut replay, 1, 5_000);
    assert_eq!(at(&replay), 5_000);
    // The clock of another machine may be behind.
    fired(&mut replay, 2, 4_000);
    assert_eq!(at(&replay), 253_402_300_799 - 1_000_000);
    fired(&mut replay, 3, 9_000);
    assert_eq!(output(&replay), json!(4));
}

#[test]
fn time_and_ids_are_the_same_in_every_run() {
    let code = |flow: Flow, _| async move {
        let begun = flow.now();
        let first = flow.new_id();
        flow.sleep(Duration::from_secs(1)).await;
        let ids = [first, flow.new_id()];
        let took = flow.now().duration_since(begun).unwrap_or_default();
        Ok(json!({"ids": ids, "took": took.as_millis(), "id": flow.id()}))
    };
    let run = || {
        let mut replay = begun(0, code);
        let at = start() + Duration::from_nanos(1_500_700_000);
        let what = What::Fired { step: 0 };
        replay.apply(Arrival { at, what }).unwrap();
        output(&replay)
    };
    let first = run();
    assert_eq!(first, run());
    assert_eq!(first["took"], 1_500);
    assert_eq!(first["id"], "an-instance");
    assert_ne!(first["ids"][0], first["ids"][1]);
}

#[test]
fn an_event_waits_for_whoever_takes_it() {
    let mut replay = begun(0, |flow, _| async move {
        flow.sleep(Duration::from_secs(1)).await;
        let first: u64 = flow.event("number").await?;
        let second: u64 = flow.event("number").await?;
        let third: u64 = flow.event("number").await?;
        Ok(json!([first, second, third]))
    });
    event(&mut replay, "number", 1);
    event(&mut replay, "other", 7);
    event(&mut replay, "number", 2);
    let buffered = |replay: &Replay| {
        let buffered = replay.buffered().into_iter();
        buffered
            .map(|(name, data)| format!("{name} {data}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(buffered(&replay), ["number 1", "number 2", "other 7"]);
    fired(&mut replay, 0, 1);
    assert_eq!(open(&replay), [(3, 4, "an event number".to_owned())]);
    event(&mut replay, "number", 3);
    assert_eq!(output(&replay), json!([1, 2, 3]));
    assert_eq!(buffered(&replay), ["other 7"]);
}

#[test]
fn an_event_of_another_type_fails_its_step() {
    let mut replay = begun(0, |flow, _| async move {
        Ok(json!(flow.event::<u64>("number").await?))
    });
    event(&mut replay, "number", "a secret");
    let message = "step 0 (number) failed: it gave something else than expected: invalid type, \
                   expected u64";
    assert_eq!(
        failure(replay),
        ("InvalidEvent".to_owned(), message.to_owned())
    );
}

#[test]
fn what_loses_a_race_is_closed_and_its_end_counts_for_nothing() {
    let mut replay = begun(1, |flow, input| async move {
        let call = flow.call(double(), &input);
        match select(call, flow.sleep(Duration::from_secs(9))).await {
            Either::First(result) => Ok(json!(result?)),
            Either::Second(()) => Ok(json!(flow.call(double(), &5).await?)),
        }
    });
    let late = Arc::clone(&replay.open()[0].command);
    fired(&mut replay, 1, 9);
    assert_eq!(open(&replay), [(2, 1, "a call of double".to_owned())]);
    let result = raw(2);
    let what = What::Done {
        step: 0,
        name: late.name(),
        hash: late.hash(),
        result: Ok(&result),
    };
    replay.apply(Arrival { at: start(), what }).unwrap();
    assert_eq!(open(&replay), [(2, 1, "a call of double".to_owned())]);
    done(&mut replay, 2, 10);
    assert_eq!(output(&replay), json!(10));
}

#[test]
fn of_two_that_are_there_the_first_is_taken() {
    let mut replay = begun(0, |flow, _| async move {
        let events = [flow.event::<u64>("a"), flow.event("b")];
        flow.sleep(Duration::ZERO).await;
        let [a, b] = events;
        match select(a, b).await {
            Either::First(a) => Ok(json!({"a": a?})),
            Either::Second(b) => Ok(json!({"b": b?})),
        }
    });
    event(&mut replay, "b", 2);
    event(&mut replay, "a", 1);
    assert_eq!(open(&replay), [(2, 0, "a timer".to_owned())]);
    fired(&mut replay, 2, 0);
    assert_eq!(output(&replay), json!({"a": 1}));
    // What nobody took is there for the next.
    assert_eq!(replay.buffered()[0].1.get(), "2");
}

#[test]
fn an_event_that_was_not_taken_goes_back_before_all_others() {
    let mut replay = begun(0, |flow, _| async move {
        let early = flow.event::<u64>("number");
        flow.sleep(Duration::ZERO).await;
        drop(early);
        let first: u64 = flow.event("number").await?;
        let second: u64 = flow.event("number").await?;
        Ok(json!([first, second]))
    });
    event(&mut replay, "number", 1);
    event(&mut replay, "number", 2);
    fired(&mut replay, 1, 0);
    assert_eq!(output(&replay), json!([1, 2]));
}

#[test]
fn an_event_that_was_not_taken_goes_to_who_waits_already() {
    let mut replay = begun(0, |flow, _| async move {
        let early = flow.event::<u64>("number");
        let waits = flow.event::<u64>("number");
        let drops = async {
            flow.sleep(Duration::ZERO).await;
            drop(early);
            flow.event::<u64>("never").await
        };
        match select(waits, drops).await {
            Either::First(number) => Ok(json!(number?)),
            Either::Second(never) => Ok(json!(never?)),
        }
    });
    event(&mut replay, "number", 1);
    fired(&mut replay, 2, 0);
    assert_eq!(output(&replay), json!(1));
}

#[test]
fn all_of_them_are_waited_for_in_any_order() {
    let code = |flow: Flow, input: u64| async move {
        let calls = (0..input).map(|number| flow.call(double(), &number));
        let results = join_all(calls).await.into_iter();
        Ok(json!(results.collect::<Result<Vec<_>, _>>()?))
    };
    let mut replay = begun(3, code);
    assert_eq!(replay.open().len(), 3);
    done(&mut replay, 1, 2);
    done(&mut replay, 2, 4);
    assert!(matches!(replay.progress(), Progress::Waiting));
    done(&mut replay, 0, 0);
    assert_eq!(output(&replay), json!([0, 2, 4]));
    assert_eq!(output(&begun(0, code)), json!([]));
}

#[test]
fn a_workflow_that_continues_as_new_leaves_what_nobody_took() {
    let mut replay = begun(5, |flow, input| async move {
        let matched = flow.event::<u64>("number");
        let _call = flow.call(double(), &1);
        flow.set_status(json!({"round": input}));
        flow.sleep(Duration::from_secs(1)).await;
        let next = flow.continue_as_new(input + 1).await;
        drop(matched);
        next
    });
    event(&mut replay, "number", 1);
    event(&mut replay, "number", 2);
    fired(&mut replay, 2, 1);
    assert_eq!(open(&replay), []);
    event(&mut replay, "number", 3);
    let buffered = replay.buffered();
    let data: Vec<_> = buffered.iter().map(|(_, data)| data.get()).collect();
    assert_eq!(data, ["1", "2", "3"]);
    assert_eq!(replay.status().unwrap().get(), r#"{"round":5}"#);
    assert!(matches!(replay.take_progress(), Progress::Continued(input) if input.get() == "6"));
}

#[test]
fn who_gives_up_continuing_goes_on() {
    let mut replay = begun(5, |flow, _| async move {
        let stop = flow.event::<u64>("stop");
        flow.sleep(Duration::ZERO).await;
        match select(flow.continue_as_new::<Value>(1), stop).await {
            Either::First(never) => never,
            Either::Second(stop) => Ok(json!(stop? + flow.event::<u64>("more").await?)),
        }
    });
    event(&mut replay, "stop", 1);
    fired(&mut replay, 1, 0);
    assert!(matches!(replay.progress(), Progress::Waiting));
    event(&mut replay, "more", 2);
    assert_eq!(output(&replay), json!(3));
}

#[test]
fn a_status_that_is_no_json_is_not_said() {
    let replay = begun(0, |flow, _| async move {
        flow.set_status("well");
        flow.set_status(BTreeMap::from([((1, 2), 3)]));
        Ok(json!(null))
    });
    assert_eq!(replay.status().unwrap().get(), "\"well\"");
    assert!(begun(0, |_, _| async { Ok(json!(1)) }).status().is_none());
}
