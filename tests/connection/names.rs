//! Names of headers go out as they are documented: a script may search a reply for them to the letter.

use std::time::Duration;

use ports::Secret;

use super::{Raw, header, request, submission};
use crate::helpers::app::{App, spawn_app_with};
use crate::limits::raw::status;

/// Every name that a reply may have here.
const NAMES: [&str; 15] = [
    "Allow",
    "Cache-Control",
    "Connection",
    "Content-Length",
    "Content-Type",
    "Date",
    "ETag",
    "Link",
    "Location",
    "Operation-Id",
    "Operation-Location",
    "Preference-Applied",
    "Retry-After",
    "WWW-Authenticate",
    "x-ms-error-code",
];

/// Checks that the reply to this has these names among others, and none that is not known.
fn check(app: &App, sent: &str, code: &str, expected: &[&str]) {
    let reply = Raw::connect(app.address).send(sent).until_closed();
    if reply.is_empty() && code == "431" {
        // What the client still sends may undo the answer on its way.
        return;
    }
    assert_eq!(status(&reply), code, "{reply}");
    for name in expected {
        assert!(header(&reply, name).is_some(), "{name}: {reply}");
    }
    let (head, _) = reply.split_once("\r\n\r\n").unwrap();
    for line in head.lines().skip(1) {
        let (name, _) = line.split_once(": ").unwrap();
        assert!(NAMES.contains(&name), "{line}");
    }
}

#[tokio::test]
async fn names_are_sent_as_they_are_documented() {
    let app = spawn_app_with(|config| config.api_keys = vec![Secret::new("a key of sixteen")]);
    let id = app.client.run(r#"{"number": 24}"#).await;
    let monitor = format!("/api/operations/{id}");
    let accepted = [
        "Location",
        "Operation-Id",
        "Operation-Location",
        "Preference-Applied",
        "Retry-After",
    ];
    let problem = ["Cache-Control", "Connection", "x-ms-error-code"];
    for (sent, code, expected) in [
        (
            submission("Prefer: respond-async\r\n"),
            "202",
            &accepted[..],
        ),
        (request("GET", &monitor), "200", &["Content-Type", "ETag"]),
        (
            request("HEAD", &monitor),
            "200",
            &["Content-Length", "Date", "ETag"],
        ),
        (request("GET", "/api/metrics"), "401", &["WWW-Authenticate"]),
        (request("GET", "/api/nothing"), "404", &problem),
        (request("PUT", "/api/tasks"), "405", &["Allow"]),
    ] {
        let last = sent.replacen("\r\nHost", "\r\nConnection: close\r\nHost", 1);
        check(&app, &last, code, expected);
    }
}

#[tokio::test]
async fn names_are_the_same_where_a_request_is_refused_unread() {
    let app = spawn_app_with(|_| ());
    let refusal = ["Connection", "Content-Length", "Date"];
    check(&app, "nonsense\r\n\r\n", "400", &refusal);
    check(&app, &"x".repeat(200_000), "431", &refusal);
    let app = spawn_app_with(|config| config.patience.head = Duration::from_millis(500));
    check(&app, "", "408", &["Content-Length", "Date"]);
}
