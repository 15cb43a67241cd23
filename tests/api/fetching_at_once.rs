//! Two readers of one result. It is deleted after the first reply that was written to the end, so
//! whoever asked before that gets the same value, and everybody else a 404.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::helpers::app::spawn_app;

/// More than the buffers of both ends of a connection hold.
const BYTES: usize = 24 * 1024 * 1024;

#[tokio::test]
async fn a_reader_who_is_overtaken_by_another_gets_the_same_result() {
    let app = spawn_app();
    let body = format!(r#"{{"kind": "bulk", "input": {{"bytes": {BYTES}}}}}"#);
    let id = app.client.run(&body).await;
    let mut slow = TcpStream::connect(app.address).unwrap();
    write!(
        slow,
        "GET /api/tasks/{id} HTTP/1.1\r\nHost: tasks.example\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut begun = [0; 15];
    slow.read_exact(&mut begun).unwrap();
    assert_eq!(&begun, b"HTTP/1.1 200 OK");

    let reply = app.client.fetch(&id).await;
    assert_eq!(reply.status, 200);
    assert_eq!(app.client.fetch(&id).await.status, 404);

    let rest = tokio::task::spawn_blocking(move || {
        let mut rest = String::new();
        slow.read_to_string(&mut rest).unwrap();
        rest
    });
    let rest = rest.await.unwrap();
    let (_, body) = rest.split_once("\r\n\r\n").unwrap();
    assert!(
        body == reply.text(),
        "the overtaken reader got another value"
    );
    assert_eq!(app.client.fetch(&id).await.status, 404);
}

#[tokio::test]
async fn of_many_readers_at_once_some_get_the_result_and_the_others_nothing() {
    let app = spawn_app();
    for number in 0..20 {
        let id = app.client.run(&format!(r#"{{"number": {number}}}"#)).await;
        let fetches = (0..8).map(|_| app.client.fetch(&id));
        let replies = futures_util::future::join_all(fetches).await;
        let (given, absent): (Vec<_>, Vec<_>) =
            replies.iter().partition(|reply| reply.status == 200);
        assert!(given.iter().all(|reply| reply.text() == given[0].text()));
        assert!(!given.is_empty());
        assert!(absent.iter().all(|reply| reply.status == 404));
        assert_eq!(app.client.fetch(&id).await.status, 404);
    }
}
