//! What is said of a body: JSON in UTF-8 is taken under any name, but not from pages of another site,
//! not compressed, and not in another encoding.

use crate::helpers::app::{App, spawn_app, spawn_app_with};
use crate::helpers::raw;
use crate::helpers::reply::Reply;

const BODY: &str = r#"{"number": 24}"#;

/// What forms, and scripts without asking, may send; and what else is not JSON.
const OTHERS: [&str; 9] = [
    "text/plain;charset=UTF-8",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/octet-stream",
    "application/jsonx",
    "application/json-seq",
    "text/html; application/json",
    "json",
    "",
];

async fn submit(app: &App, headers: &[(&str, &str)]) -> Reply {
    let request = app.client.request("POST", "/api/tasks").body(BODY);
    let with = |request: reqwest::RequestBuilder, header: &(&str, &str)| {
        request.header(header.0, header.1)
    };
    app.client.send(headers.iter().fold(request, with)).await
}

#[tokio::test]
async fn json_is_json_whatever_it_is_called() {
    let app = spawn_app();
    for media_type in OTHERS {
        let reply = submit(&app, &[("content-type", media_type)]).await;
        assert_eq!(reply.status, 202, "{media_type}: {}", reply.text());
    }
    assert_eq!(submit(&app, &[]).await.status, 202);
    let form = app
        .client
        .request("POST", "/api/tasks")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("number=24");
    assert_eq!(app.client.send(form).await.problem().0, "MalformedBody");
}

#[tokio::test]
async fn a_page_of_another_site_must_say_json() {
    let app = spawn_app();
    for site in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "unheard-of"),
        ("origin", "https://pages.example"),
        ("origin", "null"),
    ] {
        for media_type in OTHERS {
            let refused = submit(&app, &[site, ("content-type", media_type)]).await;
            assert_eq!(refused.status, 415, "{site:?} {media_type}");
            assert_eq!(refused.problem().0, "UnsupportedMediaType");
            assert_eq!(refused.header("accept"), Some("application/json"));
        }
        // A script can leave it out as well.
        assert_eq!(submit(&app, &[site]).await.status, 415, "{site:?}");
    }
    app.client.has_taken(0).await;
    for media_type in [
        "application/json",
        "application/vnd.example+json; charset=utf-8",
    ] {
        let headers = [("origin", "null"), ("content-type", media_type)];
        assert_eq!(submit(&app, &headers).await.status, 202);
    }
}

#[tokio::test]
async fn a_page_of_our_own_need_not() {
    let public = "https://tasks.example".to_owned();
    let app = spawn_app_with(|config| config.public_base_url = Some(public.clone()));
    let own = app.client.base().to_owned();
    let text = ("content-type", "text/plain");
    for headers in [
        &[("origin", public.as_str())][..],
        &[("origin", "HTTPS://Tasks.Example")],
        &[("sec-fetch-site", "same-origin"), ("origin", own.as_str())],
        &[("sec-fetch-site", "none")],
    ] {
        let reply = submit(&app, &[headers, &[text]].concat()).await;
        assert_eq!(reply.status, 202, "{headers:?}");
    }
    let app = spawn_app();
    let own = app.client.base().to_owned();
    assert_eq!(
        submit(&app, &[("origin", own.as_str()), text]).await.status,
        202
    );
    let other = own.replace("http://", "https://");
    assert_eq!(
        submit(&app, &[("origin", other.as_str()), text])
            .await
            .status,
        415
    );
}

#[tokio::test]
async fn a_compressed_body_is_refused() {
    let app = spawn_app();
    for encoding in [
        "gzip",
        "br",
        "deflate",
        "identity, gzip",
        "gzip,identity",
        "x",
    ] {
        let request = app
            .client
            .post_task()
            .header("content-encoding", encoding)
            .body(r#"{"number": 24}"#);
        let reply = app.client.send(request).await;
        assert_eq!(reply.status, 415, "{encoding}");
        assert_eq!(reply.problem().2, "the body must not be compressed");
        assert_eq!(reply.header("accept-encoding"), Some("identity"));
    }
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn a_body_that_is_compressed_by_the_second_of_two_headers_is_refused() {
    let app = spawn_app();
    let codings = [("content-encoding", "identity"), ("content-encoding", "br")];
    assert_eq!(submit(&app, &codings).await.status, 415);
}

#[tokio::test]
async fn a_body_that_says_it_is_not_compressed_is_taken() {
    let app = spawn_app();
    for coding in ["Identity", "identity, identity", ""] {
        let reply = submit(&app, &[("content-encoding", coding)]).await;
        assert_eq!(reply.status, 202, "{coding}");
    }
}

#[tokio::test]
async fn a_byte_order_mark_is_passed_over() {
    let app = spawn_app();
    let reply = app.client.submit(format!("\u{FEFF}{BODY}")).await;
    assert_eq!(reply.status, 202);
    let id = reply.header("operation-id").unwrap();
    assert_eq!(reply.text(), format!(r#"{{"id":"{id}","number":24}}"#));
    for (body, code) in [
        ("\u{FEFF}", "EmptyBody"),
        ("\u{FEFF}\u{FEFF}{\"number\": 24}", "MalformedBody"),
        ("{\u{FEFF}\"number\": 24}", "MalformedBody"),
    ] {
        let refused = app.client.submit(body).await;
        assert_eq!((refused.status, refused.problem().0.as_str()), (400, code));
    }
}

#[tokio::test]
async fn utf_16_and_utf_32_are_refused_by_name() {
    let app = spawn_app();
    let utf_16: Vec<u16> = BODY.encode_utf16().collect();
    let little = utf_16
        .iter()
        .flat_map(|unit| unit.to_le_bytes())
        .collect::<Vec<_>>();
    let big = utf_16
        .iter()
        .flat_map(|unit| unit.to_be_bytes())
        .collect::<Vec<_>>();
    let utf_32 = BODY
        .chars()
        .flat_map(|c| u32::from(c).to_le_bytes())
        .collect::<Vec<_>>();
    for body in [
        [b"\xFF\xFE", little.as_slice()].concat(),
        [b"\xFE\xFF", big.as_slice()].concat(),
        [b"\xFF\xFE\0\0", utf_32.as_slice()].concat(),
        little,
        big,
        utf_32,
    ] {
        let refused = app.client.submit(body).await;
        assert_eq!(refused.status, 415);
        let (code, target, sentence) = refused.problem();
        assert_eq!(code, "UnsupportedMediaType");
        assert_eq!(target.as_deref(), Some("body"));
        assert!(sentence.contains("UTF-8"), "{sentence}");
    }
    for charset in ["utf-16", "UTF-16LE", "\"utf-16\"", "utf-32", "UCS-2"] {
        let media_type = format!("application/json; charset={charset}");
        let reply = submit(&app, &[("content-type", &media_type)]).await;
        assert_eq!(reply.status, 415, "{charset}");
    }
    for charset in ["utf-8", "us-ascii", "ISO-8859-1"] {
        let media_type = format!("text/plain; charset={charset}");
        let reply = submit(&app, &[("content-type", &media_type)]).await;
        assert_eq!(reply.status, 202, "{charset}");
    }
}

#[tokio::test]
async fn a_media_type_that_is_no_text_is_no_reason_to_refuse() {
    let app = spawn_app();
    let headers: [&[u8]; 2] = [b"Host: localhost", b"Content-Type: \xFF\xFE"];
    let reply = raw::send(
        app.address,
        b"POST /api/tasks HTTP/1.1",
        &headers,
        BODY.as_bytes(),
    );
    assert_eq!(reply.await.status, 202);
}
