//! The document, what fields and statuses make of it, and every code as it leaves.

use std::fmt::Write as _;

use actix_web::body::MessageBody as _;
use actix_web::http::header::HeaderValue;
use engine::{SubmitError, TaskError};
use ports::StorageError;
use work::InvalidInput;

use super::*;

#[test]
fn the_document_is_the_one_of_the_contract() {
    let problem = Problem::invalid("number", "number must be an integer");
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
    assert_eq!(nested.code.name(), "InvalidNumber");
    let whole = Problem::invalid_input(&InvalidInput::new("", "not an object"), "input");
    assert_eq!(
        (whole.target.as_deref(), whole.code.name()),
        (Some("input"), "InvalidInput")
    );
}

#[test]
fn a_status_of_the_framework_gets_a_code_of_its_own() {
    let problem = Problem::from_status(StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(problem.code.name(), "PayloadTooLarge");
    assert_eq!(problem.code.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

/// All of a reply: the status, the headers in the order of their names, the body.
fn whole(problem: Problem) -> String {
    let reply = problem.reply("/api/tasks");
    let mut text = format!("{}\n", reply.status());
    let mut headers: Vec<_> = reply
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    let body = reply.into_body().try_into_bytes().unwrap();
    let body = std::str::from_utf8(&body).unwrap();
    write!(text, "{}\n\n{body}\n\n", headers.join("\n")).unwrap();
    text
}

#[test]
fn every_code_leaves_with_its_status_and_its_title() {
    let families = [
        Code::invalid("input.createdAfter"),
        Code::OfTask("TooLate".to_owned()),
        Code::of_status(StatusCode::PAYLOAD_TOO_LARGE),
    ];
    let codes = Code::FIXED.iter().cloned().chain(families);
    let all: String = codes
        .map(|code| {
            let detail = code.description();
            whole(Problem::new(code, detail))
        })
        .collect();
    insta::assert_snapshot!("every_code", all);
}

#[test]
fn problems_that_are_made_in_one_place_leave_with_their_headers() {
    let late = TaskError {
        code: "TooLate".to_owned(),
        message: "it was too late".to_owned(),
    };
    let known = || "fibonacci".to_owned();
    let all: String = [
        Problem::unauthorized(),
        Problem::no_key(),
        Problem::method_not_allowed(HeaderValue::from_static("GET, HEAD")),
        Problem::not_found("there is nothing at this path"),
        Problem::conflict("the task has not ended").retry_after(3),
        Problem::still_being_accepted(),
        Problem::key_reused("Idempotency-Key"),
        Problem::precondition_failed(),
        Problem::too_many_waiters(),
        Problem::submit(SubmitError::QueueFull, ""),
        Problem::submit(SubmitError::UnknownKind { known: known() }, "input"),
        Problem::invalid_input(&InvalidInput::new("number", "number is too large"), "input"),
        Problem::task_failed(&late),
        Problem::task_canceled(),
        Problem::overloaded(),
        Problem::stopping(),
        Problem::newer_version(),
        Problem::storage(&StorageError::transient("read record", "500")),
        Problem::outcome_unknown(&StorageError::unanswered("create record", "500"))
            .operation("an-id", "http://here/api/operations/an-id"),
    ]
    .into_iter()
    .map(whole)
    .collect();
    insta::assert_snapshot!("problems_of_one_place", all);
}

#[test]
fn every_snapshot_is_a_tests() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/api/edge/problem/snapshots"
    );
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let used = ["every_code", "problems_of_one_place"];
    let module = module_path!().replace("::", "__");
    assert_eq!(names, used.map(|name| format!("{module}__{name}.snap")));
}
