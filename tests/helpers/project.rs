//! This project as an app of the Functions host.

use std::path::Path;

use functions_host::AppRoot;

/// Its manifests in a folder of their own, with the handler Cargo built for this test run.
pub(crate) fn app() -> AppRoot {
    AppRoot::of_project(
        Path::new(env!("CARGO_MANIFEST_DIR")),
        Path::new(env!("CARGO_BIN_EXE_handler")),
        Path::new(env!("CARGO_TARGET_TMPDIR")),
    )
    .expect("a copy of the project")
}
