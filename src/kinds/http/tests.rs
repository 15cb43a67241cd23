//! A service on loopback answers as each service might, and an attempt ends as the contract says.

use std::time::{Duration, Instant, SystemTime};

use serde_json::value::to_raw_value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Position;
use work::{Callback, CancellationToken, ContextParts, ErrorCode, Told};

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// One that listens, and its URL.
async fn service() -> (TcpListener, Url) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/work", listener.local_addr().unwrap());
    (listener, Url::parse(&url).unwrap())
}

fn settings(url: Url) -> Settings {
    Settings {
        url,
        cancel_url: None,
        secret: None,
        allows_http: false,
    }
}

/// Takes one request, to the end of its body.
async fn request(listener: &TcpListener) -> (TcpStream, String) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return (stream, text);
            }
        }
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0);
    }
}

async fn ran(kind: &Arc<HttpKind>, cx: Context, limit: usize) -> Result<String, Told> {
    let input = to_raw_value(&serde_json::json!({"text": "Straße"})).unwrap();
    let Prepared::Waiting(start) = Arc::clone(kind).prepare(&input).unwrap() else {
        unreachable!("a request is waited for");
    };
    let result = start(cx, ResultLimit::bytes(limit)).await;
    result
        .map(|result| result.get().to_owned())
        .map_err(Failure::told)
}

/// What an attempt comes to when the service answers so.
async fn answered(reply: impl Into<Vec<u8>>) -> Result<String, Told> {
    let (listener, url) = service().await;
    let kind = Arc::new(HttpKind::new(settings(url), Schemas::default()).unwrap());
    let (result, _) = tokio::join!(ran(&kind, Context::for_test(), 1_000), async {
        let (mut stream, _) = request(&listener).await;
        stream.write_all(&reply.into()).await.unwrap();
    });
    result
}

