//! Kinds of work that commands do, through the real service: those of `examples/commands`, and some that
//! nobody should write.

mod endings;
mod examples;
mod starting;

use std::path::{Path, PathBuf};

use crate::helpers::handler::Serving;

/// The kinds file of the examples.
fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/commands/kinds.toml")
}

/// Where programs are: the tests' own folders.
fn path() -> String {
    std::env::var("PATH").unwrap()
}

/// Serves the kinds of a file, with more settings.
fn serving(folder: &Path, kinds_file: &Path, more: &[(&str, &str)]) -> Serving {
    let path = path();
    let settings = [
        ("PATH", &*path),
        ("KINDS_FILE", kinds_file.to_str().unwrap()),
    ];
    Serving::start_with(folder, &[&settings[..], more].concat())
}
