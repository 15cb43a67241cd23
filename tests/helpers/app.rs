//! The service in this process: on a free port, over a store of its own, stopped when dropped.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_request_reply::config::{
    Config, LogFormat, MEMORY_BUDGET, Mode, Origins, Patience, Storage,
};
use async_request_reply::startup::Application;
use backends::SystemClock;
use backends::embedded::Embedded;
use ports::{Clock, Document, Head, Secret};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::client::{Client, KEY};
use super::kinds::TestKinds;

/// A running service and a client of it.
pub(crate) struct App {
    pub(crate) client: Client,
    pub(crate) address: SocketAddr,
    /// What the service can do beside Fibonacci.
    pub(crate) kinds: TestKinds,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

/// Starts it as it comes.
pub(crate) fn spawn_app() -> App {
    spawn_app_with(|_| ())
}

/// Starts it with other settings.
pub(crate) fn spawn_app_with(change: impl FnOnce(&mut Config)) -> App {
    spawn(tempfile::tempdir().unwrap(), change)
}

/// Starts it over a store that already holds these blobs, by name.
pub(crate) async fn spawn_app_over(blobs: &[(&str, &str)]) -> App {
    let folder = tempfile::tempdir().unwrap();
    write_blobs(folder.path(), blobs).await;
    spawn(folder, |_| ())
}

fn spawn(folder: TempDir, change: impl FnOnce(&mut Config)) -> App {
    let mut config = config(folder.path());
    change(&mut config);
    let kinds = TestKinds::default();
    let registry = match config.mode {
        Mode::Hosted(_) => kinds.registry_under_host(config.max_number),
        Mode::Standalone(_) => kinds.registry(config.max_number),
    };
    let (started, start) = mpsc::channel();
    // An application belongs to the thread that built it, so it is built where it runs.
    let thread = thread::spawn(move || {
        let _folder = folder;
        actix_web::rt::System::new().block_on(async {
            let application = Application::build(config, registry).unwrap();
            let handles = (application.address(), application.stopper());
            started.send(handles).unwrap();
            application.run().await.unwrap();
        });
    });
    let (address, stop) = start.recv().expect("the application did not start");
    App {
        client: Client::new(address),
        address,
        kinds,
        stop,
        thread: Some(thread),
    }
}

fn config(folder: &Path) -> Config {
    Config {
        mode: Mode::Standalone((Ipv4Addr::LOCALHOST, 0).into()),
        storage: Storage::Embedded(folder.to_owned()),
        container: "tasks".to_owned(),
        queue: QUEUE.to_owned(),
        api_keys: vec![Secret::new(KEY)],
        callback_secrets: Vec::new(),
        kinds_allow_http: false,
        submit_keys: Vec::new(),
        public_base_url: None,
        allowed_origins: Origins::None,
        kinds_file: None,
        max_number: 10_000_000,
        max_body_bytes: 2 * 1024 * 1024,
        max_queue_length: None,
        retention: Duration::from_secs(60 * 60),
        shutdown_grace: Duration::from_secs(5),
        worker_concurrency: 4,
        worker_waiting: 100,
        max_result_bytes: 64 * 1024 * 1024,
        log_format: LogFormat::Text,
        log_filter: "off".to_owned(),
        memory_budget: MEMORY_BUDGET,
        patience: Patience::default(),
    }
}

const QUEUE: &str = "tasks";

/// Leaves blobs as another writer would: with a head that tells nothing of ours.
async fn write_blobs(folder: &Path, blobs: &[(&str, &str)]) {
    let store = Embedded::open(folder, QUEUE, Arc::new(SystemClock))
        .unwrap()
        .tasks();
    for (name, body) in blobs {
        let head = Head {
            kind: String::new(),
            status: String::new(),
            created_at: SystemClock.now(),
            updated_at: SystemClock.now(),
            attempts: 0,
            error: None,
        };
        let body = (*body).to_owned().into();
        let written = store.create(name, &Document { head, body }).await.unwrap();
        assert!(written.is_some(), "{name} is there twice");
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.kinds.open_gate();
        self.stop.cancel();
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(
            thread::panicking() || matches!(ended, Some(Ok(()))),
            "the application broke off"
        );
    }
}
