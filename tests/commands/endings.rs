//! Commands that nobody should write: how their tasks end, and that nothing is left of them.

use std::fs;
use std::path::Path;

use crate::helpers::client::Client;
use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;

use super::serving;

/// A name, a script, and how its task ends.
const HOSTILE: [(&str, &str, &str); 10] = [
    ("missing", "", "CannotStart"),
    ("rubbish", "echo rubbish", "InvalidResult"),
    ("gigabyte", "head -c 1000000000 /dev/zero", "ResultTooLarge"),
    ("deaf", "echo 1", "Succeeded"),
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
        "stubborn",
        "trap '' TERM; echo '@progress 1' >&2; while :; do sleep 1000; done",
        "TimeLimitExceeded",
    ),
];

fn write_kinds(folder: &Path) {
    let entry = |(name, script, _): &(&str, &str, &str)| {
        let command = match *name {
            "missing" => vec!["./missing"],
            _ => vec!["sh", "-c", script],
        };
        format!(
            "[[kind]]\nname = \"{name}\"\nattempts = 1\ntime_limit = \"3s\"\ncommand = {command:?}\n"
        )
    };
    let text: String = HOSTILE.iter().map(entry).collect();
    fs::write(folder.join("kinds.toml"), text).unwrap();
}

/// The processes that this one started and that live, but for the shell that watches over them.
fn children(serving: &Serving) -> Vec<String> {
    let id = serving.handler.id();
    let tasks = fs::read_dir(format!("/proc/{id}/task")).unwrap();
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

fn descriptors(serving: &Serving) -> usize {
    fs::read_dir(format!("/proc/{}/fd", serving.handler.id()))
        .unwrap()
        .count()
}

/// Which processes there are whose folder this is.
fn working_in(folder: &Path) -> Vec<u32> {
    let folder = folder.canonicalize().unwrap();
    let processes = fs::read_dir("/proc").unwrap();
    let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    ids.filter(|id| fs::read_link(format!("/proc/{id}/cwd")).is_ok_and(|cwd| cwd == folder))
        .collect()
}

async fn ends_as(client: &Client, name: &str, end: &str) {
    let input = "x".repeat(500_000);
    let id = client
        .run(&format!(r#"{{"kind":"{name}","input":"{input}"}}"#))
        .await;
    let monitor = client.monitor(&id).await.json();
    let ended = monitor["error"]["code"]
        .as_str()
        .or(monitor["status"].as_str());
    assert_eq!(ended, Some(end), "{name}: {monitor}");
}

#[tokio::test]
async fn no_command_leaves_a_process_or_a_descriptor() {
    let (folder, kinds) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_kinds(kinds.path());
    let serving = serving(folder.path(), &kinds.path().join("kinds.toml"), &[]);
    ends_as(&serving.client, "deaf", "Succeeded").await;
    let before = descriptors(&serving);
    for (name, _, end) in HOSTILE {
        ends_as(&serving.client, name, end).await;
    }
    eventually("all are gone", async || {
        let left = working_in(kinds.path());
        (left.is_empty() && children(&serving).is_empty()).then_some(())
    })
    .await;
    // Connections of this client come and go.
    eventually("descriptors are as before", async || {
        (descriptors(&serving) <= before + 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn no_command_outlives_a_service_that_is_killed() {
    let (folder, kinds) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let script = "sleep 1000 & sleep 1000 & trap '' TERM HUP; while :; do sleep 1000; done";
    let text = format!(
        "[[kind]]\nname = \"family\"\ncommand = {:?}\n",
        ["sh", "-c", script]
    );
    fs::write(kinds.path().join("kinds.toml"), text).unwrap();
    let serving = serving(folder.path(), &kinds.path().join("kinds.toml"), &[]);
    serving
        .client
        .accepted(r#"{"kind":"family","input":null}"#)
        .await;
    let begun = async || (working_in(kinds.path()).len() >= 4).then_some(());
    eventually("the family is there", begun).await;

    serving.handler.signal("KILL");

    let gone = async || working_in(kinds.path()).is_empty().then_some(());
    eventually("the family is gone", gone).await;
}
