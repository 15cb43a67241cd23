//! Bodies that are waited for, that nobody waits for, and what is in them beside data.

use super::{Raw, body, header, request, submission};
use crate::helpers::app::spawn_app;
use crate::limits::raw::status;

const GO_ON: &str = "HTTP/1.1 100 Continue\r\n\r\n";

#[tokio::test]
async fn a_client_is_told_to_send_its_body() {
    let app = spawn_app();
    let mut client = Raw::connect(app.address);
    let whole = submission("Expect: 100-continue\r\n");
    let (head, rest) = whole.split_at(whole.len() - 14);
    assert_eq!(client.send(head).head(), GO_ON);
    let reply = client.send(rest).reply();
    assert_eq!(status(&reply), "202");
    assert!(header(&reply, "Operation-Location").is_some(), "{reply}");

    // One that does not wait, and has more to say.
    client.send(whole + &request("GET", "/"));
    assert_eq!(client.head(), GO_ON);
    assert_eq!(status(&client.reply()), "202");
    assert_eq!(status(&client.reply()), "200");
    app.client.has_taken(2).await;
}

#[tokio::test]
async fn a_body_that_nobody_reads_is_passed_over() {
    let app = spawn_app();
    let mut client = Raw::connect(app.address);
    client.send(
        "POST /api/nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nGET",
    );
    assert_eq!(status(&client.reply()), "404");
    client.send(format!(" /\r\n0\r\n\r\n{}", request("GET", "/")));
    assert_eq!(status(&client.reply()), "200");
    assert!(client.is_open());
}

#[tokio::test]
async fn what_is_beside_the_data_of_chunks_is_not_read() {
    let app = spawn_app();
    let mut client = Raw::connect(app.address);
    client.send(
        "POST /api/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nPrefer: wait=60\r\n\
         Transfer-Encoding: chunked\r\n\r\n\
         a;name=\"value\"\r\n{\"number\":\r\n4 \r\n 24}\r\n000;last\r\nTransfer-Encoding: x\r\n\r\n",
    );
    client.send(request("GET", "/"));
    let reply = client.reply();
    assert!(body(&reply).contains("46368"), "{reply}");
    assert_eq!(status(&client.reply()), "200");
}
