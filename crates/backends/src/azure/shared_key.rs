//! Signs each request with the account's key, which the storage crates leave to their users.
//!
//! The scheme is Microsoft's "Authorize with Shared Key" for the Blob and Queue services:
//! `Authorization: SharedKey {account}:{HMAC-SHA256 of the string to sign}`.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::Secret;
use azure_core::error::ErrorKind;
use azure_core::hmac::hmac_sha256;
use azure_core::http::headers::HeaderName;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request};
use azure_core::time::{OffsetDateTime, to_rfc7231};

/// A policy for every try: it must run after all that set headers, and again on each retry,
/// because a signature is refused once its date is 15 minutes old.
#[derive(Debug)]
pub(super) struct SharedKeyPolicy {
    account: String,
    key: Secret,
}

impl SharedKeyPolicy {
    /// Signs for this account with its base64 key.
    pub(super) fn new(account: &str, key: &str) -> Self {
        Self {
            account: account.to_owned(),
            key: Secret::new(key.to_owned()),
        }
    }
}

#[async_trait]
impl Policy for SharedKeyPolicy {
    async fn send(
        &self,
        context: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        request.insert_header("x-ms-date", to_rfc7231(&OffsetDateTime::now_utc()));
        write_spaces_as_percent_20(request);
        let signature = hmac_sha256(&string_to_sign(&self.account, request), &self.key)?;
        let authorization = format!("SharedKey {}:{signature}", self.account);
        request.insert_header("authorization", authorization);
        let (policy, rest) = next.split_first().ok_or_else(|| {
            azure_core::Error::with_message(ErrorKind::Other, "no policy left to send the request")
        })?;
        policy.send(context, request, rest).await
    }
}

/// The URL type writes a space in a query as `+`, which servers read back in two ways; a real plus
/// sign is `%2B` by then.
fn write_spaces_as_percent_20(request: &mut Request) {
    let plus = request.url().query().filter(|query| query.contains('+'));
    if let Some(query) = plus.map(|query| query.replace('+', "%20")) {
        request.url_mut().set_query(Some(&query));
    }
}

/// The text that is signed: the method, eleven headers, all `x-ms-` headers and the resource.
fn string_to_sign(account: &str, request: &Request) -> String {
    let header = |name: &'static str| {
        let name = HeaderName::from_static(name);
        request.headers().get_optional_str(&name).unwrap_or("")
    };
    let length = match request.body().len() {
        None | Some(0) => String::new(),
        Some(length) => length.to_string(),
    };
    [
        request.method().as_str(),
        header("content-encoding"),
        header("content-language"),
        &length,
        header("content-md5"),
        header("content-type"),
        // The date is in `x-ms-date`, which is among the canonicalized headers.
        "",
        header("if-modified-since"),
        header("if-match"),
        header("if-none-match"),
        header("if-unmodified-since"),
        header("range"),
        &(canonicalized_headers(request) + &canonicalized_resource(account, request)),
    ]
    .join("\n")
}

fn canonicalized_headers(request: &Request) -> String {
    let mut headers: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().trim()))
        .filter(|(name, _)| name.starts_with("x-ms-"))
        .collect();
    headers.sort_unstable();
    headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect()
}

/// The account, the path as it is sent, and the query parameters decoded and sorted by name.
fn canonicalized_resource(account: &str, request: &Request) -> String {
    let mut parameters: Vec<_> = request
        .url()
        .query_pairs()
        .map(|(name, value)| (name.to_lowercase(), value))
        .collect();
    parameters.sort_unstable();
    let mut resource = format!("/{account}{}", request.url().path());
    for same_name in parameters.chunk_by(|one, other| one.0 == other.0) {
        let values: Vec<_> = same_name.iter().map(|(_, value)| value.as_ref()).collect();
        resource += &format!("\n{}:{}", same_name[0].0, values.join(","));
    }
    resource
}

#[cfg(test)]
mod tests;
