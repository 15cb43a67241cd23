//! This project as an app of the Functions host.

use std::env;
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
        let mut cargo = Command::new(env!("CARGO"));
        // Of a package, for its tests. Some build scripts would run again for another value.
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                cargo.env_remove(&*name);
            }
        }
        let output = cargo
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
