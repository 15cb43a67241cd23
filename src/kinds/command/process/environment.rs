//! What a command sees of the environment: little of the service's, and its task.

use std::ffi::OsString;

use ports::timestamp;
use time::OffsetDateTime;
use work::Context;

use crate::config;

/// What a command has of the service's environment without being asked.
const PASSED: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

/// Where programs are, if the service has no `PATH`.
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The variables for an attempt. `pass_env` names more of the service's own.
pub(super) fn variables(pass_env: &[String], cx: &Context) -> Vec<(String, OsString)> {
    let deadline = timestamp::to_text(OffsetDateTime::from(cx.deadline()));
    let mut variables: Vec<(String, OsString)> = vec![
        ("TASK_ID".to_owned(), cx.task_id().into()),
        ("TASK_KIND".to_owned(), cx.kind().as_str().into()),
        ("TASK_ATTEMPT".to_owned(), cx.attempt().to_string().into()),
        ("TASK_DEADLINE".to_owned(), deadline.into()),
    ];
    if let Some(traceparent) = cx.traceparent() {
        variables.push(("TRACEPARENT".to_owned(), traceparent.into()));
    }
    let passed = PASSED
        .into_iter()
        .chain(pass_env.iter().map(String::as_str));
    variables.extend(passed.filter_map(|name| Some((name.to_owned(), config::variable(name)?))));
    variables
}

/// The folders of programs.
pub(super) fn path() -> OsString {
    config::variable("PATH").unwrap_or_else(|| USUAL_PATH.into())
}
