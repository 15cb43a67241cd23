//! The document, and what fields and statuses make of it.

use super::*;

#[test]
fn the_document_is_the_one_of_the_contract() {
    let problem = Problem::unprocessable("InvalidNumber", "number", "number must be an integer");
    assert_eq!(
        problem.document("/api/tasks"),
        concat!(
            r#"{"type":"urn:problem-type:invalid-number","title":"Invalid number","#,
            r#""status":422,"detail":"number must be an integer","instance":"/api/tasks","#,
            r#""error":{"code":"InvalidNumber","message":"number must be an integer","target":"number"}}"#
        )
    );
}

#[test]
fn an_input_field_is_named_where_the_client_put_it() {
    let invalid = InvalidInput::new("number", "number must be an integer");
    assert_eq!(
        Problem::invalid_input(&invalid, "").target.as_deref(),
        Some("number")
    );
    let nested = Problem::invalid_input(&invalid, "input");
    assert_eq!(nested.target.as_deref(), Some("input.number"));
    assert_eq!(nested.code, "InvalidNumber");
    let whole = Problem::invalid_input(&InvalidInput::new("", "not an object"), "input");
    assert_eq!(
        (whole.target.as_deref(), whole.code.as_str()),
        (Some("input"), "InvalidInput")
    );
}

#[test]
fn a_status_of_the_framework_gets_a_code_of_its_own() {
    let problem = Problem::from_status(StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(problem.code, "PayloadTooLarge");
}
