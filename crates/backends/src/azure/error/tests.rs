//! What an operator reads for each kind of failure.

use azure_core::http::RawResponse;
use azure_core::http::headers::Headers;

use super::*;

fn answered(status: u16, code: &str, message: &str) -> StorageError {
    let xml = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let status = StatusCode::from(status);
    let raw = RawResponse::from_bytes(status, Headers::new(), xml.clone());
    let kind = ErrorKind::HttpResponse {
        status,
        error_code: Some(code.to_owned()),
        raw_response: Some(Box::new(raw)),
    };
    storage_error("read record", Error::with_message(kind, xml))
}

#[test]
fn an_answer_is_told_in_one_line() {
    let error = answered(409, "LeaseLost", "A lease is gone.\nRequestId:1\nTime:2");
    assert_eq!(
        error.to_string(),
        "could not read record: 409 LeaseLost: A lease is gone."
    );
    assert!(!error.is_transient());
}

#[test]
fn an_answer_without_a_code_or_a_body_still_has_its_status() {
    let status = StatusCode::from(502);
    let kind = ErrorKind::HttpResponse {
        status,
        error_code: None,
        raw_response: None,
    };
    let error = storage_error("send message", Error::with_message(kind, "<html>"));
    assert!(error.cause.starts_with("502"), "{error}");
    assert!(error.is_transient());
}

#[test]
fn overload_outages_and_deletions_in_progress_may_pass() {
    for (status, code) in [
        (408, "RequestTimeout"),
        (429, "TooManyRequests"),
        (500, "InternalError"),
        (503, "ServerBusy"),
        (409, "ContainerBeingDeleted"),
        (409, "QueueBeingDeleted"),
    ] {
        assert!(answered(status, code, "x").is_transient(), "{code}");
    }
    for (status, code) in [
        (400, "InvalidInput"),
        (401, "InvalidAuthenticationInfo"),
        (403, "AuthenticationFailed"),
        (404, "ResourceNotFound"),
        (413, "RequestBodyTooLarge"),
    ] {
        assert!(!answered(status, code, "x").is_transient(), "{code}");
    }
}

#[test]
fn a_permission_may_come_and_a_signature_stays_wrong() {
    for code in [
        "AuthorizationFailure",
        "AuthorizationPermissionMismatch",
        "KeyBasedAuthenticationNotPermitted",
        "",
    ] {
        let error = answered(403, code, "x");
        assert_eq!(error.recovery, Recovery::Denied, "{code}");
    }
    let error = answered(403, "AuthenticationFailed", "x");
    assert_eq!(error.recovery, Recovery::Permanent);
}

#[test]
fn a_missing_permission_says_what_to_grant() {
    let error = answered(403, "AuthorizationPermissionMismatch", "x");
    for role in [
        "Storage Blob Data Contributor",
        "Storage Blob Data Owner",
        "Storage Queue Data Contributor",
        "minutes",
    ] {
        assert!(error.cause.contains(role), "{error}");
    }
}

#[test]
fn a_refused_key_says_what_to_check() {
    let error = answered(403, "AuthenticationFailed", "MAC signature 'abc'");
    assert!(error.cause.contains("account key"), "{error}");
    assert!(!error.cause.contains("abc"), "{error}");
}

#[test]
fn a_transport_error_tells_its_cause_without_the_signature() {
    let cause = "url (http://h/c/b?sv=1&sig=secret) refused\nsecond line";
    let error = Error::with_error(ErrorKind::Io, std::io::Error::other(cause), "top");
    let error = storage_error("read record", error.with_context("retries expired"));
    assert_eq!(
        error.cause,
        "no answer from storage: url (http://h/c/b refused"
    );
    assert!(error.is_transient());
}

#[test]
fn an_unreadable_answer_is_not_quoted() {
    let error = Error::with_message(ErrorKind::DataConversion, "bad xml\n<Text>payload</Text>");
    let error = storage_error("receive messages", error);
    assert_eq!(error.cause, "bad xml");
    assert!(!error.is_transient());
}

#[test]
fn a_refused_identity_may_be_assigned_and_an_unreachable_one_may_pass() {
    let refused = ErrorKind::HttpResponse {
        status: StatusCode::from(400),
        error_code: None,
        raw_response: None,
    };
    for (kind, recovery, cause) in [
        (refused, Recovery::Denied, "no token: not assigned"),
        (
            ErrorKind::Io,
            Recovery::Transient,
            "no answer from the managed identity: timed out",
        ),
    ] {
        let inner = Error::with_message(kind, "timed out");
        let error = Error::with_error(ErrorKind::Credential, inner, "no token: not assigned")
            .with_context("non-transport error");
        let error = storage_error("check storage", error);
        assert_eq!(error.cause, cause);
        assert_eq!(error.recovery, recovery);
    }
}

#[test]
fn only_the_named_codes_are_answers() {
    let error = || {
        Error::new(
            ErrorKind::HttpResponse {
                status: StatusCode::NotFound,
                error_code: Some("BlobNotFound".to_owned()),
                raw_response: None,
            },
            "x",
        )
    };
    assert!(matches!(
        unless::<()>(Err(error()), &["BlobNotFound"]),
        Ok(None)
    ));
    assert!(unless::<()>(Err(error()), &["QueueNotFound"]).is_err());
    assert!(matches!(unless(Ok(1), &[]), Ok(Some(1))));
}

#[test]
fn a_tally_that_is_full_says_so_and_stays_so() {
    let error = answered(409, "BlockCountExceedsLimit", "The count is too high.");
    assert_eq!(
        error.cause,
        "409 BlockCountExceedsLimit: the tally is full: it holds 50,000 entries"
    );
    assert_eq!(error.recovery, Recovery::Permanent);
}
