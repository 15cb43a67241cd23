//! Bodies in a form that is not taken: 415.

use crate::helpers::app::spawn_app;

#[tokio::test]
async fn a_body_that_says_it_is_something_else_is_refused() {
    let app = spawn_app();
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonx",
        "application/json-seq",
        "text/html; application/json",
        "json",
        "",
    ] {
        let request = app
            .client
            .request("POST", "/api/tasks")
            .header("content-type", media_type)
            .body(r#"{"number": 24}"#);
        let reply = app.client.send(request).await;
        assert_eq!(reply.status, 415, "{media_type}");
        assert_eq!(reply.problem().0, "UnsupportedMediaType");
    }
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn a_compressed_body_is_refused() {
    let app = spawn_app();
    for encoding in ["gzip", "br", "deflate", "identity, gzip"] {
        let request = app
            .client
            .post_task()
            .header("content-encoding", encoding)
            .body(r#"{"number": 24}"#);
        let reply = app.client.send(request).await;
        assert_eq!(reply.status, 415, "{encoding}");
        assert_eq!(reply.problem().2, "the body must not be compressed");
    }
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn a_body_that_says_it_is_not_compressed_is_taken() {
    let app = spawn_app();
    let request = app
        .client
        .post_task()
        .header("content-encoding", "Identity")
        .body(r#"{"number": 24}"#);
    assert_eq!(app.client.send(request).await.status, 202);
}
