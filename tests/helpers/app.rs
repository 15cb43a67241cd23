//! The service in this process: on a free port, over a store of its own, stopped when dropped.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_request_reply::config::{Config, Mode};
use async_request_reply::kinds;
use async_request_reply::startup::Application;
use backends::SystemClock;
use backends::embedded::Embedded;
use ports::{Clock, Document, Head, Secret};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use work::Kinds;

use super::client::{Client, KEY};
use super::eventually::eventually;
use super::kinds::TestKinds;
use super::queues;

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

/// Starts one whose only slot is taken by a task, whose id is given: what else is submitted waits until that is canceled.
pub(crate) async fn spawn_busy_app() -> (App, String) {
    let app = spawn_app_with(|config| config.worker_concurrency = 1);
    let lasts = r#"{"kind": "waits", "input": 0}"#;
    let id = app.client.accepted(lasts).await;
    eventually("the slot is taken", async || {
        (app.kinds.runs() == 1).then_some(())
    })
    .await;
    (app, id)
}

/// Starts it with other settings.
pub(crate) fn spawn_app_with(change: impl FnOnce(&mut Config)) -> App {
    spawn(tempfile::tempdir().unwrap(), change, TestKinds::registry)
}

/// Starts it with the kinds alone that come with it.
pub(crate) fn spawn_standard_app_with(change: impl FnOnce(&mut Config)) -> App {
    spawn(tempfile::tempdir().unwrap(), change, |_, max_number| {
        kinds::standard(max_number, Duration::ZERO)
    })
}

/// Starts it with other settings and other kinds.
pub(crate) fn spawn_app_of(
    change: impl FnOnce(&mut Config),
    registry: fn(&TestKinds, u64) -> Kinds,
) -> App {
    spawn(tempfile::tempdir().unwrap(), change, registry)
}

/// Starts it over a store that already holds these blobs, by name.
pub(crate) async fn spawn_app_over(blobs: &[(&str, &str)]) -> App {
    let folder = tempfile::tempdir().unwrap();
    write_blobs(folder.path(), blobs).await;
    spawn(folder, |_| (), TestKinds::registry)
}

fn spawn(
    folder: TempDir,
    change: impl FnOnce(&mut Config),
    standalone: fn(&TestKinds, u64) -> Kinds,
) -> App {
    let mut config = Config {
        api_keys: vec![Secret::new(KEY)],
        ..Config::for_tests(folder.path(), queues::tasks())
    };
    change(&mut config);
    let kinds = TestKinds::default();
    let registry = match config.mode {
        Mode::Hosted(_) => kinds.registry_under_host(config.max_number),
        Mode::Standalone(_) => standalone(&kinds, config.max_number),
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

/// Leaves blobs as another writer would: with a head that tells nothing of ours.
async fn write_blobs(folder: &Path, blobs: &[(&str, &str)]) {
    let store = Embedded::open(folder, Arc::new(SystemClock))
        .unwrap()
        .tasks();
    for (name, body) in blobs {
        let head = Head {
            kind: String::new(),
            status: String::new(),
            created_at: SystemClock.now(),
            updated_at: SystemClock.now(),
            attempts: 0,
            further: None,
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
