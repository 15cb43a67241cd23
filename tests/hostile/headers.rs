//! Headers and addresses that try to become headers or links of ours.

use async_request_reply::api::ROUTES;
use serde_json::Value;

use crate::helpers::app::{App, spawn_app};
use crate::helpers::client::KEY_LINE;
use crate::helpers::raw::{self, RawReply};

const SUBMISSION: &[u8] = br#"{"kind":"waits","input":0}"#;

/// What a link may be made of: a scheme, a host, and a path with an encoded query.
fn assert_safe_link(link: &str, shown: &str) {
    let rest = link
        .strip_prefix("http://")
        .or_else(|| link.strip_prefix("https://"));
    let (host, path) = rest
        .unwrap_or_else(|| panic!("{shown}: {link}"))
        .split_once('/')
        .unwrap();
    let safe = |b: u8| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b);
    assert!(
        !host.is_empty() && host.bytes().all(safe),
        "{shown}: {link}"
    );
    assert!(
        path.bytes().all(|b| b.is_ascii_graphic()),
        "{shown}: {link}"
    );
    assert!(path.starts_with("api/"), "{shown}: {link}");
    assert!(reqwest::Url::parse(link).is_ok(), "{shown}: {link}");
}

/// No header is there twice, none has a character that does not belong there, and links are links.
fn assert_safe(reply: &RawReply, shown: &str) {
    for line in &reply.head {
        let (name, value) = line
            .split_once(": ")
            .unwrap_or_else(|| panic!("{shown}: {line}"));
        assert_eq!(reply.header(name).len(), 1, "{shown}: {line}");
        assert!(
            !name.contains("forged") && !value.contains("forged"),
            "{shown}: {line}"
        );
        assert!(
            value.bytes().all(|b| b.is_ascii_graphic() || b == b' '),
            "{shown}: {line}"
        );
    }
    for name in ["location", "operation-location"] {
        for link in reply.header(name) {
            assert_safe_link(link, shown);
        }
    }
    for link in reply.header("link") {
        let link = link
            .strip_prefix('<')
            .unwrap()
            .strip_suffix(">; rel=\"monitor\"")
            .unwrap();
        assert_safe_link(link, shown);
    }
    let Ok(body) = serde_json::from_slice::<Value>(&reply.body) else {
        return;
    };
    if let Some(link) = body["nextLink"].as_str() {
        assert_safe_link(link, shown);
    }
    if let Some(instance) = body["instance"].as_str() {
        assert!(!instance.contains(char::is_control), "{shown}: {instance}");
    }
}

/// Header lines that tell of another address, or bring a second line.
fn forged() -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    for name in [
        "Host",
        "X-Forwarded-Host",
        "X-Original-URL",
        "X-Forwarded-Proto",
        "Forwarded",
        "X-Forwarded-For",
        "X-Original-Host",
    ] {
        for value in [
            &b""[..],
            b"a b",
            b"forged.example/%0d%0aforged:%20x",
            b"\"forged\"",
            b"forged@a",
            b"<forged>",
            b"forged\\",
            b"\xff\xfe",
            b"\xe2\x80\xaeforged",
            b":",
            b":80",
            b"[",
            b"[::1",
            b"forged:port",
            b"https://good.example/<forged>",
            b"javascript://forged",
            b"https://u:p@forged/",
            b"//forged",
            b"good.example,forged",
            b"forged\tforged",
            b"forged\x01",
            b"forged\r\n forged: folded",
            b"forged\rforged: x",
            b"forged\0",
            b"https://forged\r\nforged: x",
        ] {
            let mut line = format!("{name}: ").into_bytes();
            line.extend_from_slice(value);
            // A line break in it makes a line of the client's own, which it may send anyhow.
            if !line.ends_with(b"x") || !value.contains(&b'\n') {
                lines.push(line);
            }
        }
    }
    lines.push([b"X-Forwarded-Host: ".as_slice(), &b"a".repeat(300)].concat());
    lines.push(b"Host: a.example\r\nHost: forged.example".to_vec());
    lines
}

