//! Forwarded HTTP: what the handler sees, what the caller gets, who is let in.

use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method};

use super::scripted::{Reply, ScriptedHandler};
use super::without_queue;
use crate::host::{Answer, Client, FunctionsHost, Payload};

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
    let client = Client::new();
    let sent = client.send(method, &url, headers, Payload::Empty);
    sent.await.expect("an answer")
}

#[actix_web::test]
async fn a_request_arrives_with_path_query_headers_and_body() {
    let handler = ScriptedHandler::start(|_| Reply::new(202, "text/plain", "ok"));
    let (options, _) = without_queue();
    let host = FunctionsHost::start(options.handler_at(handler.port))
        .await
        .unwrap();
    let url = host.url("/api/tasks?a=1&B=x%20y&A=2&c");
    let sent = headers(&[
        ("host", "tasks.example"),
        ("user-agent", "curl/8.5.0"),
        ("content-type", "application/json"),
        ("idempotency-key", "k"),
    ]);
    let body = Bytes::from(r#"{"number": 24}"#);
    let payload = Payload::Sized(body.clone());
    let answer = Client::new()
        .send(Method::POST, &url, sent, payload)
        .await
        .unwrap();
    assert_eq!(
        (answer.status.as_u16(), &answer.body[..]),
        (202, &b"ok"[..])
    );

    let call = &handler.calls("/api/tasks")[0];
    assert_eq!(call.method, "POST");
    assert_eq!(call.query, "a=1%2C2&B=x%20y&c=");
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

#[actix_web::test]
async fn a_chunked_upload_arrives_empty_and_without_content_type() {
    let handler = ScriptedHandler::start(|_| Reply::empty(400));
    let (options, _) = without_queue();
    let host = FunctionsHost::start(options.handler_at(handler.port))
        .await
        .unwrap();
    let payload = Payload::Chunked(Bytes::from_static(b"{\"number\": 24}"));
    let sent = headers(&[("content-type", "application/json")]);
    let url = host.url("/api/tasks");
    let answer = Client::new()
        .send(Method::POST, &url, sent, payload)
        .await
        .unwrap();
    assert_eq!(answer.status.as_u16(), 400);
    let call = &handler.calls("/api/tasks")[0];
    assert!(call.body.is_empty() && call.header("content-type").is_empty());
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
    let host = FunctionsHost::start(options.handler_at(handler.port))
        .await
        .unwrap();

    let moved = send(&host, Method::GET, "/api/tasks/moved", HeaderMap::new()).await;
    assert_eq!(
        (moved.status.as_u16(), moved.header("location")),
        (301, "/elsewhere")
    );
    let failed = send(&host, Method::GET, "/api/tasks/1", HeaderMap::new()).await;
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
    let host = FunctionsHost::start(options.handler_at(handler.port))
        .await
        .unwrap();
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
    let host = FunctionsHost::start(options.handler_at(handler.port))
        .await
        .unwrap();
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
    let host = FunctionsHost::start(options.handler_at(handler.port))
        .await
        .unwrap();
    let open = send(&host, Method::GET, "/api/metrics", HeaderMap::new()).await;
    assert_eq!(open.status.as_u16(), 200);

    let (options, _) = without_queue();
    let options = options.handler_at(handler.port).enable_auth("sesame");
    let host = FunctionsHost::start(options).await.unwrap();
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
