//! A kind with a queue of its own under the host: a function of its own brings its messages, and without one
//! the timer does.

use std::fs;

use async_request_reply::functions::{functions, write};
use functions_host::{HostOptions, StorageQueue};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use super::{Hosted, json, options};
use crate::helpers::azurite::azurite;
use crate::helpers::project::app;

/// Tasks in the main queue.
const FLOOD: usize = 100;

/// Kinds that note that they run: one that goes on when the gate opens, and two with a queue of their own.
struct Kinds {
    folder: TempDir,
    queue: String,
}

impl Kinds {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let queue = format!("apart-{}", Uuid::now_v7());
        let kind = |name: &str, script: &str, more: &str| {
            let command = [
                "/bin/sh",
                "-c",
                &format!("echo $TASK_KIND >> order; {script}"),
            ];
            format!("[[kind]]\nname = \"{name}\"\ncommand = {command:?}\n{more}\n")
        };
        let own = format!("queue = \"{queue}\"\n");
        let quick = format!("{own}back_off = {{ first = \"1s\", factor = 1, longest = \"1s\" }}\n");
        let text = [
            kind("many", "until test -e open; do sleep 0.1; done; cat", ""),
            kind("apart", "cat", &own),
            kind("fails-once", "test $TASK_ATTEMPT != 1 && cat", &quick),
        ];
        fs::write(folder.path().join("kinds.toml"), text.concat()).unwrap();
        Self { folder, queue }
    }

    /// The app with the service behind it, and with functions for these further queues.
    async fn start(&self, further: &[&str]) -> Hosted {
        let app = app();
        let functions = functions(further).unwrap();
        // What the project publishes is not asked here.
        app.write(".funcignore", "# functions\n# /functions\n")
            .unwrap();
        write(app.as_ref(), &functions).unwrap();
        let (options, queue) = options(&azurite().connection_string());
        Hosted::start_app(app, self.told(options), queue).await
    }

    fn told(&self, options: HostOptions) -> HostOptions {
        let file = self.folder.path().join("kinds.toml");
        options.setting("KINDS_FILE", file.to_str().unwrap())
    }

    fn queue(&self) -> StorageQueue {
        StorageQueue::new(&azurite().connection_string(), &self.queue).unwrap()
    }

    fn open_gate(&self) {
        fs::write(self.folder.path().join("open"), "").unwrap();
    }

    /// The kinds whose attempts have begun, in their order.
    fn order(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join("order")).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

impl Hosted {
    async fn submit_to(&self, kind: &str) -> String {
        let body = json!({ "kind": kind, "input": "x" }).to_string();
        let accepted = self.post("/api/tasks", &body).await;
        assert_eq!(accepted.status, 202, "{accepted:?}");
        json(&accepted)["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_flood_in_one_queue_holds_up_no_task_of_another() {
    let kinds = Kinds::new();
    let hosted = kinds.start(&[&kinds.queue]).await;
    let mut flood = Vec::new();
    for _ in 0..FLOOD {
        flood.push(hosted.submit_to("many").await);
    }
    let id = hosted.submit_to("apart").await;

    // No other ends before it.
    assert_eq!(hosted.ended(&id).await["status"], "Succeeded");

    let order = kinds.order();
    let place = order.iter().position(|kind| kind == "apart").unwrap();
    assert!(place < FLOOD / 2, "{place} began before it");
    kinds.open_gate();
    let function = format!("queue_worker_{}", kinds.queue);
    hosted.host.finished(&function, 1).await;
    for id in flood {
        assert_eq!(hosted.ended(&id).await["status"], "Succeeded");
    }
}

#[tokio::test]
async fn another_attempt_comes_by_the_function_of_its_queue() {
    let kinds = Kinds::new();
    let hosted = kinds.start(&[&kinds.queue]).await;
    let id = hosted.submit_to("fails-once").await;
    let monitor = hosted.ended(&id).await;
    assert_eq!(
        (&monitor["status"], &monitor["attempts"]),
        (&json!("Succeeded"), &json!(2))
    );
    let function = format!("queue_worker_{}", kinds.queue);
    hosted.host.finished(&function, 2).await;
    kinds.queue().settles_at(0).await;
}

#[tokio::test]
async fn without_a_function_for_the_queue_the_timer_brings_its_tasks() {
    let kinds = Kinds::new();
    let hosted = kinds.start(&[]).await;
    let id = hosted.submit_to("apart").await;
    assert!(hosted.host.run_timer_now("timer_worker").await);
    assert_eq!(hosted.ended(&id).await["status"], "Succeeded");
}
