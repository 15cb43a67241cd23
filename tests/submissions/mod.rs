//! What a submission may be beyond a kind and its input, on both backends and under the Functions host: large,
//! for later, labelled, and one of many.

mod delayed;
mod labelled;
mod large;
mod many;

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::helpers::client::Client;
use crate::helpers::deployment::{Deployment, Setting};
use crate::helpers::eventually::eventually;

/// A service with a kind `length`, which tells how many bytes its input has as JSON.
struct Rig {
    deployment: Deployment,
    _kinds: TempDir,
}

impl Rig {
    async fn start(setting: Setting) -> Self {
        Self::start_with(setting, &[]).await
    }

    /// With more settings.
    async fn start_with(setting: Setting, more: &[(&str, &str)]) -> Self {
        let kinds = tempfile::tempdir().unwrap();
        let file = kinds.path().join("kinds.toml");
        let kind = "[[kind]]\nname = \"length\"\ncommand = [\"sh\", \"-c\", \"wc -c\"]\n";
        fs::write(&file, kind).unwrap();
        let path = std::env::var("PATH").unwrap();
        let settings = [
            ("PATH", &*path),
            ("KINDS_FILE", file.to_str().unwrap()),
            // On a busy machine the emulator takes its time.
            ("REQUEST_BUDGET", "100s"),
        ];
        Self {
            deployment: Deployment::start(setting, &[&settings[..], more].concat()).await,
            _kinds: kinds,
        }
    }

    fn client(&self) -> &Client {
        &self.deployment.client
    }

    async fn monitor(&self, id: &str) -> Value {
        self.client().monitor(id).await.json()
    }

    /// The monitor of a task once it has succeeded.
    async fn succeeded(&self, id: &str) -> Value {
        eventually("the task succeeds", async || {
            let monitor = self.monitor(id).await;
            assert_ne!(monitor["status"], "Failed", "{monitor}");
            (monitor["status"] == "Succeeded").then_some(monitor)
        })
        .await
    }

    /// The tasks that a listing has.
    async fn listed(&self, query: &str) -> Vec<Value> {
        let mut listed = Vec::new();
        let mut next = Some(format!("/api/operations?{query}"));
        while let Some(path) = next {
            let page = self.client().get_keyed(&path).await;
            assert_eq!(page.status, 200, "{}", page.text());
            let mut page = page.json();
            let link = page["nextLink"].as_str();
            next = link.map(|link| self.deployment.path_of(link).to_owned());
            listed.append(page["value"].as_array_mut().unwrap());
        }
        listed
    }
}
