//! Browsers that show a page of another origin (CORS, <https://fetch.spec.whatwg.org/#http-cors-protocol>).
//!
//! Standalone, `CORS_ALLOWED_ORIGINS` says whose pages may call us. Under the Functions host that is the
//! host's affair: it answers preflights and grants requests itself, but exposes no header, and without
//! `Operation-Location` a page gets nowhere. So that part is ours in both modes.
//!
//! No page is allowed to send cookies or the like: nothing here looks at them.

use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    HeaderValue, ORIGIN, VARY,
};
use actix_web::{HttpRequest, HttpResponse};

use super::state::{Api, Browsers};
use crate::origins::Origins;

/// The headers of our replies that a page cannot read unless it is told so. Named one by one: where
/// the host allows credentials, `*` means nothing.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Accept-Encoding, Allow, ETag, Link, Location, Operation-Id, Operation-Location, \
     Preference-Applied, Repeatability-Result, Retry-After, WWW-Authenticate, x-ms-error-code",
);

/// A page may send any header; this one is not among `*`.
const ALLOWED_HEADERS: HeaderValue = HeaderValue::from_static("*, Authorization");

/// For how long a browser need not ask again, in seconds: two hours, more than which Chromium cuts off.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// The answer to a browser that asks what it may send to a resource, which knows these methods. `None`
/// when it is no such question, or comes from a page that may send nothing.
pub(in crate::api) fn preflight(
    request: &HttpRequest,
    methods: &HeaderValue,
) -> Option<HttpResponse> {
    let is_question = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    granted(request).filter(|_| is_question)?;
    Some(
        HttpResponse::NoContent()
            .insert_header((ACCESS_CONTROL_ALLOW_METHODS, methods.clone()))
            .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS))
            .insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE))
            .finish(),
    )
}

/// What to grant to the page that makes the request, if there is one and it may make it.
pub(in crate::api) fn granted(request: &HttpRequest) -> Option<HeaderValue> {
    let Browsers::From(origins) = &request.app_data::<Api>()?.browsers else {
        return None;
    };
    let origin = request.headers().get(ORIGIN)?;
    match origins {
        Origins::Any => Some(HeaderValue::from_static("*")),
        origins => origins.allow(origin.to_str().ok()?).then(|| origin.clone()),
    }
}

/// Lets the page that made the request read the reply.
pub(in crate::api) fn grant<B>(reply: &mut ServiceResponse<B>) {
    let Some(api) = reply.request().app_data::<Api>() else {
        return;
    };
    match api.browsers {
        Browsers::ByHost => {
            if reply.request().headers().contains_key(ORIGIN) {
                reply
                    .headers_mut()
                    .insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
            }
        }
        Browsers::From(Origins::None) => {}
        Browsers::From(_) => {
            let granted = granted(reply.request());
            let headers = reply.headers_mut();
            // Also of a reply to nobody's page, which a cache may keep and give to one.
            headers.append(VARY, HeaderValue::from_static("Origin"));
            if let Some(origin) = granted {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
            }
        }
    }
}
