//! The key of the routes that are not for everybody.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::Deserialize;

use super::headers::X_FUNCTIONS_KEY;
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
    match request.headers().get(X_FUNCTIONS_KEY) {
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

/// A request from this machine, to this machine's own name, that no proxy says it has passed on.
/// The name matters: a proxy that says nothing, or a web page whose name leads here, has another.
fn is_local(request: &HttpRequest) -> bool {
    let is_forwarded = [
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-real-ip",
        "via",
    ]
    .iter()
    .any(|name| request.headers().contains_key(*name));
    let host = request
        .headers()
        .get("host")
        .and_then(|host| host.to_str().ok());
    let from_here = request
        .peer_addr()
        .is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    !is_forwarded && from_here && host.is_some_and(is_loopback_name)
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<std::net::IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::corpus;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for host in [
            "localhost",
            "localhost:7071",
            "127.0.0.1:7071",
            "127.0.0.2",
            "[::1]:80",
            "[::1]",
        ] {
            assert!(is_loopback_name(host), "{host}");
        }
        for host in [
            "",
            "tasks.example",
            "10.0.0.1:80",
            "localhost.example",
            "127.0.0.1.example:7071",
        ] {
            assert!(!is_loopback_name(host), "{host}");
        }
    }

    #[test]
    fn hostile_names_are_not_local() {
        corpus::each_text(|text| {
            // One has an impossible port.
            let is_plain = text.starts_with("127.0.0.1:");
            assert!(is_plain || !is_loopback_name(text), "{text}");
        });
    }

    proptest! {
        #[test]
        fn any_name_that_is_local_is_an_address_or_localhost(name in r"\[?[0-9a-z.:]{0,20}\]?(:[0-9]{0,5})?") {
            let is_plain = name.starts_with("localhost") || name.starts_with("127.") || name.contains("::");
            prop_assert!(is_plain || !is_loopback_name(&name));
        }

        #[test]
        fn only_the_same_text_is_the_same(one in any::<Vec<u8>>(), other in any::<Vec<u8>>()) {
            prop_assert_eq!(same_text(&one, &other), one == other);
            prop_assert!(same_text(&one, &one));
        }
    }
}