fn reply(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

const JSON: &str = "content-type: application/json; charset=utf-8\r\n";

fn permanent(code: &'static str, message: &str) -> Told {
    let (code, message) = (ErrorCode::literal(code), message.to_owned());
    Told::Permanent { code, message }
}

fn transient(code: &'static str, message: &str) -> Told {
    let (code, message) = (ErrorCode::literal(code), message.to_owned());
    Told::Transient { code, message }
}

#[tokio::test]
async fn a_request_tells_all_that_the_contract_says() {
    let (listener, url) = service().await;
    let secret = SigningSecret::read(&ports::Secret::new(SECRET)).unwrap();
    let kind = Arc::new(
        HttpKind::new(
            Settings {
                secret: Some(secret.clone()),
                ..settings(url)
            },
            Schemas::default(),
        )
        .unwrap(),
    );
    let cx = Context::new(ContextParts {
        attempt: 3,
        deadline: std::time::UNIX_EPOCH + Duration::from_millis(1_800_000_000_007),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        callback: Some(Callback::new("https://here/api/callbacks/1?token=t")),
        ..ContextParts::for_test()
    });
    let (result, text) = tokio::join!(ran(&kind, cx.clone(), 1_000), async {
        let (mut stream, text) = request(&listener).await;
        let answer = reply("200 OK", JSON, r#"{ "text": "street" }"#);
        stream.write_all(answer.as_bytes()).await.unwrap();
        text
    });
    assert_eq!(result.unwrap(), r#"{ "text": "street" }"#);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, r#"{"text":"Straße"}"#);
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("POST /work HTTP/1.1"));
    let id = cx.task_id();
    for line in [
        format!("idempotency-key: \"{id}\""),
        format!("task-id: {id}"),
        format!("task-kind: {}", cx.kind()),
        "task-attempt: 3".to_owned(),
        "task-deadline: 2027-01-15T08:00:00.007Z".to_owned(),
        "task-callback: https://here/api/callbacks/1?token=t".to_owned(),
        "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
        "content-type: application/json".to_owned(),
        "accept: application/json".to_owned(),
        format!("webhook-id: {id}"),
    ] {
        assert!(head.lines().any(|known| known == line), "{line}\n{head}");
    }
    let value = |name: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap()
    };
    let timestamp = value("webhook-timestamp: ").parse().unwrap();
    assert_eq!(
        value("webhook-signature: "),
        secret.sign(id, timestamp, body)
    );
}

#[tokio::test]
async fn an_attempt_without_trace_secret_and_callback_tells_of_none() {
    let (listener, url) = service().await;
    let kind = Arc::new(HttpKind::new(settings(url), Schemas::default()).unwrap());
    let (_, text) = tokio::join!(ran(&kind, Context::for_test(), 1_000), async {
        let (mut stream, text) = request(&listener).await;
        let answer = reply("204 No Content", "", "");
        stream.write_all(answer.as_bytes()).await.unwrap();
        text
    });
    for name in ["webhook-", "traceparent", "task-callback"] {
        assert!(!text.contains(name), "{name}");
    }
}

#[tokio::test]
async fn a_reply_without_content_is_null() {
    let answer = reply("204 No Content", "", "");
    assert_eq!(answered(answer).await.unwrap(), "null");
}

#[tokio::test]
async fn a_result_that_is_none_fails_for_good() {
    let told = |why| {
        let message = format!("the service that was called gave no result: {why}");
        Err(permanent("InvalidResult", &message))
    };
    let no_json = "its Content-Type is not JSON";
    for (headers, body, why) in [
        ("content-type: text/html\r\n", "<html>", no_json),
        ("content-type: text/html\r\n", "{}", no_json),
        ("", "{}", no_json),
        (JSON, "<html>", "it is not JSON"),
        (JSON, "{} {}", "it is not JSON"),
        (JSON, "", "it is not JSON"),
    ] {
        let answer = reply("200 OK", headers, body);
        assert_eq!(answered(answer).await, told(why), "{body}");
    }
    let mut answer = reply("200 OK", JSON, "\"xx\"").into_bytes();
    let end = answer.len() - 2;
    answer[end] = 0xff;
    assert_eq!(answered(answer).await, told("it is not UTF-8"));
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    for status in [
        "408 Request Timeout",
        "425 Too Early",
        "500 Internal Server Error",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
    ] {
        let message = format!("the service that was called answered {status}");
        let told = answered(reply(status, "", "")).await;
        assert_eq!(told, Err(transient("RequestFailed", &message)));
    }
    let problem = r#"{"code": "NoGpu", "detail": "all are busy"}"#;
    let told = answered(reply("500 Internal Server Error", JSON, problem)).await;
    assert_eq!(told, Err(transient("NoGpu", "all are busy")));
}

#[tokio::test]
async fn a_service_that_says_when_is_asked_then() {
    let after = |seconds| {
        Err(Told::Later {
            after: Duration::from_secs(seconds),
        })
    };
    for (status, header, seconds) in [
        ("429 Too Many Requests", "retry-after: 7\r\n", 7),
        ("429 Too Many Requests", "", 30),
        ("503 Service Unavailable", "retry-after: 120\r\n", 120),
        (
            "503 Service Unavailable",
            "retry-after: Fri, 31 Dec 1999 23:59:59 GMT\r\n",
            0,
        ),
    ] {
        assert_eq!(answered(reply(status, header, "")).await, after(seconds));
    }
    let date = "retry-after: Fri, 31 Dec 2100 23:59:59 GMT\r\n";
    let told = answered(reply("429 Too Many Requests", date, "")).await;
    assert!(matches!(told, Err(Told::Later { after }) if after > Duration::from_secs(1_000_000)));
}

#[tokio::test]
async fn whoever_is_told_an_end_and_is_busy_is_called_in_the_time_that_all_have() {
    for (status, header) in [
        ("429 Too Many Requests", "retry-after: 0\r\n"),
        ("429 Too Many Requests", ""),
        ("503 Service Unavailable", "retry-after: 86400\r\n"),
    ] {
        let (listener, url) = service().await;
        let host = AllowedHost::read(&url[Position::BeforeHost..Position::AfterPort]).unwrap();
        let secret = SigningSecret::read(&ports::Secret::new(SECRET)).unwrap();
        let kind = Arc::new(NoticeKind::new(vec![host], secret).unwrap());
        let input = to_raw_value(&serde_json::json!({"url": url.as_str(), "event": {}})).unwrap();
        let Prepared::Waiting(start) = kind.prepare(&input).unwrap() else {
            unreachable!("a request is waited for");
        };
        let cx = Context::for_test();
        let (told, ()) = tokio::join!(start(cx, ResultLimit::bytes(1_000)), async {
            let (mut stream, _) = request(&listener).await;
            let answer = reply(status, header, "");
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let message = format!("whoever is called back answered {status}");
        assert_eq!(
            told.unwrap_err().told(),
            transient("CallbackNotTaken", &message)
        );
    }
}

#[tokio::test]
async fn a_refusal_fails_for_good_with_its_own_code_and_sentence() {
    let headers = "content-type: application/problem+json\r\n";
    let problem = r#"{"title": "Bad", "code": "NoSuchLanguage", "detail": "tlh is not known"}"#;
    let told = answered(reply("422 Unprocessable Content", headers, problem)).await;
    assert_eq!(told, Err(permanent("NoSuchLanguage", "tlh is not known")));
    let told = answered(reply("404 Not Found", "", "{}")).await;
    let message = "the service that was called answered 404 Not Found";
    assert_eq!(told, Err(permanent("RequestFailed", message)));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, url) = service().await;
    let location = format!("location: {url}\r\n");
    for status in [
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let told = answered(reply(status, &location, "")).await;
        let message =
            format!("the service that was called redirects ({status}), which is not followed");
        assert_eq!(told, Err(permanent("Redirected", &message)));
    }
    let asked = tokio::time::timeout(Duration::from_millis(50), elsewhere.accept()).await;
    assert!(asked.is_err());
}

#[tokio::test]
async fn a_service_that_is_not_there_may_come_back() {
    let (listener, url) = service().await;
    drop(listener);
    let kind = Arc::new(HttpKind::new(settings(url), Schemas::default()).unwrap());
    let told = ran(&kind, Context::for_test(), 1_000).await;
    let message = "the service that was called did not answer";
    assert_eq!(told, Err(transient("NoConnection", message)));
    let cut = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    assert_eq!(answered(cut).await, Err(transient("NoConnection", message)));
}

#[tokio::test]
async fn a_result_without_end_is_not_read_past_the_limit() {
    let told = Err(permanent(
        "ResultTooLarge",
        "the result is larger than 1000 bytes",
    ));
    let announced = format!("HTTP/1.1 200 OK\r\n{JSON}content-length: 104857600\r\n\r\n");
    assert_eq!(answered(announced).await, told);

    let (listener, url) = service().await;
    let kind = Arc::new(HttpKind::new(settings(url), Schemas::default()).unwrap());
    let (result, sent) = tokio::join!(ran(&kind, Context::for_test(), 1_000), async {
        let (mut stream, _) = request(&listener).await;
        let head = format!("HTTP/1.1 200 OK\r\n{JSON}connection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut sent = 0_usize;
        // Until the other end has closed the connection.
        while stream.write_all(&[b'1'; 65_536]).await.is_ok() {
            sent += 65_536;
        }
        sent
    });
    assert_eq!(result, told);
    // What both ends' buffers hold.
    assert!(sent < 100 * 1024 * 1024, "{sent}");
}

#[tokio::test]
async fn without_a_key_to_sign_with_nobody_can_hand_over() {
    let told = answered(reply("202 Accepted", "", "")).await;
    assert!(
        matches!(told, Err(Told::Permanent { ref code, .. }) if code.as_str() == "NoCallback"),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_service_with_a_callback_may_answer_later() {
    let (listener, url) = service().await;
    let kind = Arc::new(HttpKind::new(settings(url), Schemas::default()).unwrap());
    let cx = Context::new(ContextParts {
        callback: Some(Callback::new("https://here/api/callbacks/1?token=t")),
        ..ContextParts::for_test()
    });
    let (told, ()) = tokio::join!(ran(&kind, cx, 1_000), async {
        let (mut stream, _) = request(&listener).await;
        let answer = reply("202 Accepted", "", "");
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    assert_eq!(told, Err(Told::HandedOver));
}

#[tokio::test]
async fn a_request_is_dropped_when_its_result_is_no_longer_wanted() {
    let (listener, url) = service().await;
    let kind = Arc::new(HttpKind::new(settings(url), Schemas::default()).unwrap());
    let stop = CancellationToken::new();
    let cx = Context::new(ContextParts {
        stop: stop.clone(),
        ..ContextParts::for_test()
    });
    let begun = Instant::now();
    let (told, left) = tokio::join!(ran(&kind, cx, 1_000), async {
        let (mut stream, _) = request(&listener).await;
        stop.cancel();
        // It hangs, and sees the other end go.
        stream.read(&mut [0; 1]).await.unwrap_or_default()
    });
    assert_eq!(told, Err(Told::Stopped));
    assert_eq!(left, 0);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_cancel_is_told_where_the_operator_says() {
    let (listener, url) = service().await;
    let kind = Arc::new(
        HttpKind::new(
            Settings {
                cancel_url: Some(url.join("/stop").unwrap()),
                ..settings(url.clone())
            },
            Schemas::default(),
        )
        .unwrap(),
    );
    let cx = Context::for_test();
    let canceled = Canceled {
        task_id: cx.task_id().to_owned(),
        kind: cx.kind().clone(),
        attempts: 2,
        traceparent: None,
    };
    let told = Arc::clone(&kind).canceled(canceled.clone()).unwrap();
    let ((), text) = tokio::join!(told, async {
        let (mut stream, text) = request(&listener).await;
        let answer = reply("204 No Content", "", "");
        stream.write_all(answer.as_bytes()).await.unwrap();
        text
    });
    assert!(text.starts_with("POST /stop HTTP/1.1\r\n"), "{text}");
    assert!(text.contains(&format!("task-id: {}\r\n", cx.task_id())));
    assert!(text.contains("task-attempt: 2\r\n"));
    let without = Arc::new(HttpKind::new(settings(url), Schemas::default()).unwrap());
    assert!(without.canceled(canceled).is_none());
}

#[test]
fn plain_http_leads_to_this_machine_or_nowhere() {
    let refused = |url: &str, cancel_url: &str, allows_http| {
        let settings = Settings {
            cancel_url: Some(Url::parse(cancel_url).unwrap()),
            allows_http,
            ..settings(Url::parse(url).unwrap())
        };
        HttpKind::new(settings, Schemas::default()).err()
    };
    let (near, far) = ("http://127.0.0.1:8080/work", "http://10.0.0.7/work?key=k");
    for url in [
        "https://far.example/",
        "http://localhost/",
        "http://[::1]:9/",
    ] {
        assert_eq!(refused(url, near, false), None, "{url}");
    }
    for url in [far, "http://localhost.example/", "http://0.0.0.0/"] {
        let refusal = refused(url, near, false);
        assert_eq!(refusal, Some(Refused::PlainHttp("url")), "{url}");
        assert_eq!(refused(url, url, true), None, "{url}");
    }
    let refusal = refused(near, far, false).unwrap();
    assert_eq!(
        refusal.to_string(),
        "cancel_url is plain http to another machine, which KINDS_ALLOW_HTTP would allow"
    );
}

#[tokio::test]
async fn whoever_gets_a_letter_has_a_minute_to_answer() {
    let (listener, url) = service().await;
    let webhook = Webhook::new(url, None, false).unwrap();
    let (body, cx) = (to_raw_value("a letter").unwrap(), Context::for_test());
    let began = tokio::time::Instant::now();
    let latest = SystemTime::now() + Duration::from_secs(90);
    let (sent, request) = tokio::join!(
        async {
            let sent = webhook.post(body, &cx).await;
            assert_eq!(began.elapsed().as_secs(), 60);
            sent
        },
        async {
            let (stream, text) = request(&listener).await;
            // It is here: from now on there is nothing but time to wait for.
            tokio::time::pause();
            tokio::time::sleep(Duration::from_secs(120)).await;
            drop(stream);
            text
        }
    );
    let told = sent.unwrap_err().told();
    assert!(
        matches!(&told, Told::Transient { message, .. } if message == "the service that was called did not answer"),
        "{told:?}"
    );
    let mut lines = request.lines();
    let deadline = lines.find_map(|line| line.strip_prefix("task-deadline: "));
    let deadline = ports::timestamp::parse(deadline.unwrap()).unwrap();
    assert!(deadline < latest);
}
