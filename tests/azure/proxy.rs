//! A proxy that notes the first line of every request, to count what an operation costs.

use std::io::{BufRead, BufReader, Read, Write, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A proxy in front of one port of this machine; it runs until the process ends.
pub(super) struct Proxy {
    /// Where it listens.
    pub(super) port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts to forward to this port.
    pub(super) fn start(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = seen.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(("127.0.0.1", target)).unwrap();
                let (mut answers, mut back) =
                    (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || {
                    let _ = copy(&mut answers, &mut back);
                    let _ = back.shutdown(Shutdown::Both);
                });
                let noted = noted.clone();
                thread::spawn(move || forward(client, server, &noted));
            }
        });
        Self { port, seen }
    }

    /// The requests since the last call: method and path with query.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

/// Copies requests, each with a body of its `content-length`, until the client hangs up.
fn forward(client: TcpStream, mut server: TcpStream, noted: &Mutex<Vec<String>>) {
    let mut client = BufReader::new(client);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if client.read_line(&mut head).unwrap_or(0) == 0 {
                let _ = server.shutdown(Shutdown::Both);
                return;
            }
        }
        let request = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1");
        noted.lock().unwrap().push(request.to_owned());
        let length = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, length)| length.parse().unwrap());
        server.write_all(head.as_bytes()).unwrap();
        copy(&mut client.by_ref().take(length), &mut server).unwrap();
    }
}