async fn with_header(app: &App, first_line: &str, header: &[u8], body: &[u8]) {
    let has_host = header.to_ascii_lowercase().starts_with(b"host");
    let host: &[u8] = if has_host {
        b"x-unused: 1"
    } else {
        b"Host: localhost"
    };
    let json = b"Content-Type: application/json";
    let reply = raw::send(
        app.address,
        first_line.as_bytes(),
        &[host, json, KEY_LINE, header],
        body,
    )
    .await;
    let shown = format!("{first_line} with {}", String::from_utf8_lossy(header));
    assert_safe(&reply, &shown);
}

#[tokio::test]
async fn no_header_becomes_a_header_or_a_strange_link_of_ours() {
    let app = spawn_app();
    let waiting = app.client.accepted(SUBMISSION).await;
    for _ in 0..2 {
        app.client.run(r#"{"number": 24}"#).await;
    }
    for header in forged() {
        for (line, body) in [
            ("POST /api/tasks HTTP/1.1".to_owned(), SUBMISSION),
            ("POST /api/tasks HTTP/1.1".to_owned(), b"{"),
            (format!("GET /api/tasks/{waiting} HTTP/1.1"), b""),
            (
                format!("GET /api/operations/{waiting}/result HTTP/1.1"),
                b"",
            ),
            ("GET /api/operations?top=1 HTTP/1.1".to_owned(), b""),
            ("GET /api/nothing%0d%0aforged:%20x HTTP/1.1".to_owned(), b""),
        ] {
            with_header(&app, &line, &header, body).await;
        }
    }
    assert_eq!(app.client.get("/api/health").await.status, 200);
}

#[tokio::test]
async fn no_address_becomes_a_header_or_a_strange_link_of_ours() {
    let app = spawn_app();
    app.client.run(r#"{"number": 24}"#).await;
    app.client.run(r#"{"number": 24}"#).await;
    let injected = [
        "%0d%0aforged:%20x",
        "%E5%98%8A%E5%98%8Dforged:x",
        "%00",
        "%1b%5b31m",
        "%e2%80%ae",
        "\u{202e}",
        "<forged>",
        "\"forged\"",
        "%22%3e%3cforged",
    ];
    for text in injected {
        for route in ROUTES.iter() {
            let path = route
                .path
                .replace("{task_id}", text)
                .replace("{id}", text)
                .replace("{file}", text);
            for method in route.methods {
                let line = format!("{method} {path}?top=1&kind=fibonacci&x={text} HTTP/1.1");
                with_header(&app, &line, b"x-unused: 2", b"").await;
            }
        }
        for filter in ["kind", "status", "createdAfter", "continuationToken", "top"] {
            let line = format!("GET /api/operations?top=1&{filter}={text} HTTP/1.1");
            with_header(&app, &line, b"x-unused: 2", b"").await;
        }
        let line = format!("GET http://forged.example{text}/api/tasks/x HTTP/1.1");
        with_header(&app, &line, b"x-unused: 2", b"").await;
    }
}

#[tokio::test]
async fn without_a_host_links_lead_to_where_we_listen() {
    let app = spawn_app();
    for header in [&b"Host:"[..], b"Host: <x>", b"Host: [::1"] {
        let headers = [header, b"Content-Type: application/json"];
        let reply = raw::send(
            app.address,
            b"POST /api/tasks HTTP/1.1",
            &headers,
            SUBMISSION,
        )
        .await;
        if reply.status == 400 {
            continue;
        }
        assert_eq!(reply.status, 202);
        let monitor = format!("http://{}/api/operations/", app.address);
        assert!(
            reply.header("location")[0].starts_with(&monitor),
            "{:?}",
            reply.head
        );
    }
    let reply = raw::send(app.address, b"POST /api/tasks HTTP/1.0", &[], SUBMISSION).await;
    let monitor = format!("http://{}/api/operations/", app.address);
    assert!(
        reply.header("location")[0].starts_with(&monitor),
        "{:?}",
        reply.head
    );
}
