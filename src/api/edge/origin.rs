//! Whether a page of another site made a browser send a request.

use actix_web::HttpRequest;
use actix_web::http::header::ORIGIN;

use super::base_url::base_url;
use super::cors::granted;
use super::headers::SEC_FETCH_SITE;
use super::state::Api;

/// A browser sends such a request for any page, without asking us first, as long as a form could
/// have made it; so what the request is must be looked at as if nobody had meant it.
///
/// Pages cannot set either header. `Sec-Fetch-Site` compares the page with the address in the
/// browser's own view, and counts where it is sent; a site's other hosts (`same-site`) are others'.
/// Over plain HTTP, and from older browsers, there is `Origin` alone. A page that the operator lets in
/// (`CORS_ALLOWED_ORIGINS`) is as good as one of ours.
pub(in crate::api) fn is_cross_site(request: &HttpRequest, api: &Api) -> bool {
    let header = |name| request.headers().get(name);
    match (header(SEC_FETCH_SITE), header(ORIGIN)) {
        (Some(site), _) => {
            !matches!(site.as_bytes(), b"same-origin" | b"none") && granted(request).is_none()
        }
        (None, Some(origin)) => {
            let own = base_url(request, api.public_base_url.as_deref());
            !origin.as_bytes().eq_ignore_ascii_case(own.as_bytes()) && granted(request).is_none()
        }
        (None, None) => false,
    }
}
