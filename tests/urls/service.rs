//! A service on loopback, as operators have them behind their kinds, good ones and others. The path of a request
//! says how it behaves.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::helpers::eventually::eventually;

/// The body of a reply that nobody should send, in bytes.
pub(crate) const HUGE: usize = 100_000_000;

/// One that listens. Ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    heads: Mutex<Vec<String>>,
    /// In the order of the heads.
    bodies: Mutex<Vec<String>>,
    /// How much of [`HUGE`] was read by the other side, or is on its way.
    sent: AtomicUsize,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
        };
        let seen = Arc::clone(&service.seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&seen)));
            }
        });
        service
    }

    /// How many requests came.
    pub(crate) fn requests(&self) -> usize {
        self.seen.heads.lock().unwrap().len()
    }

    /// The so-manieth request (from 0), once it is there: its head and its body.
    pub(crate) async fn request(&self, number: usize) -> (String, String) {
        eventually("the request comes", async || {
            let head = self.seen.heads.lock().unwrap().get(number)?.clone();
            let body = self.seen.bodies.lock().unwrap().get(number)?.clone();
            Some((head, body))
        })
        .await
    }

    /// How much of a huge body went out, in bytes.
    pub(crate) fn sent(&self) -> usize {
        self.seen.sent.load(Ordering::Relaxed)
    }

    /// Whether a path was asked for.
    pub(crate) fn was_asked_for(&self, path: &str) -> bool {
        let heads = self.seen.heads.lock().unwrap();
        heads
            .iter()
            .any(|head| head.starts_with(&format!("POST {path} ")))
    }

    /// Waits for an attempt of a task, and gives where its end may be reported.
    pub(crate) async fn callback(&self, id: &str, attempt: u32) -> String {
        let lines = [format!("task-id: {id}"), format!("task-attempt: {attempt}")];
        eventually("the attempt comes", async || {
            let heads = self.seen.heads.lock().unwrap();
            let is_meant = |head: &&String| {
                lines
                    .iter()
                    .all(|line| head.lines().any(|known| known == line))
            };
            let head = heads.iter().find(is_meant)?;
            let url = head
                .lines()
                .find_map(|line| line.strip_prefix("task-callback: "));
            Some(url.expect("a callback is offered").to_owned())
        })
        .await
    }
}

/// Answers the one request of a connection.
async fn serve(mut stream: TcpStream, seen: Arc<Seen>) {
    let Some((head, body)) = request(&mut stream).await else {
        return;
    };
    let target = head.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default().to_owned();
    let count = {
        let mut heads = seen.heads.lock().unwrap();
        seen.bodies.lock().unwrap().push(body);
        heads.push(head);
        heads.len()
    };
    let text = match path.as_str() {
        "/answers" => reply("200 OK\r\ncontent-type: application/json", r#"{"done":1}"#),
        "/redirects" => reply("307 Temporary Redirect\r\nlocation: /answers-elsewhere", ""),
        "/html" => reply("200 OK\r\ncontent-type: text/html", "<html>Log in</html>"),
        "/callback" => reply("202 Accepted", ""),
        "/told" if count == 1 => reply("500 Internal Server Error", ""),
        "/told" => reply("204 No Content", ""),
        "/hangs-once" if count == 1 => return drop(stream.read(&mut [0]).await),
        "/hangs-once" => reply("204 No Content", ""),
        "/refuses" => reply(
            "422 Unprocessable Content\r\ncontent-type: application/problem+json",
            r#"{"code":"BeyondRepair","detail":"nobody can mend that"}"#,
        ),
        "/gone" => reply("410 Gone", ""),
        "/busy" => reply("429 Too Many Requests\r\nretry-after: 3600", ""),
        "/huge" => return pour(&mut stream, &seen).await,
        // Until the other side is gone.
        "/hangs" => return drop(stream.read(&mut [0]).await),
        _ => reply("404 Not Found", ""),
    };
    let _ = stream.write_all(text.as_bytes()).await;
}

fn reply(start: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {start}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// Sends a body that does not say how long it is.
async fn pour(stream: &mut TcpStream, seen: &Seen) {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n\"";
    let _ = stream.write_all(head.as_bytes()).await;
    let piece = vec![b'x'; 100_000];
    for _ in 0..HUGE / piece.len() {
        if stream.write_all(&piece).await.is_err() {
            return;
        }
        seen.sent.fetch_add(piece.len(), Ordering::Relaxed);
    }
    let _ = stream.write_all(b"\"").await;
}

/// The head of a request, and its body.
async fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
}
