//! The keys of the routes that are not for everybody.

use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, Handler, HttpRequest, Responder, Route, web};
use serde::Deserialize;

use super::headers::X_FUNCTIONS_KEY;
use super::problem::Problem;
use super::state::{Access, Api};
use ports::Secret;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Everybody.
    Open,
    /// Everybody, unless submission has a key: then who has that, or the other one.
    SubmitKey,
    /// Who has the key of the routes that list, manage or measure.
    Key,
    /// The same; but under the Functions host, which lets everybody in, a key of the service's own.
    OwnKey,
}

/// A route of actix-web whose handler is reached by those alone whom the protection lets in.
pub(super) fn guarded<F, Args>(protection: Protection, method: &Method, handler: F) -> Route
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    let route = web::method(method.clone());
    match protection {
        Protection::Open => route.to(handler),
        Protection::SubmitKey => route.to(Guarded::<Submitter, F>::new(handler)),
        Protection::Key => route.to(Guarded::<Keyed, F>::new(handler)),
        Protection::OwnKey => route.to(Guarded::<OwnKeyed, F>::new(handler)),
    }
}

/// A handler that takes a proof before its own arguments.
struct Guarded<Proof, F> {
    handler: F,
    proof: PhantomData<Proof>,
}

impl<Proof, F> Guarded<Proof, F> {
    fn new(handler: F) -> Self {
        Self {
            handler,
            proof: PhantomData,
        }
    }
}

impl<Proof, F: Clone> Clone for Guarded<Proof, F> {
    fn clone(&self) -> Self {
        Self::new(self.handler.clone())
    }
}

impl<Proof: 'static, F: Handler<Args>, Args> Handler<(Proof, Args)> for Guarded<Proof, F> {
    type Output = F::Output;
    type Future = F::Future;

    fn call(&self, (_, arguments): (Proof, Args)) -> Self::Future {
        self.handler.call(arguments)
    }
}

/// Proof that the caller may use a route that lists, manages or measures.
struct Keyed;

/// The same where the Functions host has not looked for a key.
struct OwnKeyed;

/// Proof that the caller may submit, which everybody may unless there is a key for it.
struct Submitter;

/// Where Azure's clients put a key when they cannot set a header.
#[derive(Deserialize)]
struct CodeQuery {
    code: String,
}

impl FromRequest for Keyed {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match request.app_data::<Api>().map(|api| &api.access) {
            Some(Access::CheckedByHost { .. }) => Ok(Self),
            Some(Access::Checked(keys)) if keys.api.is_empty() => Err(Problem::no_key()),
            Some(Access::Checked(keys)) if has_one_of(request, &[&keys.api]) => Ok(Self),
            _ => Err(Problem::unauthorized()),
        })
    }
}

impl FromRequest for OwnKeyed {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match request.app_data::<Api>() {
            Some(api) if has_key(request, api) => Ok(Self),
            Some(api) if own_keys(api).is_empty() => Err(Problem::no_key()),
            _ => Err(Problem::unauthorized()),
        })
    }
}

impl FromRequest for Submitter {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match request.app_data::<Api>().map(|api| &api.access) {
            Some(Access::CheckedByHost { .. }) => Ok(Self),
            Some(Access::Checked(keys))
                if keys.submit.is_empty() || has_one_of(request, &[&keys.submit, &keys.api]) =>
            {
                Ok(Self)
            }
            _ => Err(Problem::unauthorized()),
        })
    }
}

/// Whether a request shows the key of the routes that list, manage or measure. What the Functions host has let
/// everybody through to, it has not checked: there the service's own keys count, if it has any.
pub(in crate::api) fn has_key(request: &HttpRequest, api: &Api) -> bool {
    has_one_of(request, &[own_keys(api)])
}

fn own_keys(api: &Api) -> &[Secret] {
    match &api.access {
        Access::CheckedByHost { own } => own,
        Access::Checked(keys) => &keys.api,
    }
}

/// Whether the request shows one of these keys. The header for keys counts alone. A bearer token may
/// be meant for a gateway on the way, and then the query counts.
fn has_one_of(request: &HttpRequest, keys: &[&[Secret]]) -> bool {
    let opens = |sent: &[u8]| {
        keys.iter()
            .flat_map(|keys| keys.iter())
            .fold(false, |opened, key| {
                opened | same_text(sent, key.expose().as_bytes())
            })
    };
    match request.headers().get(X_FUNCTIONS_KEY) {
        Some(value) => opens(value.as_bytes()),
        None => {
            bearer(request).is_some_and(opens) || code(request).is_some_and(|c| opens(c.as_bytes()))
        }
    }
}

/// The token of `Authorization: Bearer` (RFC 6750), the only place for a key that some programs have.
fn bearer(request: &HttpRequest) -> Option<&[u8]> {
    let value = request.headers().get(AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(b"bearer ".len())?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then_some(token.trim_ascii())
}

fn code(request: &HttpRequest) -> Option<String> {
    let query = web::Query::<CodeQuery>::from_query(request.query_string()).ok()?;
    Some(query.into_inner().code)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn only_the_same_text_is_the_same(one in any::<Vec<u8>>(), other in any::<Vec<u8>>()) {
            prop_assert_eq!(same_text(&one, &other), one == other);
            prop_assert!(same_text(&one, &one));
        }
    }
}
