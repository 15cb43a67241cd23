//! Kinds of work behind URLs, through the real service: the example of `examples/http`, and services that nobody
//! should have.

mod endings;
mod example;
mod hosted;
mod many;
pub(crate) mod service;
mod told;
mod told_of;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use self::service::Service;
use crate::helpers::client::Client;
use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;

/// The kinds of the tests: name and path, attempts, and the time for one.
const KINDS: [(&str, u32, &str); 7] = [
    ("answers", 1, "1m"),
    ("hangs", 1, "1s"),
    ("redirects", 1, "1m"),
    ("html", 1, "1m"),
    ("huge", 1, "1m"),
    ("callback", 2, "1m"),
    ("late", 1, "2s"),
];

/// Writes a kinds file that leads to a service, and says where.
fn write_kinds(folder: &Path, service: &Service) -> PathBuf {
    let mut text = String::new();
    for (name, attempts, time_limit) in KINDS {
        let path = if name == "late" { "callback" } else { name };
        let url = format!("http://{}/{path}", service.address);
        write!(
            text,
            "[[kind]]\nname = \"{name}\"\nurl = \"{url}\"\nattempts = {attempts}\ntime_limit = \"{time_limit}\"\n\
             back_off = {{ first = \"1s\", factor = 1, longest = \"1s\" }}\n"
        )
        .unwrap();
    }
    let file = folder.join("kinds.toml");
    fs::write(&file, text).unwrap();
    file
}

/// Serves the kinds of a file, with more settings.
fn serving(folder: &Path, kinds_file: &Path, more: &[(&str, &str)]) -> Serving {
    let settings = [("KINDS_FILE", kinds_file.to_str().unwrap())];
    Serving::start_with(folder, &[&settings[..], more].concat())
}

fn work(kind: &str) -> String {
    format!(r#"{{"kind":"{kind}","input":{{"text":"Straße"}}}}"#)
}

async fn monitor(client: &Client, id: &str) -> Value {
    client.monitor(id).await.json()
}

/// Waits until the record tells of the attempt: the service is called before.
async fn shows_as_running(client: &Client, id: &str) {
    eventually("the attempt is handed over", async || {
        (monitor(client, id).await["status"] == "Running").then_some(())
    })
    .await;
}
