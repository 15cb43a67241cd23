//! Kinds of work that commands do, through the real service: those of `examples/commands`, and some that
//! nobody should write.

mod endings;
mod examples;
mod starting;

use std::path::{Path, PathBuf};

use crate::helpers::deployment::{Deployment, Setting};
use crate::helpers::handler::Serving;

/// The kinds file of the examples.
fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/commands/kinds.toml")
}

/// Where programs are: the tests' own folders.
fn path() -> String {
    std::env::var("PATH").unwrap()
}

/// Serves the kinds of a file on the embedded store.
fn serving(folder: &Path, kinds_file: &Path) -> Serving {
    let path = path();
    Serving::start_with(folder, &settings(&path, kinds_file))
}

/// Serves them anywhere.
async fn start(setting: Setting, kinds_file: &Path) -> Deployment {
    let path = path();
    Deployment::start(setting, &settings(&path, kinds_file)).await
}

fn settings<'a>(path: &'a str, kinds_file: &'a Path) -> [(&'static str, &'a str); 2] {
    [("PATH", path), ("KINDS_FILE", kinds_file.to_str().unwrap())]
}
