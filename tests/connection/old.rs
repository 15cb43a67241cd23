//! Clients that speak HTTP/1.0, as a stock nginx does to what is behind it.

use super::{Raw, header, request};
use crate::helpers::app::spawn_app;
use crate::limits::raw::status;

#[tokio::test]
async fn a_request_without_a_length_has_no_body() {
    let app = spawn_app();
    let id = app
        .client
        .accepted(r#"{"kind": "waits", "input": 0}"#)
        .await;
    let mut client = Raw::connect(app.address);
    let cancel = format!("POST /api/operations/{id}:cancel HTTP/1.0\r\n\r\n");
    let reply = client.send(cancel).until_closed();
    assert_eq!(status(&reply), "200", "{reply}");
    assert_eq!(app.client.monitor(&id).await.json()["status"], "Canceled");
}

#[tokio::test]
async fn a_submission_without_a_length_says_what_is_missing() {
    let app = spawn_app();
    let mut client = Raw::connect(app.address);
    let reply = client
        .send("POST /api/tasks HTTP/1.0\r\n\r\n")
        .until_closed();
    assert_eq!(status(&reply), "400", "{reply}");
    assert_eq!(header(&reply, "x-ms-error-code"), Some("EmptyBody"));
}

#[tokio::test]
async fn what_follows_a_request_without_a_length_is_the_next_one() {
    let app = spawn_app();
    let mut client = Raw::connect(app.address);
    let kept = "POST /api/nothing HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    client.send(format!("{kept}{}", request("GET", "/")));
    assert_eq!(status(&client.reply()), "404");
    assert_eq!(status(&client.reply()), "200");
}
