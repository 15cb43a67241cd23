//! A gateway before the service: it notes every request, and may lose a reply.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What clients get in place of a lost reply.
const LOST: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";

/// A gateway that runs until the process ends.
pub(super) struct Front {
    /// What clients take for the service.
    pub(super) base: String,
    log: Arc<Mutex<Log>>,
}

#[derive(Default)]
struct Log {
    requests: Vec<String>,
    /// Whether the next reply gets lost.
    loses: bool,
}

impl Front {
    /// Passes everything on.
    pub(super) fn before(service: SocketAddr) -> Self {
        Self::start(service, false)
    }

    /// Loses the reply to the first request, which the service has got.
    pub(super) fn losing_before(service: SocketAddr) -> Self {
        Self::start(service, true)
    }

    fn start(service: SocketAddr, loses: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::new(Mutex::new(Log {
            loses,
            ..Log::default()
        }));
        let shared = log.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let log = shared.clone();
                // Ends when either side hangs up.
                thread::spawn(move || converse(&client, &TcpStream::connect(service).ok()?, &log));
            }
        });
        Self { base, log }
    }

    /// The requests so far: method and path.
    pub(super) fn requests(&self) -> Vec<String> {
        self.log.lock().unwrap().requests.clone()
    }
}

fn converse(client: &TcpStream, service: &TcpStream, log: &Mutex<Log>) -> Option<()> {
    let (mut requests, mut replies) = (BufReader::new(client), BufReader::new(service));
    let (mut to_client, mut to_service) = (client, service);
    loop {
        let request = message(&mut requests)?;
        let loses = {
            let mut log = log.lock().unwrap();
            let line = request.lines().next()?.trim_end_matches(" HTTP/1.1");
            log.requests.push(line.to_owned());
            std::mem::take(&mut log.loses)
        };
        to_service.write_all(request.as_bytes()).ok()?;
        let reply = message(&mut replies)?;
        let reply = if loses { LOST } else { reply.as_bytes() };
        to_client.write_all(reply).ok()?;
    }
}

/// A head, and a body of its `content-length`; everything that is said here is text.
pub(super) fn message(from: &mut impl BufRead) -> Option<String> {
    let mut text = String::new();
    while !text.ends_with("\r\n\r\n") {
        if from.read_line(&mut text).ok()? == 0 {
            return None;
        }
    }
    let length = text
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, length)| length.parse().unwrap());
    from.take(length).read_to_string(&mut text).ok()?;
    Some(text)
}
