//! The reply first, the deletion after: a client that goes away has not had its result.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::helpers::app::{App, spawn_app};

/// More than the buffers of both ends of a connection hold, so that it cannot all have been sent
/// to a client that does not read.
const BYTES: usize = 24 * 1024 * 1024;

/// Asks for a result, to be closed by the service when it has answered.
fn request(app: &App, id: &str) -> TcpStream {
    let mut connection = TcpStream::connect(app.address).unwrap();
    write!(
        connection,
        "GET /api/tasks/{id} HTTP/1.1\r\nHost: tasks.example\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    connection
}

#[tokio::test]
async fn a_result_whose_reader_hangs_up_half_way_stays() {
    let app = spawn_app();
    let body = format!(r#"{{"kind": "bulk", "input": {{"bytes": {BYTES}}}}}"#);
    let id = app.client.run(&body).await;
    for read in [1, 100, 100_000] {
        let mut connection = request(&app, &id);
        connection.read_exact(&mut vec![0; read]).unwrap();
        drop(connection);
    }
    let reply = app.client.fetch(&id).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["bulk"].as_str().unwrap().len(), BYTES);
    assert_eq!(app.client.fetch(&id).await.status, 404);
}
