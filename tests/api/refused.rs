//! Bodies that can be read and ask for what cannot be done: 422.

use crate::helpers::app::{App, spawn_app, spawn_app_with};

async fn assert_refused(app: &App, body: &str, code: &str, target: &str) -> String {
    let reply = app.client.submit(body.to_owned()).await;
    let shown = &body[..body.len().min(60)];
    assert_eq!(reply.status, 422, "{shown}: {}", reply.text());
    let (told, at, sentence) = reply.problem();
    assert_eq!(
        (told.as_str(), at.as_deref()),
        (code, Some(target)),
        "{shown}"
    );
    sentence
}

#[tokio::test]
async fn a_number_that_is_not_an_integer_is_refused_by_its_type() {
    let app = spawn_app();
    for (numbers, why) in [
        (&["null"][..], "not null"),
        (&["true", "false"], "not a boolean"),
        (&["[]", "[24]"], "not an array"),
        (&["{}", r#"{"number":24}"#], "not an object"),
        (
            &[
                r#""""#,
                r#""abc""#,
                r#"" 24""#,
                r#""24 ""#,
                r#""+24""#,
                r#""024""#,
                r#""2_4""#,
                r#""24.0""#,
                r#""1e3""#,
                r#""0x18""#,
                r#""NaN""#,
                r#""--1""#,
                r#""-""#,
                r#""２４""#,
                r#""٢٤""#,
                r#""24\u0000""#,
                r#""null""#,
            ],
            "the string does not hold one",
        ),
    ] {
        for number in numbers {
            let body = format!(r#"{{"number":{number}}}"#);
            let sentence = assert_refused(&app, &body, "InvalidNumber", "number").await;
            assert!(
                sentence.starts_with("number must be an integer"),
                "{sentence}"
            );
            assert!(sentence.ends_with(why), "{number}: {sentence}");
        }
    }
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn a_number_that_is_written_otherwise_is_told_back() {
    let app = spawn_app();
    let long = format!("0.{}", "3".repeat(1_000_000));
    let beginning = format!("0.{}…", "3".repeat(38));
    for (number, told) in [
        ("24.0", "24.0"),
        ("24.5", "24.5"),
        ("-1.5", "-1.5"),
        ("1e3", "1e3"),
        ("1E400", "1E400"),
        ("-0.0", "-0.0"),
        (&long, &beginning),
    ] {
        let form = format!(r#"{{"number":{number}}}"#);
        let kind = format!(r#"{{"kind":"fibonacci","input":{form}}}"#);
        for (body, target) in [(form, "number"), (kind, "input.number")] {
            assert_eq!(
                assert_refused(&app, &body, "InvalidNumber", target).await,
                format!(
                    "number must be an integer, written without fraction and exponent, not {told}"
                )
            );
        }
    }
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn a_number_out_of_range_is_refused_whatever_its_length() {
    let app = spawn_app_with(|config| config.max_number = 100);
    let million = "9".repeat(1_000_000);
    for number in [
        "101",
        "-101",
        r#""101""#,
        "18446744073709551616",
        "-9223372036854775809",
        &million,
        &format!("-{million}"),
        &format!("\"{million}\""),
    ] {
        let body = format!(r#"{{"number":{number}}}"#);
        let sentence = assert_refused(&app, &body, "InvalidNumber", "number").await;
        assert_eq!(sentence, "number must be between -100 and 100");
    }
    app.client.has_taken(0).await;
    for number in ["100", "-100"] {
        app.client
            .accepted(format!(r#"{{"number":{number}}}"#))
            .await;
    }
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let app = spawn_app();
    for (body, code, target) in [
        ("{}", "InvalidNumber", "number"),
        (r#"{"Number":24}"#, "InvalidNumber", "number"),
        (r#"{"kind":"echo"}"#, "MissingInput", "input"),
        (r#"{"input":{"number":24}}"#, "MissingKind", "kind"),
        (
            r#"{"kind":"fibonacci","input":{}}"#,
            "InvalidNumber",
            "input.number",
        ),
        (
            r#"{"kind":"flaky","input":{}}"#,
            "InvalidFailures",
            "input.failures",
        ),
    ] {
        let sentence = assert_refused(&app, body, code, target).await;
        assert!(sentence.contains("missing"), "{body}: {sentence}");
    }
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn a_kind_must_be_a_name_that_is_known() {
    let app = spawn_app();
    for kind in [r#""nothing""#, r#""""#, r#""Fibonacci""#, r#""fibonacci ""#] {
        let body = format!(r#"{{"kind":{kind},"input":{{"number":24}}}}"#);
        let sentence = assert_refused(&app, &body, "UnknownKind", "kind").await;
        let (_, known) = sentence.split_once(": ").unwrap();
        let known: Vec<_> = known.split(", ").collect();
        assert!(
            known.contains(&"fibonacci") && known.contains(&"echo"),
            "{sentence}"
        );
    }
    for kind in ["null", "7", "[]", "{}", "true"] {
        let body = format!(r#"{{"kind":{kind},"input":{{"number":24}}}}"#);
        assert_refused(&app, &body, "InvalidKind", "kind").await;
    }
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn a_field_beside_kind_and_input_is_refused_by_name() {
    let app = spawn_app();
    for (body, field) in [
        (r#"{"kind":"echo","input":1,"runAt":"2100-01-01"}"#, "runAt"),
        (r#"{"Delay":60,"kind":"echo","input":1,"x":2}"#, "Delay"),
        (r#"{"kind":"echo","Input":1}"#, "Input"),
        (r#"{"knid":"echo","input":1}"#, "knid"),
        (r#"{"kind":"echo","input":1,"":2}"#, ""),
    ] {
        let sentence = assert_refused(&app, body, "UnknownField", field).await;
        assert_eq!(
            sentence,
            format!(
                "{field} is not known; beside kind there are input, startAfter, delay, labels and callbackUrl"
            )
        );
    }
    let long = "x".repeat(1_000_000);
    let body = format!(r#"{{"kind":"echo","input":1,"{long}":2}}"#);
    let shown = format!(
        "{}… is not known; beside kind there are input, startAfter, delay, labels and callbackUrl",
        &long[..40]
    );
    assert_eq!(
        assert_refused(&app, &body, "UnknownField", &long[..200]).await,
        shown
    );
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn the_two_forms_exclude_each_other() {
    let app = spawn_app();
    for rest in [
        r#""kind":"fibonacci","input":{"number":24}"#,
        r#""kind":"fibonacci""#,
        r#""input":{"number":24}"#,
        r#""kind":null"#,
    ] {
        let body = format!(r#"{{"number":24,{rest}}}"#);
        assert_refused(&app, &body, "AmbiguousBody", "number").await;
    }
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn a_field_of_an_input_is_named_where_it_stands() {
    let app = spawn_app();
    for (input, code, target) in [
        (r#"{"number":24.0}"#, "InvalidNumber", "input.number"),
        (r#"{"number":24,"extra":1}"#, "InvalidExtra", "input.extra"),
        (
            r#"{"number":24,"number":24}"#,
            "InvalidNumber",
            "input.number",
        ),
        ("24", "InvalidInput", "input"),
        ("[24]", "InvalidInput", "input"),
        ("null", "InvalidInput", "input"),
    ] {
        let body = format!(r#"{{"kind":"fibonacci","input":{input}}}"#);
        assert_refused(&app, &body, code, target).await;
    }
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn a_wrong_field_is_told_without_its_value() {
    let app = spawn_app();
    for (value, sentence) in [
        ("-1", "invalid value, expected u32"),
        (r#""a, expected b at line 1""#, "invalid type, expected u32"),
        ("null", "invalid type, expected u32"),
    ] {
        let body = format!(r#"{{"kind":"flaky","input":{{"failures":{value}}}}}"#);
        let told = assert_refused(&app, &body, "InvalidFailures", "input.failures").await;
        assert_eq!(told, sentence);
    }
}

#[tokio::test]
async fn a_code_stays_short_however_long_a_field_is() {
    let app = spawn_app();
    let field = "x".repeat(1_000_000);
    let body = format!(r#"{{"kind":"fibonacci","input":{{"number":1,"{field}":2}}}}"#);
    let reply = app.client.submit(body).await;
    assert_eq!(reply.status, 422);
    assert_eq!(reply.problem().0, format!("InvalidX{}", "x".repeat(39)));
}

#[tokio::test]
async fn nesting_without_end_breaks_nothing() {
    let app = spawn_app();
    let nested = format!("{}{}", "[".repeat(500_000), "]".repeat(500_000));
    for body in [
        format!(r#"{{"number":{nested}}}"#),
        format!(r#"{{"kind":"flaky","input":{nested}}}"#),
        format!(r#"{{"number":24,"x":{nested}}}"#),
        format!(r#"{{"kind":"waits","input":{nested}}}"#),
        "[".repeat(1_000_000),
        r#"{"a":"#.repeat(300_000),
    ] {
        let reply = app.client.submit(body).await;
        assert!(matches!(reply.status, 202 | 400 | 422), "{}", reply.text());
    }
    assert_eq!(app.client.get("/api/health").await.status, 200);
}
