//! Bodies that cannot be read: 400.

use crate::helpers::app::{App, spawn_app};

async fn assert_refused(app: &App, body: &[u8], code: &str, target: &str) {
    let shown = String::from_utf8_lossy(&body[..body.len().min(60)]);
    let reply = app.client.submit(body.to_vec()).await;
    assert_eq!(reply.status, 400, "{shown}: {}", reply.text());
    let (told, at, _) = reply.problem();
    assert_eq!(
        (told.as_str(), at.as_deref()),
        (code, Some(target)),
        "{shown}"
    );
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let app = spawn_app();
    assert_refused(&app, b"", "EmptyBody", "body").await;
    for body in [
        " ",
        "hello",
        r#"{"number":24"#,
        r#"{"number":}"#,
        r#"{"number":24,}"#,
        r#"{'number':24}"#,
        r#"{number:24}"#,
        r#"{"number":24} x"#,
        r#"{"number":24}{"number":25}"#,
        r#"{"number":NaN}"#,
        r#"{"number":Infinity}"#,
        r#"{"number":+24}"#,
        r#"{"number":024}"#,
        r#"{"number":24.}"#,
        r#"{"number":0x18}"#,
        r#"{"number":--1}"#,
        "{\"number\":\"1\n2\"}",
        r#"{"number":"\x"}"#,
        "number=24",
    ] {
        assert_refused(&app, body.as_bytes(), "MalformedBody", "body").await;
    }
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn a_body_that_is_not_utf_8_is_refused() {
    let app = spawn_app();
    for body in [
        &b"{\"number\":\"\xFF\"}"[..],
        b"{\"number\":24,\"x\":\"\xC3\"}",
        b"\xFF{\"number\":24}",
        b"\xED\xA0\x80",
    ] {
        assert_refused(&app, body, "InvalidEncoding", "body").await;
    }
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn a_body_that_is_not_an_object_is_refused() {
    let app = spawn_app();
    for body in ["24", r#""24""#, "null", "true", "[]"] {
        assert_refused(&app, body.as_bytes(), "InvalidBody", "body").await;
    }
    // An array is of tasks, each of which is an object.
    assert_refused(&app, b"[24]", "InvalidBody", "[0]").await;
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn a_field_that_is_there_twice_is_refused_by_name() {
    let app = spawn_app();
    for (body, field) in [
        (r#"{"number":24,"number":24}"#, "number"),
        (r#"{"number":24,"x":0,"numb\u0065r":25}"#, "number"),
        (r#"{"kind":"echo","kind":"echo","input":0}"#, "kind"),
        (r#"{"kind":"echo","input":0,"input":1}"#, "input"),
    ] {
        assert_refused(&app, body.as_bytes(), "DuplicateField", field).await;
    }
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn a_refusal_repeats_nothing_of_the_body() {
    let app = spawn_app();
    for body in [
        "s3cret",
        r#"{"s3cret""#,
        r#"{"number":"s3cret"}"#,
        r#"{"kind":"s3cret","input":0}"#,
        r#"{"kind":"flaky","input":{"failures":"s3cret"}}"#,
    ] {
        let reply = app.client.submit(body).await;
        assert!(matches!(reply.status, 400 | 422), "{body}");
        assert!(!reply.text().contains("s3cret"), "{}", reply.text());
    }
}
