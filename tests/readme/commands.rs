//! The commands that the README and `docs/kinds.md` begin with, done as they are shown.

use std::path::Path;
use std::{env, fs};

use super::{README, between};
use crate::helpers::handler::Serving;
use crate::helpers::reply::redact_ids;

const GUIDE: &str = include_str!("../../docs/kinds.md");

/// Serves the kinds of a folder, and sends the request of a page: its reply is the one that is shown.
async fn is_answered_as_shown(page: &'static str, folder: &Path) {
    let (path, file) = (env::var("PATH").unwrap(), folder.join("kinds.toml"));
    let settings = [
        ("PATH", path.as_str()),
        ("KINDS_FILE", file.to_str().unwrap()),
    ];
    let serving = Serving::start_with(folder, &settings);
    let (_, call) = page.split_once("-H 'Prefer: wait=10' \\\n").unwrap();
    let request = serving.client.post_task().header("Prefer", "wait=10");
    let body = between(call, "-d '", "'\n");
    let reply = serving.client.send(request.body(body)).await;
    let shown = between(call, "```json\n", "\n```");
    let said = redact_ids(reply.text().into());
    assert_eq!(said.trim_end(), redact_ids(shown.into()));
}

#[tokio::test]
async fn the_command_in_the_readme_does_what_it_shows() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = between(README, "```toml\n", "```\n");
    fs::write(folder.path().join("kinds.toml"), kinds).unwrap();
    is_answered_as_shown(README, folder.path()).await;
}

#[tokio::test]
async fn the_first_command_in_the_guide_does_what_it_shows() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = between(GUIDE, "```toml\n", "```\n");
    fs::write(folder.path().join("kinds.toml"), kinds).unwrap();
    let program = between(GUIDE, "`work/word_count.py`:\n\n```python\n", "```\n");
    fs::create_dir(folder.path().join("work")).unwrap();
    fs::write(folder.path().join("work/word_count.py"), program).unwrap();
    is_answered_as_shown(GUIDE, folder.path()).await;
}
