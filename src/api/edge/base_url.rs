//! The address under which the client sees us: scheme and host of the links we hand out.

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HOST, HeaderName, X_FORWARDED_HOST, X_FORWARDED_PROTO};

use super::headers::X_ORIGINAL_URL;
use super::state::Api;

/// The configured base, or the one the client used, without a trailing slash.
///
/// The Functions host passes the client's `Host` on; the front ends before it tell the rest in an
/// absolute `X-Original-URL`, in `X-Forwarded-Proto` and `X-Forwarded-Host`, or in `Forwarded`
/// (RFC 7239). An absolute request target counts before `Host` (RFC 9112, section 3.2.2). A client that
/// forges any of them forges its own links only. What cannot be a host never gets into a header of
/// ours.
///
/// `X-Forwarded-Port` is not read: as often as not it is a port inside the network. Whoever has a proxy
/// that drops the client's port sets `PUBLIC_BASE_URL`.
pub(in crate::api) fn base_url(request: &HttpRequest, configured: Option<&str>) -> String {
    if let Some(base) = configured {
        return base.to_owned();
    }
    if let Some(base) = header(request, X_ORIGINAL_URL).and_then(origin) {
        return base;
    }
    let target = request.uri();
    let scheme = [
        header(request, X_FORWARDED_PROTO),
        forwarded(request, "proto"),
        target.scheme_str(),
    ]
    .into_iter()
    .flatten()
    .find_map(scheme)
    .unwrap_or("http");
    let asked = match target.authority() {
        Some(authority) => authority.as_str().rsplit('@').next(),
        None => header(request, HOST),
    };
    let host = [
        header(request, X_FORWARDED_HOST),
        forwarded(request, "host"),
        asked,
    ]
    .into_iter()
    .flatten()
    .find(|host| is_host(host));
    match (host, request.app_data::<Api>()) {
        (Some(host), _) => [scheme, "://", host].concat(),
        (None, Some(api)) => format!("{scheme}://{}", api.address),
        (None, None) => format!("{scheme}://localhost"),
    }
}

/// Schemes are written in either case (RFC 3986, section 3.1).
fn scheme(text: &str) -> Option<&'static str> {
    ["http", "https"]
        .into_iter()
        .find(|known| text.eq_ignore_ascii_case(known))
}

/// A parameter of the first proxy in `Forwarded`, the one that the client spoke to.
fn forwarded<'a>(request: &'a HttpRequest, parameter: &str) -> Option<&'a str> {
    header(request, FORWARDED)?.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let is_asked = name.trim().eq_ignore_ascii_case(parameter);
        is_asked.then(|| value.trim().trim_matches('"'))
    })
}

/// The first of a comma-separated list: proxies append.
fn header(request: &HttpRequest, name: HeaderName) -> Option<&str> {
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
    let (text, rest) = url.split_once("://")?;
    let scheme = scheme(text)?;
    let host = rest.split(['/', '?', '#']).next()?;
    is_host(host).then(|| format!("{scheme}://{host}"))
}

/// A name or an address, with or without a port (RFC 3986, section 3.2.2, without user names).
fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (text, None),
    };
    let is_address = || {
        let inner = name.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse::<std::net::Ipv6Addr>().ok()
    };
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        && name.starts_with(|first: char| first.is_ascii_alphanumeric());
    let is_port =
        |port: &str| port.parse::<u16>().is_ok() && port.bytes().all(|b| b.is_ascii_digit());
    (1..=255).contains(&text.len())
        && (is_name || is_address().is_some())
        && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

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
    fn an_absolute_target_counts_before_the_host() {
        let of = |target: &str, headers: &[(&'static str, &'static str)]| {
            let request = TestRequest::with_uri(target).insert_header(("host", "b.example"));
            let request = headers
                .iter()
                .fold(request, |request, header| request.insert_header(*header));
            base_url(&request.to_http_request(), None)
        };
        let target = "http://a.example:8080/api/tasks";
        assert_eq!(of(target, &[]), "http://a.example:8080");
        assert_eq!(of("HTTPS://u:p@a.example/x", &[]), "https://a.example");
        assert_eq!(of("http://[::1]:80/x", &[]), "http://[::1]:80");
        assert_eq!(of("/api/tasks", &[]), "http://b.example");
        let proxy = [
            ("x-forwarded-host", "c.example"),
            ("x-forwarded-proto", "https"),
        ];
        assert_eq!(of(target, &proxy), "https://c.example");
    }

    #[test]
    fn a_front_end_writes_as_it_likes() {
        for proto in ["HTTPS", "Https, http"] {
            let headers = [("host", "a.example"), ("x-forwarded-proto", proto)];
            assert_eq!(base(&headers), "https://a.example");
        }
        assert_eq!(
            base(&[("x-original-url", "HTTPS://App.example/api/tasks")]),
            "https://App.example"
        );
        for forwarded in [
            "for=192.0.2.1;host=a.example:8443;proto=https",
            "Proto=HTTPS; Host=\"a.example:8443\"; by=_x, host=b.example",
        ] {
            let headers = [("host", "127.0.0.1:41234"), ("forwarded", forwarded)];
            assert_eq!(base(&headers), "https://a.example:8443", "{forwarded}");
        }
    }

    #[test]
    fn what_cannot_be_a_host_is_not_repeated() {
        for forged in [
            "a b",
            "evil\"",
            "user@host",
            "a/b",
            "<x>",
            "",
            ":",
            ".",
            "[::1",
            "a:b",
            "a:99999",
            "a:+1",
            "[::1]:",
            "-a",
            "::1",
        ] {
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

    /// The base of a request with this value in one of the headers that tell of the client's URL.
    fn base_with(name: &'static str, value: &[u8]) -> String {
        let Ok(value) = HeaderValue::from_bytes(value) else {
            return base(&[]);
        };
        let request = TestRequest::default().insert_header((HeaderName::from_static(name), value));
        base_url(&request.to_http_request(), None)
    }

    /// A base is a scheme, a name or an address, and perhaps a port, whatever was sent.
    fn assert_safe(base: &str) {
        let host = base
            .strip_prefix("https://")
            .or_else(|| base.strip_prefix("http://"))
            .unwrap();
        let safe = |b: u8| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b);
        assert!(
            !host.is_empty() && host.len() <= 255 && host.bytes().all(safe),
            "{base}"
        );
        let authority: actix_web::http::uri::Authority = host.parse().unwrap();
        assert!(!authority.host().is_empty(), "{base}");
    }

    const TELLING: [&str; 5] = [
        "forwarded",
        "host",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-original-url",
    ];

    #[test]
    fn hostile_headers_give_a_safe_base() {
        corpus::each(|bytes| {
            for name in TELLING {
                assert_safe(&base_with(name, bytes));
            }
        });
    }

    proptest! {
        #[test]
        fn any_header_gives_a_safe_base(text in corpus::any_text(), host in r"\[?[0-9a-zA-Z.:_-]{0,20}\]?(:[0-9+-]{0,6})?") {
            for value in [&text, &host, &format!("https://{host}/x"), &format!("http://{text}"), &format!("host={host};proto={text}")] {
                for name in TELLING {
                    assert_safe(&base_with(name, value.as_bytes()));
                }
            }
        }
    }
}
