//! A proxy in front of one port of this machine, that sees every request and decides what becomes
//! of it: enough HTTP/1.1 for storage's clients, with keep-alive.
//!
//! A Shared Key signature covers neither host nor port, so a connection string needs another port
//! and nothing else.

use std::io;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is forwarded, and its answer comes back.
    Forward,
    /// The same, after a while.
    Delay(Duration),
    /// The connection is cut; the server never hears of it.
    CutBefore,
    /// The server does what is asked, then the connection is cut: the answer is lost.
    CutAfter,
    /// There is no answer, for as long as the client waits; the server never hears of it.
    Hang,
    /// The server does what is asked; there is no answer, for as long as the client waits.
    HangAfter,
    /// This status is the answer; the server never hears of it.
    Answer(u16),
    /// A refusal with this code is the answer; the server never hears of it.
    Refuse(&'static str),
    /// The same, because the request is too large.
    TooLarge,
    /// The server does what is asked, and this status is the answer.
    AnswerAfter(u16),
}

/// Says what becomes of a request, by its method and path.
type Decide = dyn Fn(&str) -> Fate + Send + Sync;

/// A proxy; it runs until the process ends.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
}

impl Proxy {
    /// Starts to serve for this port. `decide` is asked for each request, by its method and path.
    pub fn start(target: u16, decide: impl Fn(&str) -> Fate + Send + Sync + 'static) -> Self {
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(accept(listener, target, Arc::new(decide)));
        });
        Self { port }
    }

    /// Starts one for the port in this URL, and puts its port there instead.
    pub fn before(
        endpoint: &mut String,
        decide: impl Fn(&str) -> Fate + Send + Sync + 'static,
    ) -> Self {
        let port = endpoint
            .split([':', '/'])
            .find_map(|part| part.parse::<u16>().ok())
            .expect("an endpoint with a port");
        let proxy = Self::start(port, decide);
        *endpoint = endpoint.replace(&format!(":{port}"), &format!(":{}", proxy.port));
        proxy
    }
}

async fn accept(listener: StdListener, target: u16, decide: Arc<Decide>) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        // Fails when the client is gone already, or descriptors are short for a moment.
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        let decide = Arc::clone(&decide);
        // An end of the connection, for whatever reason, is all that either side has to see.
        tokio::spawn(async move { serve(client, target, &*decide).await.ok() });
    }
}

/// Serves one connection, over one connection of its own, until either side hangs up.
async fn serve(client: TcpStream, target: u16, decide: &Decide) -> io::Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let (mut client, mut server) = (BufReader::new(client), BufReader::new(server));
    loop {
        tokio::select! {
            request = client.fill_buf() => if request?.is_empty() { return Ok(()) },
            // A server that closes an idle connection is seen by the client before it asks again.
            _ = server.fill_buf() => return Ok(()),
        }
        let request = read_message(&mut client, true).await?;
        let line = first_line(&request);
        let fate = decide(line.trim_end_matches(" HTTP/1.1"));
        match fate {
            Fate::CutBefore => return Ok(()),
            Fate::Hang => return hang(&mut client).await,
            Fate::Answer(status) => {
                client.write_all(&answer(status, "ServerBusy")).await?;
                continue;
            }
            Fate::Refuse(code) => {
                client.write_all(&answer(403, code)).await?;
                continue;
            }
            Fate::TooLarge => {
                client
                    .write_all(&answer(413, "RequestBodyTooLarge"))
                    .await?;
                continue;
            }
            Fate::Delay(delay) => tokio::time::sleep(delay).await,
            Fate::Forward | Fate::CutAfter | Fate::HangAfter | Fate::AnswerAfter(_) => {}
        }
        server.write_all(&request).await?;
        let reply = read_message(&mut server, !line.starts_with("HEAD ")).await?;
        match fate {
            Fate::CutAfter => return Ok(()),
            Fate::HangAfter => return hang(&mut client).await,
            Fate::AnswerAfter(status) => client.write_all(&answer(status, "ServerBusy")).await?,
            _ => client.write_all(&reply).await?,
        }
    }
}

/// Says nothing until the client hangs up.
async fn hang(client: &mut BufReader<TcpStream>) -> io::Result<()> {
    while !client.fill_buf().await?.is_empty() {
        let length = client.buffer().len();
        client.consume(length);
    }
    Ok(())
}

/// A request or a reply as it is on the wire: its head, and its body if it may have one.
async fn read_message(
    stream: &mut BufReader<TcpStream>,
    may_have_body: bool,
) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    while !message.ends_with(b"\r\n\r\n") {
        read_line(stream, &mut message).await?;
    }
    let head = String::from_utf8_lossy(&message).to_ascii_lowercase();
    let field = |name: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|field| field.0 == name).map(|field| field.1)
    };
    let bodiless = [" 204 ", " 304 "]
        .iter()
        .any(|status| head[8..].starts_with(status));
    if !may_have_body || bodiless {
        return Ok(message);
    }
    if field("transfer-encoding") == Some("chunked") {
        loop {
            let at = message.len();
            read_line(stream, &mut message).await?;
            let size = String::from_utf8_lossy(&message[at..]);
            let size = u64::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
            read_exactly(stream, &mut message, size + 2).await?;
            if size == 0 {
                return Ok(message);
            }
        }
    }
    let length = field("content-length").map_or(0, |length| length.parse().unwrap());
    read_exactly(stream, &mut message, length).await?;
    Ok(message)
}

async fn read_line(stream: &mut BufReader<TcpStream>, message: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_until(b'\n', message).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

async fn read_exactly(
    stream: &mut BufReader<TcpStream>,
    message: &mut Vec<u8>,
    length: u64,
) -> io::Result<()> {
    match stream.take(length).read_to_end(message).await? {
        read if read as u64 == length => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn first_line(request: &[u8]) -> String {
    let end = request.iter().position(|byte| *byte == b'\r');
    String::from_utf8_lossy(&request[..end.unwrap_or(0)]).into_owned()
}

/// What storage answers when it does not do what is asked; `ServerBusy` is its code for most that it
/// cannot do now.
fn answer(status: u16, code: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Chaos\r\nx-ms-error-code: {code}\r\ncontent-length: 0\r\n\r\n")
        .into_bytes()
}
