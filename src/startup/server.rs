//! The HTTP server: one application on each of its threads.

use std::convert::Infallible;
use std::future::ready;
use std::net::TcpListener;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use actix_http::HttpService;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::{AppConfig, Server};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::{App, Error};

use super::connection::{Connection, watch};
use super::descriptors::max_connections;
use super::error::StartError;
use super::socket::{end_dead_connections, widen_backlog};
use crate::api::{self, Access, Api, Browsers, Memory, OwnQueue};
use crate::config::{Config, Mode};
use crate::triggers;
use engine::Engine;
use engine::limits::RELEASE_TIME;

/// How long the rest of a body is passed over that was refused, so that its client, who is still
/// sending, gets to read why.
const LINGER: Duration = Duration::from_secs(1);

/// Serves the API, and under the host its triggers, to whoever connects.
///
/// This is what actix-web's own `HttpServer` puts together, over a [`Connection`] in place of a bare
/// stream.
pub(super) fn serve(
    listener: TcpListener,
    config: &Config,
    engine: &Engine,
    access: Access,
    raw_queue: Option<OwnQueue>,
) -> Result<Server, StartError> {
    let address = listener.local_addr()?;
    widen_backlog(&listener)?;
    end_dead_connections(&listener, config.patience.unread)?;
    let config = config.clone();
    let engine = engine.clone();
    let (mode, patience) = (config.mode, config.patience);
    let drain_time = config.shutdown_grace.max(RELEASE_TIME);
    let memory = Memory::new(config.memory_budget);
    let requests = api::requests();
    let description = api::description(&engine.tasks);
    let surfaces = Arc::new(config.surfaces.clone());
    let application = move || {
        let Engine {
            tasks,
            workflows,
            consumers,
            maintenance,
            ..
        } = engine.clone();
        let api = Api {
            tasks,
            workflows,
            raw_queue: raw_queue.clone(),
            address,
            mode: config.mode.name(),
            storage: config.storage.name(),
            public_base_url: config.public_base_url.clone(),
            max_body_bytes: config.max_body_bytes,
            body_timeout: config.patience.body,
            request_budget: config.request_budget,
            memory: memory.clone(),
            requests: requests.clone(),
            access: access.clone(),
            browsers: match config.mode {
                Mode::Hosted(_) => Browsers::ByHost,
                Mode::Standalone(_) => Browsers::From(config.allowed_origins.clone()),
            },
            surfaces: Arc::clone(&surfaces),
        };
        let description = description.clone();
        let hosted = matches!(config.mode, Mode::Hosted(_));
        App::new()
            .app_data(api)
            .wrap(from_fn(api::edge))
            .wrap(from_fn(watch))
            .configure(|routes| {
                if hosted {
                    triggers::configure(routes, consumers, maintenance);
                }
                api::configure(routes, description);
            })
    };
    let head_timeout = match mode {
        // The host opens connections in advance, and uses them when it needs them.
        Mode::Hosted(_) => patience.idle,
        Mode::Standalone(_) => patience.head,
    };
    let threads = available_parallelism().map_or(2, NonZero::get);
    let builder = Server::build()
        .workers(threads)
        .max_concurrent_connections(max_connections(threads))
        .shutdown_timeout(drain_time.as_secs())
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let builder = builder.listen("http", listener, move || {
        let stopping = stopping.clone();
        let application = application()
            .into_factory()
            .map_err(|error: Error| error.error_response());
        let http = HttpService::build()
            .keep_alive(patience.keep_alive)
            .client_request_timeout(head_timeout)
            .client_disconnect_timeout(LINGER)
            // A client that hangs up frees what it holds: that it waits for a task, above all.
            .h1_allow_half_closed(false)
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .on_connect_ext(|connection: &Connection, data| {
                data.insert(connection.activity());
            })
            .h1(map_config(application, |_| AppConfig::default()));
        fn_service(move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            // The rest of a large reply must not wait until its client acknowledges the beginning,
            // which clients put off by 40 ms. Fails when the client is gone, which shows soon enough.
            let _ = stream.set_nodelay(true);
            ready(Ok::<_, Infallible>((
                Connection::new(stream, patience.idle),
                peer,
            )))
        })
        .map_err(|never| match never {})
        .and_then(http)
    })?;
    Ok(builder.run())
}
