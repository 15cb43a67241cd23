//! Commands that nobody should write: how their tasks end, and that nothing is left of them.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::start;
use crate::helpers::client::Client;
use crate::helpers::deployment::{Deployment, Setting};
use crate::helpers::eventually::eventually;

/// A name, a script, and how its task ends.
type Case = (&'static str, &'static str, &'static str);

const HOSTILE: [Case; 11] = [
    ("deaf", "echo 1", "Succeeded"),
    ("missing", "", "CannotStart"),
    ("plain", "", "CannotStart"),
    ("rubbish", "echo rubbish", "InvalidResult"),
    ("gigabyte", "head -c 1000000000 /dev/zero", "ResultTooLarge"),
    (
        "children",
        "sleep 1000 & (sleep 1000 & sleep 1000) & echo 1",
        "Succeeded",
    ),
    ("mute", "exec >&- 2>&-; cat >/dev/null", "Succeeded"),
    (
        "talker",
        "head -c 100000000 /dev/zero >&2; echo 1",
        "Succeeded",
    ),
    (
        "bomb",
        "for i in 1 2 3 4 5 6 7 8; do yes >&2 & done; echo 1",
        "Succeeded",
    ),
    ("killed", "kill -KILL $$", "CommandFailed"),
    (
        STUBBORN,
        "trap '' TERM; echo '@progress 1' >&2; while :; do sleep 1000; done",
        "TimeLimitExceeded",
    ),
];

/// Runs until its time is over, beside the others.
const STUBBORN: &str = "stubborn";

/// Leaves children behind, and does not end.
const FAMILY: &str = "sleep 1000 & sleep 1000 & trap '' TERM HUP; while :; do sleep 1000; done";

/// A folder with a kinds file, in which its commands work.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::write(folder.0.path().join("plain"), "echo 1").unwrap();
        let mut text = String::new();
        for (name, script, _) in HOSTILE {
            let time_limit = if name == STUBBORN { "3s" } else { "1m" };
            text += &match name {
                "missing" | "plain" => entry(name, time_limit, &[&format!("./{name}")]),
                _ => entry(name, time_limit, &["sh", "-c", script]),
            };
        }
        text += &entry("family", "1m", &["sh", "-c", FAMILY]);
        fs::write(folder.kinds_file(), text).unwrap();
        folder
    }

    fn kinds_file(&self) -> PathBuf {
        self.0.path().join("kinds.toml")
    }

    /// Which processes there are whose folder this is.
    fn processes(&self) -> Vec<u32> {
        let folder = self.0.path().canonicalize().unwrap();
        let processes = fs::read_dir("/proc").unwrap();
        let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        ids.filter(|id| fs::read_link(format!("/proc/{id}/cwd")).is_ok_and(|cwd| cwd == folder))
            .collect()
    }
}

fn entry(name: &str, time_limit: &str, command: &[&str]) -> String {
    format!(
        "[[kind]]\nname = \"{name}\"\nattempts = 1\ntime_limit = \"{time_limit}\"\ncommand = {command:?}\n"
    )
}

/// The processes that this one started and that live, but for the shell that watches over them.
fn children(process: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let children =
        tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok());
    let lines = children.flat_map(|ids| {
        ids.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    let lines = lines.filter_map(|id| fs::read_to_string(format!("/proc/{id}/cmdline")).ok());
    lines
        .filter(|line| !line.contains("while read -r sign group"))
        .collect()
}

/// The descriptors that commands take: pipes, and what their ends are waited for with. Connections and files
/// come and go by themselves.
fn descriptors(process: u32) -> usize {
    let is_of_commands = |path: &Path| {
        let link = fs::read_link(path).unwrap_or_default();
        let link = link.to_string_lossy();
        link.starts_with("pipe:") || link.contains("pidfd")
    };
    fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .filter(|entry| is_of_commands(&entry.as_ref().unwrap().path()))
        .count()
}

async fn submit(client: &Client, name: &str) -> String {
    let input = "x".repeat(500_000);
    client
        .accepted(format!(r#"{{"kind":"{name}","input":"{input}"}}"#))
        .await
}

async fn ends_as(client: &Client, id: &str, (name, _, end): Case) {
    client.ended(id).await;
    let monitor = client.monitor(id).await.json();
    let ended = monitor["error"]["code"]
        .as_str()
        .or(monitor["status"].as_str());
    assert_eq!(ended, Some(end), "{name}: {monitor}");
}

#[tokio::test]
async fn a_command_can_do_no_harm_on_the_embedded_store() {
    no_command_leaves_anything(Setting::Embedded).await;
}

#[tokio::test]
async fn a_command_can_do_no_harm_on_azure_storage() {
    no_command_leaves_anything(Setting::Azurite).await;
}

#[tokio::test]
async fn a_command_can_do_no_harm_under_the_functions_host() {
    no_command_leaves_anything(Setting::Hosted).await;
}

async fn no_command_leaves_anything(setting: Setting) {
    let folder = Folder::new();
    let deployment = start(setting, &folder.kinds_file()).await;
    let client = &deployment.client;
    let process = deployment.process().await;
    let nobody_is_left = async || {
        eventually("all are gone", async || {
            let nobody = folder.processes().is_empty() && children(process).is_empty();
            nobody.then_some(())
        })
        .await;
    };
    let [first, others @ .., last] = HOSTILE;
    let id = submit(client, first.0).await;
    ends_as(client, &id, first).await;
    nobody_is_left().await;
    let before = descriptors(process);

    let lasting = submit(client, last.0).await;
    for case in others {
        let id = submit(client, case.0).await;
        ends_as(client, &id, case).await;
    }
    ends_as(client, &lasting, last).await;

    nobody_is_left().await;
    eventually("descriptors are as before", async || {
        (descriptors(process) <= before).then_some(())
    })
    .await;
    assert_eq!(deployment.process().await, process, "it has died");
    no_command_outlives_its_service(&deployment, &folder).await;
}

async fn no_command_outlives_its_service(deployment: &Deployment, folder: &Folder) {
    deployment
        .client
        .accepted(r#"{"kind":"family","input":null}"#)
        .await;
    let family = eventually("the family is there", async || {
        Some(folder.processes()).filter(|family| family.len() >= 4)
    })
    .await;

    deployment.kill().await;

    // Under the host there is a new process, and another attempt.
    eventually("the family is gone", async || {
        let left = folder.processes();
        let is_gone = family.iter().all(|process| !left.contains(process));
        is_gone.then_some(())
    })
    .await;
}
