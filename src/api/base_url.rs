//! The address under which the client sees us: scheme and host of the links we hand out.

use actix_web::HttpRequest;

use super::state::Api;

/// The configured base, or the one the client used, without a trailing slash.
///
/// The Functions host passes the client's `Host` on; the front ends before it tell the rest in
/// `X-Forwarded-Proto`, `X-Forwarded-Host` or an absolute `X-Original-URL`. A client that forges
/// them forges its own links only. What cannot be a host never gets into a header of ours.
pub(super) fn base_url(request: &HttpRequest, configured: Option<&str>) -> String {
    if let Some(base) = configured {
        return base.to_owned();
    }
    if let Some(base) = header(request, "x-original-url").and_then(origin) {
        return base;
    }
    let scheme = match header(request, "x-forwarded-proto") {
        Some("https") => "https",
        _ => "http",
    };
    let host = [
        header(request, "x-forwarded-host"),
        header(request, "host"),
        request.uri().host(),
    ]
    .into_iter()
    .flatten()
    .find(|host| is_host(host))
    .map(str::to_owned)
    .or_else(|| Some(request.app_data::<Api>()?.address.to_string()))
    .unwrap_or_default();
    format!("{scheme}://{host}")
}

/// The first of a comma-separated list: proxies append.
fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request
        .headers()
        .get(name)?
        .to_str()
        .ok()?
        .split(',')
        .next()
        .map(str::trim)
}

/// Scheme and authority of an absolute URL.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    (matches!(scheme, "http" | "https") && is_host(host)).then(|| format!("{scheme}://{host}"))
}

/// A name or an address, with or without a port (RFC 3986, section 3.2.2, without user names).
fn is_host(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn base(headers: &[(&'static str, &'static str)]) -> String {
        let request = headers
            .iter()
            .fold(TestRequest::default(), |request, header| {
                request.insert_header(*header)
            });
        base_url(&request.to_http_request(), None)
    }

    #[test]
    fn the_clients_own_host_is_used() {
        assert_eq!(base(&[("host", "localhost:7071")]), "http://localhost:7071");
        assert_eq!(base(&[("host", "[::1]:7071")]), "http://[::1]:7071");
    }

    #[test]
    fn a_front_end_tells_scheme_and_host() {
        let host = ("host", "127.0.0.1:41234");
        assert_eq!(
            base(&[
                host,
                ("x-forwarded-proto", "https"),
                ("x-forwarded-host", "a.example, b")
            ]),
            "https://a.example"
        );
        assert_eq!(
            base(&[
                host,
                ("x-original-url", "https://app.example/api/tasks?x=1")
            ]),
            "https://app.example"
        );
        assert_eq!(
            base(&[host, ("x-original-url", "/api/tasks")]),
            "http://127.0.0.1:41234"
        );
    }

    #[test]
    fn what_cannot_be_a_host_is_not_repeated() {
        for forged in ["a b", "evil\"", "user@host", "a/b", "<x>", ""] {
            assert_eq!(
                base(&[("host", "good.example"), ("x-forwarded-host", forged)]),
                "http://good.example"
            );
        }
    }

    #[test]
    fn a_configured_base_wins() {
        let request = TestRequest::default()
            .insert_header(("host", "a.example"))
            .to_http_request();
        assert_eq!(
            base_url(&request, Some("https://b.example")),
            "https://b.example"
        );
    }
}
