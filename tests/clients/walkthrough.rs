//! The README's walk-through and the error that `docs/clients/errors.md` begins with: the curl calls, run one
//! after the other, get the replies that are shown.

use tokio::process::Command;

use super::programs;
use crate::helpers::app::{App, spawn_app};
use crate::helpers::reply::{redact_ids, redact_times};

const README: &str = include_str!("../../README.md");
const ERRORS: &str = include_str!("../../docs/clients/errors.md");

/// Where the README's service listens.
const ADDRESS: &str = "127.0.0.1:7071";

/// Commands, and the reply that is shown below them.
struct Call {
    commands: &'static str,
    reply: &'static str,
}

/// The calls of the section "Use it", and the one that is refused.
fn calls() -> Vec<Call> {
    let (_, section) = README.split_once("\n## Use it\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let (refused, _) = ERRORS.split_once("\n## ").unwrap();
    [section, refused].into_iter().flat_map(shown).collect()
}

/// The calls that a text shows, each with its reply below.
fn shown(text: &'static str) -> Vec<Call> {
    let mut blocks = text.split("```").skip(1).step_by(2);
    let mut calls = Vec::new();
    while let Some(commands) = blocks.next() {
        let commands = commands.strip_prefix("sh\n").expect(commands);
        let reply = blocks.next().expect("commands without a reply");
        let (_, reply) = reply.split_once('\n').unwrap();
        calls.push(Call { commands, reply });
    }
    calls
}

/// A text without what differs from run to run.
fn redacted(text: &str) -> String {
    redact_times(redact_ids(text.replace('\r', "")))
        .trim_end()
        .to_owned()
}

/// Runs commands of the README against this service, with the id of its task.
async fn said(app: &App, commands: &str, id: &str) -> String {
    let commands = commands
        .lines()
        .filter(|line| !line.starts_with("ID="))
        .collect::<Vec<_>>()
        .join("\n")
        .replace(ADDRESS, &app.address.to_string());
    let mut shell = Command::new("bash");
    shell.args(["-euc", &commands]).env("ID", id);
    let ended = programs::ended(&mut shell, |_| ()).await;
    assert!(ended.succeeded, "{commands}\n{}", ended.stderr);
    ended.stdout.replace(&app.address.to_string(), ADDRESS)
}

/// Checks a head line by line: the README leaves out what does not matter there.
fn check_head(shown: &str, said: &str) {
    let said: Vec<_> = said.lines().map(str::to_lowercase).collect();
    for line in shown.lines() {
        assert!(said.contains(&line.to_lowercase()), "{line}\n{said:#?}");
    }
}

#[tokio::test]
async fn the_curl_calls_of_the_readme_get_the_replies_it_shows() {
    let app = spawn_app();
    let mut id = String::new();
    let calls = calls();
    assert_eq!(calls.len(), 4);
    for Call { commands, reply } in calls {
        let said = said(&app, commands, &id).await;
        let shown = redacted(reply);
        match (redacted(&said).split_once("\n\n"), shown.split_once("\n\n")) {
            (Some((said_head, said_body)), Some((head, body))) => {
                check_head(head, said_head);
                assert_eq!(said_body, body);
                let (_, rest) = said.split_once("{\"id\":\"").unwrap();
                id = rest[..36].to_owned();
                app.client.ended(&id).await;
            }
            _ => assert_eq!(redacted(&said), shown),
        }
    }
}
