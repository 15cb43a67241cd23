//! The links of a reply are absolute, and lead back the way the client came.

use crate::helpers::app::{App, spawn_app, spawn_app_with};
use crate::helpers::raw;
use crate::helpers::reply::Reply;

async fn submit(app: &App, headers: &[(&str, &str)]) -> Reply {
    let request = app.client.post_task().body(r#"{"number": 24}"#);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    let reply = app.client.send(request).await;
    assert_eq!(reply.status, 202);
    reply
}

/// The base of both links.
fn base(reply: &Reply) -> String {
    let id = reply.header("operation-id").unwrap();
    let monitor = reply.header("operation-location").unwrap();
    let base = monitor
        .strip_suffix(&format!("/api/operations/{id}"))
        .unwrap();
    assert_eq!(
        reply.header("location"),
        Some(&*format!("{monitor}/result"))
    );
    base.to_owned()
}

#[tokio::test]
async fn links_use_what_the_front_end_tells_of_the_client() {
    let app = spawn_app();
    for (headers, expected) in [
        (
            &[("host", "tasks.example:8443")][..],
            "http://tasks.example:8443",
        ),
        (
            &[
                ("x-forwarded-proto", "https"),
                ("x-forwarded-host", "a.example, b.example"),
            ],
            "https://a.example",
        ),
        (&[("x-forwarded-proto", "HTTPS")], "https://{own}"),
        (
            &[("forwarded", "for=192.0.2.1;proto=https;host=e.example")],
            "https://e.example",
        ),
        (
            &[
                ("x-original-url", "https://c.example/api/tasks"),
                ("x-forwarded-host", "d.example"),
            ],
            "https://c.example",
        ),
    ] {
        let expected = expected.replace("{own}", &app.address.to_string());
        assert_eq!(base(&submit(&app, headers).await), expected);
    }
}

#[tokio::test]
async fn an_absolute_target_is_the_clients_own_url() {
    let app = spawn_app();
    let reply = raw::send(
        app.address,
        b"POST http://a.example:8080/api/tasks HTTP/1.1",
        &[b"Host: b.example", b"Content-Type: application/json"],
        br#"{"number": 24}"#,
    )
    .await;
    assert_eq!(reply.status, 202);
    let monitor = reply.header("operation-location")[0];
    assert!(
        monitor.starts_with("http://a.example:8080/api/operations/"),
        "{monitor}"
    );
}

#[tokio::test]
async fn a_forged_host_gets_into_no_link() {
    let app = spawn_app();
    let reply = submit(&app, &[("x-forwarded-host", "evil\"><x>")]).await;
    assert_eq!(base(&reply), app.client.base());
}

#[tokio::test]
async fn a_configured_base_is_used_in_every_link() {
    let app = spawn_app_with(|config| {
        config.public_base_url = Some("https://public.example/x".to_owned());
    });
    let headers = [("x-forwarded-host", "a.example")];
    assert_eq!(
        base(&submit(&app, &headers).await),
        "https://public.example/x"
    );

    let id = app
        .client
        .accepted(r#"{"kind": "waits", "input": 0}"#)
        .await;
    let monitor = format!("https://public.example/x/api/operations/{id}");
    let location = format!("{monitor}/result");
    assert_eq!(
        app.client.result(&id).await.header("location"),
        Some(location.as_str())
    );
    let link = format!("<{monitor}>; rel=\"monitor\"");
    assert_eq!(
        app.client.fetch(&id).await.header("link"),
        Some(link.as_str())
    );
    // A name and not an address: it is the same under every base.
    assert_eq!(
        app.client.get("/api/nothing").await.json()["type"],
        "urn:problem-type:not-found"
    );
}
