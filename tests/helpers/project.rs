//! This project as an app of the Functions host.

use std::path::Path;

use functions_host::AppRoot;

/// Its manifests in a folder of their own, with the handler Cargo built for this test run.
pub(crate) fn app() -> AppRoot {
    app_of(Path::new(env!("CARGO_BIN_EXE_handler")))
}

/// The same with another handler.
pub(crate) fn app_of(handler: &Path) -> AppRoot {
    AppRoot::of_project(
        Path::new(env!("CARGO_MANIFEST_DIR")),
        handler,
        Path::new(env!("CARGO_TARGET_TMPDIR")),
    )
    .expect("a copy of the project")
}

/// The handler that knows the workflows of the tests.
pub(crate) fn handler_with_flows() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_workflows"))
}
