//! Forwarded HTTP: what the handler sees, what the caller gets, who is let in.

use bytes::Bytes;
use functions_host::{Answer, Client, FunctionsHost, HostVersion, Payload};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method};

use super::scripted::{Reply, ScriptedHandler};
use super::{start_before, without_queue};

fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
    let headers = list.iter().map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    });
    headers.collect()
}

async fn send(host: &FunctionsHost, method: Method, path: &str, headers: HeaderMap) -> Answer {
    let url = host.url(path);
    let client = Client::default();
    let sent = client.send(method, &url, headers, Payload::Empty);
    sent.await.expect("an answer")
}

pub(super) async fn get(host: &FunctionsHost, path: &str) -> Answer {
    send(host, Method::GET, path, HeaderMap::new()).await
}

#[actix_web::test]
async fn a_request_arrives_with_path_query_headers_and_body() {
    let handler = ScriptedHandler::start(|_| Reply::new(202, "text/plain", "ok"));
    let (options, _) = without_queue();
    let host = start_before(&handler, options).await;
    let url = host.url("/api/tasks?a=1&B=x%20y&A=2&c");
    let sent = headers(&[
        ("host", "tasks.example"),
        ("user-agent", "curl/8.5.0"),
        ("content-type", "application/json"),
        ("idempotency-key", "k"),
    ]);
    let body = Bytes::from(r#"{"number": 24}"#);
    let payload = Payload::Sized(body.clone());
    let answer = Client::default()
        .send(Method::POST, &url, sent, payload)
        .await
        .unwrap();
    assert_eq!(
        (answer.status.as_u16(), &answer.body[..]),
        (202, &b"ok"[..])
    );

    let call = &handler.calls("/api/tasks")[0];
    assert_eq!(call.method, "POST");
    assert_eq!(call.query, "a=1,2&B=x%20y&c=");
    assert_eq!(call.body, body);
    assert_eq!(call.header("host"), "tasks.example");
    assert_eq!(call.header("content-type"), "application/json");
    assert_eq!(call.header("idempotency-key"), "k");
    assert!(
        call.header("user-agent")
            .starts_with("curl/8.5.0 Azure-Functions-Host/")
    );
    assert!(!call.header("x-azure-functions-hostversion").is_empty());
    let finished = &host.finished("create_task", 1).await[0];
    assert_eq!(
        call.header("x-azure-functions-invocationid"),
        finished.invocation.id
    );
    assert_eq!(finished.status, Some(202));
}

/// A host of this version before a handler that answers 202.
async fn start(version: HostVersion) -> (ScriptedHandler, FunctionsHost) {
    let handler = ScriptedHandler::start(|_| Reply::empty(202));
    let (options, _) = without_queue();
    let host = start_before(&handler, options.version(version)).await;
    (handler, host)
}

#[actix_web::test]
async fn a_chunked_upload_is_refused_by_the_host_or_passed_on() {
    for (version, status, calls) in [
        (HostVersion::Rebuilding, 500, 0),
        (HostVersion::Proxying, 202, 1),
    ] {
        let (handler, host) = start(version).await;
        let body = Bytes::from_static(b"{\"number\": 24}");
        let sent = headers(&[("content-type", "application/json")]);
        let url = host.url("/api/tasks");
        let answer = Client::default()
            .send(Method::POST, &url, sent, Payload::Chunked(body.clone()))
            .await
            .unwrap();
        assert_eq!((answer.status.as_u16(), answer.body.len()), (status, 0));
        let arrived = handler.calls("/api/tasks");
        assert_eq!(arrived.len(), calls);
        for call in arrived {
            assert_eq!(call.body, body);
            assert_eq!(call.header("transfer-encoding"), "chunked");
            assert_eq!(call.header("content-type"), "application/json");
        }
        let failed = host.logs().entries();
        let failed = failed
            .iter()
            .any(|line| line.text.contains("'Transfer-Encoding: chunked'"));
        assert_eq!(failed, calls == 0);
    }
}

/// What a request has that the two ways of forwarding treat each in its way.
fn odd_headers() -> HeaderMap {
    let mut sent = headers(&[
        ("host", "tasks.example"),
        ("user-agent", "probe/1"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("x-forwarded-host", "before.example"),
        ("x-azure-functions-invocationid", "mine"),
        ("content-type", "text/x"),
        ("content-length", "0"),
    ]);
    for value in ["a", "b"] {
        sent.append("x-dup", HeaderValue::from_static(value));
    }
    sent
}

#[actix_web::test]
async fn the_host_that_was_seen_takes_a_request_apart_and_makes_it_anew() {
    let (handler, host) = start(HostVersion::Rebuilding).await;
    for path in [
        "/api/tasks/a%2Fb?a=1&a=2&flag",
        "/api/tasks/x%3Fy",
        "/api/tasks/%23y",
    ] {
        send(&host, Method::GET, path, odd_headers()).await;
    }
    assert_eq!(handler.calls("/api/tasks/x").len(), 1);
    assert_eq!(handler.calls("/api/tasks/").len(), 1);
    let call = &handler.calls("/api/tasks/a%2Fb")[0];
    assert_eq!(call.query, "a=1,2&flag=");
    for (name, value) in [
        ("host", "tasks.example"),
        ("user-agent", "probe/1 Azure-Functions-Host/4.1037.0.0"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("x-dup", "a, b"),
        ("x-forwarded-host", "before.example"),
        ("content-type", ""),
        ("traceparent", ""),
    ] {
        assert_eq!(call.header(name), value, "{name}");
    }
    assert_ne!(call.header("x-azure-functions-invocationid"), "mine");
}

#[actix_web::test]
async fn a_newer_host_passes_a_request_on_as_a_proxy() {
    let (handler, host) = start(HostVersion::Proxying).await;
    for path in ["/api/tasks/a%2Fb?a=1&a=2&flag", "/api/tasks/x%3Fy"] {
        send(&host, Method::GET, path, odd_headers()).await;
    }
    assert_eq!(handler.calls("/api/tasks/x%3Fy").len(), 1);
    let call = &handler.calls("/api/tasks/a%252Fb")[0];
    assert_eq!(call.query, "a=1&a=2&flag");
    for (name, value) in [
        ("host", format!("127.0.0.1:{}", handler.port).as_str()),
        ("user-agent", "probe/1"),
        ("connection", ""),
        ("x-hop", "1"),
        ("x-dup", "a, b"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "tasks.example"),
        ("x-forwarded-proto", "http"),
        ("content-type", "text/x"),
        ("content-length", "0"),
    ] {
        assert_eq!(call.header(name), value, "{name}");
    }
    let invocation = call.header("x-azure-functions-invocationid");
    assert_ne!(invocation, "mine");
    assert_eq!(call.header("x-ms-invocation-id"), invocation);
    assert_eq!(call.header("traceparent").len(), 55);

    let traced = headers(&[("traceparent", "00-mine-01")]);
    send(&host, Method::GET, "/api/health", traced).await;
    assert_eq!(
        handler.calls("/api/health")[0].header("traceparent"),
        "00-mine-01"
    );
}

#[actix_web::test]
async fn a_host_that_is_not_told_to_does_not_proxy() {
    let handler = ScriptedHandler::start(|_| Reply::empty(202));
    let (options, _) = without_queue();
    let options = options.version(HostVersion::Proxying).setting(
        "AzureFunctionsJobHost__customHandler__enableProxyingHttpRequest",
        "false",
    );
    let host = start_before(&handler, options).await;
    send(
        &host,
        Method::GET,
        "/api/health",
        headers(&[("host", "tasks.example")]),
    )
    .await;
    assert_eq!(
        handler.calls("/api/health")[0].header("host"),
        "tasks.example"
    );
}

#[actix_web::test]
async fn an_answer_passes_unchanged_whatever_its_status() {
    let handler = ScriptedHandler::start(|call| match call.path.as_str() {
        "/api/tasks/moved" => Reply::empty(301).header("location", "/elsewhere"),
        _ => Reply::new(500, "application/problem+json", "{}")
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2"),
    });
    let (options, _) = without_queue();
    let host = start_before(&handler, options).await;

    let moved = get(&host, "/api/tasks/moved").await;
    assert_eq!(
        (moved.status.as_u16(), moved.header("location")),
        (301, "/elsewhere")
    );
    let failed = get(&host, "/api/tasks/1").await;
    assert_eq!(failed.status.as_u16(), 500);
    assert_eq!(failed.header("content-type"), "application/problem+json");
    assert_eq!(failed.headers.get_all("set-cookie").iter().count(), 2);
    let finished = host.finished("get_task", 2).await;
    assert!(finished.iter().all(|one| one.outcome.succeeded()));
}

#[actix_web::test]
async fn the_answer_to_head_keeps_the_length_it_announces() {
    let handler = ScriptedHandler::start(|_| Reply::new(200, "text/plain", "twelve bytes"));
    let (options, _) = without_queue();
    let host = start_before(&handler, options).await;
    let answer = send(&host, Method::HEAD, "/api/health", HeaderMap::new()).await;
    assert_eq!(
        (answer.header("content-length"), answer.body.len()),
        ("12", 0)
    );
}

#[actix_web::test]
async fn an_unknown_route_is_refused_by_the_host_itself() {
    let handler = ScriptedHandler::start(|_| Reply::acknowledge());
    let (options, _) = without_queue();
    let host = start_before(&handler, options).await;
    let requests = [
        (Method::GET, "/"),
        (Method::GET, "/api/nothing"),
        (Method::GET, "/tasks/1"),
        (Method::DELETE, "/api/tasks/1"),
        (Method::POST, "/queue_worker"),
        (Method::POST, "/api/queue_worker"),
        (Method::POST, "/api/../queue_worker"),
    ];
    for (method, path) in requests {
        let answer = send(&host, method, path, HeaderMap::new()).await;
        assert_eq!(answer.status.as_u16(), 404, "{path}");
    }
    assert!(handler.calls("/queue_worker").is_empty());
}

#[actix_web::test]
async fn keys_are_checked_only_when_asked() {
    let handler = ScriptedHandler::start(|_| Reply::acknowledge());
    let (options, _) = without_queue();
    let host = start_before(&handler, options).await;
    let open = get(&host, "/api/metrics").await;
    assert_eq!(open.status.as_u16(), 200);

    let (options, _) = without_queue();
    let host = start_before(&handler, options.enable_auth("sesame")).await;
    let cases = [
        ("/api/metrics", "", 401),
        ("/api/metrics", "wrong", 401),
        ("/api/metrics", "sesame", 200),
        ("/api/metrics?code=sesame", "", 200),
        ("/api/health", "", 200),
    ];
    for (path, key, status) in cases {
        let answer = send(
            &host,
            Method::GET,
            path,
            headers(&[("x-functions-key", key)]),
        )
        .await;
        assert_eq!(answer.status.as_u16(), status, "{path} {key}");
    }
}
