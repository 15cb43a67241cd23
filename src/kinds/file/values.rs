//! Single values of a kinds file: durations, counts, exit codes, variables, URLs, schemas.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use toml::Spanned;
use url::Url;

use super::text::{FileError, Text};
use crate::config;

pub(super) fn duration(
    text: &Text,
    key: &str,
    value: &Spanned<String>,
) -> Result<Duration, FileError> {
    match humantime::parse_duration(value.get_ref()) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Ok(_) => Err(text.refusal(value.span(), format!("{key} is zero"))),
        Err(_) => {
            let reason = format!("{key} is not a duration, such as 30s, 5m or 7d");
            Err(text.refusal(value.span(), reason))
        }
    }
}

/// A number of things: 1 or more.
pub(super) fn count(text: &Text, key: &str, value: &Spanned<i64>) -> Result<u32, FileError> {
    let count = u32::try_from(*value.get_ref()).ok();
    count.filter(|count| *count > 0).ok_or_else(|| {
        let reason = format!("{key} is not a whole number from 1 to {}", u32::MAX);
        text.refusal(value.span(), reason)
    })
}

/// An exit code that a failure can have.
pub(super) fn exit_code(text: &Text, value: &Spanned<i64>) -> Result<u8, FileError> {
    let code = u8::try_from(*value.get_ref()).ok().filter(|code| *code > 0);
    code.ok_or_else(|| {
        text.refusal(
            value.span(),
            "exit_codes has a code that is not a number from 1 to 255",
        )
    })
}

/// The name of a variable that a command may see.
pub(super) fn passed(text: &Text, value: &Spanned<String>) -> Result<String, FileError> {
    let name = value.get_ref();
    if name.is_empty() || name.contains(['=', '\0']) {
        Err(text.refusal(
            value.span(),
            "pass_env has a name that no variable can have",
        ))
    } else if config::is_secret(name) {
        let reason = format!("pass_env has {name}, a secret of the service");
        Err(text.refusal(value.span(), reason))
    } else {
        Ok(name.clone())
    }
}

/// The address of a service, in the operator's own file: a web page's form, without a user.
pub(super) fn url(text: &Text, key: &str, value: &Spanned<String>) -> Result<Url, FileError> {
    let url = Url::parse(value.get_ref()).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    });
    url.ok_or_else(|| {
        let reason =
            format!("{key} is not a URL, such as https://example.com/work, without a user");
        text.refusal(value.span(), reason)
    })
}

/// A JSON document in a file beside this one.
pub(super) fn json(text: &Text, key: &str, value: &Spanned<String>) -> Result<Value, FileError> {
    let path = value.get_ref();
    let refusal = |reason: String| text.refusal(value.span(), format!("{key}: {path} {reason}"));
    let json = fs::read(text.folder.join(path))
        .map_err(|error| refusal(format!("cannot be read: {error}")))?;
    serde_json::from_slice(&json).map_err(|error| refusal(format!("is not JSON: {error}")))
}
