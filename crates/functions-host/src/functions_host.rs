//! The host as a test holds it: start, address, what happened, stop.

use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App, HttpServer, rt, web};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::forwarding::HostVersion;
use super::function::{Trigger, read_functions};
use super::host::Host;
use super::launch::Executable;
use super::process::Source as WorkerSource;
use super::queue_trigger::QueueListener;
use super::timer_trigger::Timer;
use super::worker::Worker;
use super::{
    Client, Event, Fault, HostManifest, HostOptions, Journal, LocalSettings, LogLine, Routes,
    Settings, http,
};

/// How long the host keeps a caller's connection that is idle (Kestrel's default). A shorter time ends
/// one while its client is about to use it.
const KEEP_ALIVE: Duration = Duration::from_secs(130);

/// A running host. Dropping it is the death of a host: the handler is killed, and messages in
/// flight come back when their lease ends.
///
/// It lives on threads of its own, so that a test's runtime and the host's do not depend on each
/// other.
pub struct FunctionsHost {
    host: Arc<Host>,
    timers: Vec<Arc<Timer>>,
    address: String,
    runtime: Handle,
    thread: Option<JoinHandle<()>>,
    _app: Box<dyn AsRef<Path> + Send + Sync>,
}

impl FunctionsHost {
    /// Starts a host for the app in a folder, such as an unpacked zip, and waits until its handler
    /// answers: the executable that the folder's `host.json` names. The error is a manifest's fault, or
    /// that there is no such folder; a handler that does not start fails the test with the host's log.
    ///
    /// What is given for the folder is kept until the host is dropped, and so is a folder that goes
    /// with it.
    pub async fn start(
        app: impl AsRef<Path> + Send + Sync + 'static,
        options: HostOptions,
    ) -> Result<Self, Fault> {
        let host = Self::launch(app, options)?;
        let over = |events: &[Event]| {
            let ready = events.contains(&Event::WorkerReady);
            let stopped = matches!(events.last(), Some(Event::HostStopped { .. }));
            (ready || stopped).then_some(ready)
        };
        let ready = host.events().wait_for("ready worker", over).await;
        assert!(ready, "no handler: {:#?}", host.logs().entries());
        Ok(host)
    }

    /// Starts a host without waiting for its handler; the rest is as with [`start`](Self::start).
    pub fn launch(
        app: impl AsRef<Path> + Send + Sync + 'static,
        options: HostOptions,
    ) -> Result<Self, Fault> {
        let fault = |error: std::io::Error| Fault::new("start", error);
        let root = &std::fs::canonicalize(&app).map_err(|error| Fault::new("app root", error))?;
        let listener = TcpListener::bind("127.0.0.1:0").map_err(fault)?;
        let address = listener.local_addr().map_err(fault)?;

        let mut settings = Settings::new(LocalSettings::read(root)?.values);
        settings.set("AZURE_FUNCTIONS_ENVIRONMENT", "Development");
        settings.set("FUNCTIONS_CORETOOLS_ENVIRONMENT", "true");
        settings.set("AzureWebJobsScriptRoot", root.to_string_lossy());
        settings.set("WEBSITE_HOSTNAME", format!("localhost:{}", address.port()));
        for (name, value) in options.settings {
            settings.set(name, value);
        }
        let manifest = HostManifest::read(root, &settings)?;
        let functions = read_functions(root)?;
        if !manifest.custom_handler.enable_forwarding_http_request {
            let reason = "HTTP without forwarding is left out of this double";
            return Err(Fault::new("host.json", reason));
        }
        let version = match manifest.custom_handler.enable_proxying_http_request {
            true => options.version,
            false => HostVersion::Rebuilding,
        };
        let description = &manifest.custom_handler.description;
        let source = match options.handler_port {
            Some(port) => WorkerSource::Listening(port),
            None => WorkerSource::Process(Executable::resolve(description, root)),
        };
        let host = Arc::new(Host {
            routes: Routes::new(&manifest.extensions.http.route_prefix, &functions),
            manifest,
            settings,
            version,
            first_start: Mutex::new(options.first_start),
            function_key: options.function_key,
            receive_lease: options.receive_lease,
            timer_schedule: options.timer_schedule,
            client: Client::default(),
            worker: Worker::new(source.port().map_err(fault)?),
            framing: Default::default(),
            events: Journal::default(),
            logs: Journal::default(),
            stop: watch::Sender::new(false),
        });

        let (mut queues, mut timers) = (Vec::new(), Vec::new());
        for function in &functions {
            let name = &function.name;
            let fault = |reason: String| Fault::new(format!("{name}/function.json"), reason);
            match &function.trigger {
                Trigger::Http(_) => {}
                Trigger::Queue(trigger) => {
                    queues.push(QueueListener::new(&host, name, trigger).map_err(fault)?);
                }
                Trigger::Timer(trigger) => {
                    timers.push(Arc::new(Timer::new(&host, name, trigger).map_err(fault)?));
                }
            }
        }
        let (started, runtime) = mpsc::channel();
        let thread = {
            let (host, timers) = (Arc::clone(&host), timers.clone());
            std::thread::spawn(move || {
                rt::System::new().block_on(async {
                    // Nobody listens any more if the test is gone.
                    let _ = started.send(Handle::current());
                    run(&host, source, listener, queues, timers).await;
                });
            })
        };
        Ok(Self {
            host,
            timers,
            address: format!("http://{address}"),
            runtime: runtime.recv().map_err(|error| Fault::new("start", error))?,
            thread: Some(thread),
            _app: Box::new(app),
        })
    }

