//! A crate of somebody's own, in a folder outside of this workspace.
//!
//! It is built into our target folder, with our versions and profiles and without a network, so that
//! what was compiled for the tests is used again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// One by its name. What was built of it is removed in the end.
pub(crate) struct OwnCrate {
    name: &'static str,
    folder: TempDir,
}

impl OwnCrate {
    /// A folder for it, without sources yet.
    pub(crate) fn new(name: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = Self { name, folder };
        fs::create_dir(own.root()).unwrap();
        let (_, profiles) = manifest().split_once("[profile.dev]").unwrap();
        let (profiles, _) = profiles.split_once("[profile.release]").unwrap();
        fs::write(own.config(), format!("[profile.dev]{profiles}")).unwrap();
        own
    }

    /// Takes this checkout for what is published.
    pub(crate) fn patch(&self) {
        let patch = format!("[patch.crates-io]\nasync-request-reply = {{ path = {ROOT:?} }}\n\n");
        let config = patch + &fs::read_to_string(self.config()).unwrap();
        fs::write(self.config(), config).unwrap();
    }

    /// Its folder, which has its name.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join(self.name)
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    /// Builds and tests it, which must go without a warning, and gives what the tests said.
    pub(crate) fn build_and_test(&self) -> String {
        fs::copy(format!("{ROOT}/Cargo.lock"), self.root().join("Cargo.lock")).unwrap();
        // With its tests, so that our package is compiled once, with the feature that they need.
        self.cargo(&["build", "--all-targets"]);
        let said = self.cargo(&["test"]);
        let ours = versions(&fs::read_to_string(format!("{ROOT}/Cargo.lock")).unwrap());
        let theirs = fs::read_to_string(self.root().join("Cargo.lock")).unwrap();
        let theirs = versions(&theirs);
        let others: Vec<_> = theirs.difference(&ours).collect();
        assert_eq!(others, [&format!("{} 0.1.0", self.name)]);
        said
    }

    /// Its binary, once it is built.
    pub(crate) fn binary(&self) -> Command {
        Command::new(target().join("debug").join(self.name))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command
            .args(arguments)
            .arg("--offline")
            .arg("--config")
            .arg(self.config())
            .arg("--target-dir")
            .arg(target())
            .current_dir(self.root());
        command
    }

    fn cargo(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let is_clean = output.status.success() && !said.contains("warning");
        assert!(is_clean, "cargo {arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for OwnCrate {
    fn drop(&mut self) {
        // Its folder has another name each time, and what is built of it would be kept for ever.
        let _ = self.command(&["clean", "--package", self.name]).output();
    }
}

fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

fn manifest() -> &'static str {
    include_str!("../../Cargo.toml")
}

/// The packages of a lock file.
fn versions(lock: &str) -> BTreeSet<String> {
    lock.split("[[package]]\n")
        .skip(1)
        .map(|package| {
            let value = |key: &str| {
                let (_, rest) = package.split_once(&format!("{key} = \"")).unwrap();
                rest.split_once('"').unwrap().0
            };
            format!("{} {}", value("name"), value("version"))
        })
        .collect()
}
