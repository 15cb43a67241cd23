//! The key of the routes that are not for everybody.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::Deserialize;

use super::problem::Problem;
use super::state::{Access, Api};

/// Proof that the caller may use a route that lists, manages or measures. A handler that takes it
/// as an argument cannot be reached without.
pub(super) struct Keyed(());

/// Where Azure's clients put a key when they cannot set a header.
#[derive(Deserialize)]
struct CodeQuery {
    code: String,
}

impl FromRequest for Keyed {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let allowed = match request.app_data::<Api>().map(|api| &api.access) {
            Some(Access::CheckedByHost) => true,
            Some(Access::Key(key)) => sent_key(request)
                .is_some_and(|sent| same_text(sent.as_bytes(), key.expose().as_bytes())),
            Some(Access::Loopback) => is_local(request),
            None => false,
        };
        ready(if allowed {
            Ok(Self(()))
        } else {
            Err(Problem::unauthorized())
        })
    }
}

fn sent_key(request: &HttpRequest) -> Option<String> {
    match request.headers().get("x-functions-key") {
        Some(value) => value.to_str().ok().map(str::to_owned),
        None => {
            let query = web::Query::<CodeQuery>::from_query(request.query_string()).ok()?;
            Some(query.into_inner().code)
        }
    }
}

/// Compares without telling by its duration how much of the key was right.
fn same_text(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .fold(0, |difference, (a, b)| difference | (a ^ b))
            == 0
}

/// A request from this machine that no proxy has passed on from elsewhere.
fn is_local(request: &HttpRequest) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for", "x-forwarded-host"]
        .iter()
        .any(|name| request.headers().contains_key(*name));
    !forwarded
        && request
            .peer_addr()
            .is_some_and(|peer| peer.ip().to_canonical().is_loopback())
}