    /// The URL of a path on the host, `/api/tasks` for instance.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// The port on loopback where the handler is to listen.
    pub fn handler_port(&self) -> u16 {
        self.host.worker.port
    }

    /// What the host did so far.
    pub fn events(&self) -> &Journal<Event> {
        &self.host.events
    }

    /// What host and handler logged so far.
    pub fn logs(&self) -> &Journal<LogLine> {
        &self.host.logs
    }

    /// Runs the timer function of this name now, after a run under way; true if the handler
    /// acknowledged.
    pub async fn run_timer_now(&self, function: &str) -> bool {
        let mut timers = self.timers.iter();
        let timer = timers.find(|timer| timer.function() == function);
        let timer = Arc::clone(timer.expect("a timer function of this name"));
        let host = Arc::clone(&self.host);
        // On the host's runtime, where its connections live.
        let run = self
            .runtime
            .spawn(async move { timer.run_once(&host).await });
        run.await.expect("the host is running")
    }

    /// Stops the host and waits until the handler is dead.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for FunctionsHost {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("what the host saw: {:#?}", self.logs().entries());
        }
        self.host.stop("stopped by the test");
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed; a second one here would abort the test run.
            let _ = thread.join();
        }
    }
}

async fn run(
    host: &Arc<Host>,
    source: WorkerSource,
    listener: TcpListener,
    queues: Vec<QueueListener>,
    timers: Vec<Arc<Timer>>,
) {
    let server = serve(host, listener);
    let handle = server.handle();
    rt::spawn(server);
    let mut triggers = JoinSet::new();
    for queue in queues {
        triggers.spawn(queue.run());
    }
    for timer in timers {
        let host = Arc::clone(host);
        triggers.spawn(async move { timer.run(&host).await });
    }
    tokio::join!(host.worker.run(host, source), async {
        host.stopped().await;
        // Before the handler dies: a dead host does not release what its handler had in hand.
        triggers.shutdown().await;
        host.worker.shut_down();
    });
    handle.stop(false).await;
}

fn serve(host: &Arc<Host>, listener: TcpListener) -> Server {
    let host = web::Data::new(Arc::clone(host));
    HttpServer::new(move || {
        App::new()
            .app_data(host.clone())
            .default_service(web::to(http::serve))
    })
    .workers(1)
    .keep_alive(KEEP_ALIVE)
    .disable_signals()
    .listen(listener)
    .expect("a bound socket can be listened on")
    .run()
}
