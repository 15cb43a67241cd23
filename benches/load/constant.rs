//! The yardstick of the embedded store: an actix-web server that answers a constant, in a process of
//! its own, asked by the same client.

use std::cell::Cell;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Instant;

use actix_web::{App, HttpServer, web};
use tokio::task::JoinSet;

use super::http::{Connection, HttpError};
use super::process::Owned;

/// The flag that makes this tool be that server.
pub(crate) const FLAG: &str = "--serve-constant";

/// Serves until it is killed; says where on the first line of its output.
pub(crate) fn serve() -> std::io::Result<()> {
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(|| {
            App::new()
                .route("/", web::get().to(async || "constant"))
                // Whatever is posted, as the result of a task.
                .route("/", web::post().to(async || web::Json("constant")))
        })
        .bind(("127.0.0.1", 0))?;
        println!("{}", server.addrs()[0]);
        server.run().await
    })
}

/// Requests per second of so many clients side by side.
pub(crate) async fn requests_per_second(
    requests: usize,
    concurrency: usize,
) -> Result<f64, HttpError> {
    let server = Server::start()?;
    let left = Rc::new(Cell::new(requests));
    let mut clients = JoinSet::new();
    let begun = Instant::now();
    for _ in 0..concurrency {
        let (left, address) = (Rc::clone(&left), server.address);
        clients.spawn_local(async move {
            let mut connection = Connection::to(address.into());
            while let Some(rest) = left.get().checked_sub(1) {
                left.set(rest);
                if let Err(error) = connection.get("/", &[]).await {
                    return Err(error.to_string());
                }
            }
            Ok(())
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    let requests = requests as f64;
    Ok(requests / begun.elapsed().as_secs_f64())
}

/// The other process.
pub(crate) struct Server {
    _process: Owned,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn start() -> Result<Self, HttpError> {
        let mut process = Owned(
            Command::new(std::env::current_exe()?)
                .arg(FLAG)
                .stdout(Stdio::piped())
                .spawn()?,
        );
        let mut line = String::new();
        let output = process.0.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().parse()?;
        Ok(Self {
            _process: process,
            address,
        })
    }
}
