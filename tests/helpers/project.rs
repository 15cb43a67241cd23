//! This project as an app of the Functions host.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

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

/// The handler that knows the workflows of the tests. Cargo builds it with all examples, but not when it is
/// asked for one test alone.
pub(crate) fn handler_with_flows() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
        let target = target.expect("the target folder");
        let output = Command::new(env!("CARGO"))
            .args(["build", "--offline", "--example", "flows", "--target-dir"])
            .arg(target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("Cargo");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        target.join("debug/examples/flows")
    });
    &BUILT
}
