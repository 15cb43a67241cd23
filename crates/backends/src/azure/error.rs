//! Turns an error of the storage crates into a [`StorageError`], or into the answer it is.
//!
//! A SAS is part of every URL, and transport errors quote URLs, in their `Debug` and in their
//! sources. So nothing here prints an error whole: an answer of the service is told by its status,
//! code and first line, a failure of the transport by its innermost cause, without queries.

use std::error::Error as _;

use azure_core::Error;
use azure_core::error::ErrorKind;
use azure_core::http::StatusCode;

use ports::{Recovery, StorageError};

/// The longest cause that is logged, in characters.
const LONGEST: usize = 300;

/// The service's code for an error, such as `BlobNotFound`; empty when there is none.
pub(super) fn code(error: &Error) -> &str {
    match error.kind() {
        ErrorKind::HttpResponse {
            error_code: Some(code),
            ..
        } => code,
        _ => "",
    }
}

/// Takes an error with one of these codes as the answer "no".
pub(super) fn unless<T>(
    result: azure_core::Result<T>,
    codes: &[&str],
) -> azure_core::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if codes.contains(&code(&error)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Says what failed, why, and whether trying again can help.
pub(super) fn storage_error(operation: &'static str, error: Error) -> StorageError {
    match error.kind() {
        ErrorKind::HttpResponse { status, .. } => {
            let recovery = recovery(*status, code(&error));
            StorageError {
                operation,
                cause: answer(*status, error),
                recovery,
            }
        }
        ErrorKind::Connection | ErrorKind::Io => {
            let cause = format!("no answer from storage: {}", innermost(&error));
            StorageError::transient(operation, cause)
        }
        ErrorKind::Credential => credential_error(operation, &error),
        _ => StorageError::permanent(operation, safe_line(&own_text(&error).to_string())),
    }
}

/// A field that the service always sends was missing: something else answered.
pub(super) fn incomplete(operation: &'static str, field: &str) -> StorageError {
    StorageError::permanent(operation, format!("the service answered without {field}"))
}

/// What passes by itself: overload, outages, and a container or queue that is still being deleted
/// (about 30 seconds).
fn may_pass(status: StatusCode, code: &str) -> bool {
    let status = u16::from(status);
    matches!(status, 408 | 429 | 500..)
        || matches!(code, "ContainerBeingDeleted" | "QueueBeingDeleted")
}

/// A refusal may end: a role that was granted takes minutes to count, and so does a change of the
/// account's firewall. A signature that is wrong stays so.
fn recovery(status: StatusCode, code: &str) -> Recovery {
    match status {
        _ if may_pass(status, code) => Recovery::Transient,
        StatusCode::Forbidden if code != "AuthenticationFailed" => Recovery::Denied,
        _ => Recovery::Permanent,
    }
}

/// An answer in one line: status, code, and our advice or else the service's message.
fn answer(status: StatusCode, error: Error) -> String {
    let status = u16::from(status);
    let code = code(&error).to_owned();
    let text = match advice(&code) {
        Some(advice) => advice.to_owned(),
        None => azure_storage_blob::StorageError::try_from(error)
            .ok()
            .and_then(|answer| answer.message)
            .unwrap_or_default(),
    };
    let line = safe_line(&text);
    match (code.is_empty(), line.is_empty()) {
        (true, true) => format!("status {status}"),
        (true, false) => format!("{status}: {line}"),
        (false, true) => format!("{status} {code}"),
        (false, false) => format!("{status} {code}: {line}"),
    }
}

/// What an operator can do about a refusal; the service's own texts do not say.
fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "AuthenticationFailed" => {
            "the account key or SAS is wrong or expired, or this machine's clock is wrong"
        }
        // Azurite's answer to a wrong key, Azure's to a firewall or a missing permission.
        "AuthorizationFailure" => {
            "the account key or SAS is wrong or does not allow this, or the account's firewall \
             refuses this machine"
        }
        "AuthorizationPermissionMismatch" => {
            "the SAS does not allow this, or the managed identity lacks the roles Storage Blob \
             Data Contributor (under the Functions host Storage Blob Data Owner) and Storage Queue \
             Data Contributor; a role counts some minutes after it was granted"
        }
        "KeyBasedAuthenticationNotPermitted" => {
            "the account does not allow account keys: use a managed identity"
        }
        "BlockCountExceedsLimit" => "the tally is full: it holds 50,000 entries",
        _ => return None,
    })
}

/// No token: the identity endpoint refused, as before the identity is assigned; or it was out of
/// reach.
fn credential_error(operation: &'static str, error: &Error) -> StorageError {
    let answered = chain(error)
        .filter_map(|source| source.downcast_ref::<Error>()?.http_status())
        .last();
    match answered {
        Some(status) if may_pass(status, "") => {
            StorageError::transient(operation, safe_line(&own_text(error).to_string()))
        }
        Some(_) => StorageError::denied(operation, safe_line(&own_text(error).to_string())),
        None => {
            let cause = format!("no answer from the managed identity: {}", innermost(error));
            StorageError::transient(operation, cause)
        }
    }
}

/// The error and what it came from, outermost first.
fn chain<'a>(
    error: &'a Error,
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> + use<'a> {
    std::iter::successors(error.source(), |source| (*source).source())
}

/// The crates wrap an error in remarks about retries: the innermost of the same kind says more.
fn own_text(error: &Error) -> &Error {
    chain(error)
        .filter_map(|source| source.downcast_ref::<Error>())
        .filter(|inner| inner.kind() == error.kind())
        .last()
        .unwrap_or(error)
}

/// The innermost cause, such as `Connection refused (os error 111)`.
fn innermost(error: &Error) -> String {
    match chain(error).last() {
        Some(cause) => safe_line(&cause.to_string()),
        None => safe_line(&error.to_string()),
    }
}

/// The first line, without the query of any URL in it.
fn safe_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let words = line.split(' ').map(|word| match word.find('?') {
        Some(query) if word.contains("://") => &word[..query],
        _ => word,
    });
    words
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(LONGEST)
        .collect()
}

#[cfg(test)]
mod tests;
