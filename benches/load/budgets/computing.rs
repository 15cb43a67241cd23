//! The budgets of the computing itself, which a tool of its own measures against GMP.

use std::process::{Command, Stdio};

use super::super::http::HttpError;
use super::Budget;

/// That tool.
const PACKAGE: &str = "gmp";

/// What it needs: GMP is built from source.
const INSTALL: &str = "apt-get install gcc libc6-dev m4 make";

pub(super) fn measure() -> Result<Vec<Budget>, HttpError> {
    let output = Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet", "-p", PACKAGE])
        .args(["--", "--json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()?;
    // Its status may also say that a budget is not met.
    Ok(serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        println!("the package {PACKAGE} does not run; it needs: {INSTALL}");
        vec![Budget::not_measured("Fibonacci, against GMP")]
    }))
}
