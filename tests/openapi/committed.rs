//! Files below `docs/` that are made from the code, and committed.

use std::path::Path;
use std::{env, fs};

/// Checks that `docs/{name}` is this text; writes it when `UPDATE_OPENAPI` is set.
pub(super) fn is_committed(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(name);
    if env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(&path, text).unwrap();
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let at = committed
        .lines()
        .zip(text.lines())
        .position(|(committed, made)| committed != made)
        .unwrap_or_else(|| committed.lines().count().min(text.lines().count()));
    assert!(
        committed == text,
        "docs/{name} is not what the code says, from line {} on; run: \
         UPDATE_OPENAPI=1 cargo test --test integration openapi",
        at + 1
    );
}
