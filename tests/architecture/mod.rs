//! The map of `src/lib.rs`, held to: no file imports in a circle, and no part imports what the table does
//! not let it. Which crate may import which, the compiler knows from their manifests; so these are
//! compared with a table, too.

mod circles;
mod scan;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use circles::Package;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The sources of a package without those of its binaries and of its tests, by name.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut folders = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
            let is_counted = name.ends_with(".rs")
                && name != "main.rs"
                && !name.ends_with("tests.rs")
                && !name.contains("tests/");
            if is_counted {
                found.push((name.to_owned(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "no sources in {}", folder.display());
    found
}

fn package(folder: &Path) -> Package {
    let sources = sources(&folder.join("src"));
    Package::read(sources.iter().map(|(name, text)| (&**name, &**text)))
}

/// The crates of this workspace but the root, by the names of their folders.
fn crates() -> Vec<(String, PathBuf)> {
    let mut crates: Vec<_> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            (name.to_owned(), path.clone())
        })
        .collect();
    crates.sort();
    crates
}

#[test]
fn no_file_imports_in_a_circle() {
    let root = ("the root".to_owned(), root().to_owned());
    let mut told = Vec::new();
    for (name, folder) in crates().into_iter().chain([root]) {
        let circles = package(&folder).circles();
        told.extend(circles.iter().map(|circle| format!("{name}: {circle}")));
    }
    assert!(
        told.is_empty(),
        "files import in a circle:\n{}",
        told.join("\n")
    );
}

#[test]
fn no_part_imports_what_the_table_does_not_let_it() {
    for (folder, table) in [
        (root().to_owned(), table::ROOT),
        (root().join("crates/engine"), table::ENGINE),
    ] {
        let faults = table::faults(&package(&folder), table);
        assert!(
            faults.is_empty(),
            "{}:\n{}",
            folder.display(),
            faults.join("\n")
        );
    }
}

#[test]
fn no_crate_names_another_that_the_table_does_not_let_it() {
    for (name, path) in crates() {
        let manifest = fs::read_to_string(path.join("Cargo.toml")).unwrap();
        let named = table::crates_named(&manifest);
        let allowed = table::CRATES.iter().find(|(known, _)| *known == name);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("the table does not have {name}"));
        assert_eq!(
            named, *allowed,
            "dependencies of {name}, but those of its tests"
        );
    }
}

fn made_up<'a>(files: &[(&'a str, &'a str)]) -> Package {
    Package::read(files.iter().copied())
}

#[test]
fn a_circle_is_told_as_a_chain_of_files() {
    let package = made_up(&[
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "pub struct B; fn f() { crate::c::g() }"),
        (
            "c.rs",
            "pub(crate) fn g() { log::info!(\"{}\", super::a::A.0) }",
        ),
        ("d.rs", "use crate::a::A;"),
    ]);
    assert_eq!(package.circles(), ["a.rs -> b.rs -> c.rs -> a.rs"]);
}

#[test]
fn a_file_and_the_folder_that_it_is_in_are_a_circle_when_each_uses_the_other() {
    let package = made_up(&[
        ("lib.rs", "mod a;"),
        ("a/mod.rs", "mod b; use b::f; pub(super) const N: u8 = f();"),
        ("a/b.rs", "use super::N; pub(super) fn f() -> u8 { N }"),
    ]);
    assert_eq!(package.circles(), ["a/b.rs -> a/mod.rs -> a/b.rs"]);
}

#[test]
fn who_hands_a_name_on_does_not_import_it_and_who_takes_it_imports_its_file() {
    let package = made_up(&[
        ("lib.rs", "mod a; pub use a::{B, f as g};"),
        (
            "a/mod.rs",
            "mod b; mod c; pub use self::b::B; pub use self::c::f;",
        ),
        ("a/b.rs", "pub struct B;"),
        ("a/c.rs", "use super::B; pub fn f(_: B) { crate::g(B) }"),
    ]);
    assert_eq!(package.circles(), [""; 0]);
    // What is handed on and used as well is imported.
    let package = made_up(&[
        ("lib.rs", "mod a;"),
        ("a/mod.rs", "mod b; pub use self::b::B; pub struct A(B);"),
        ("a/b.rs", "pub struct B; fn f(_: super::A) {}"),
    ]);
    assert_eq!(package.circles(), ["a/b.rs -> a/mod.rs -> a/b.rs"]);
}

#[test]
fn tests_may_import_what_they_test() {
    let package = made_up(&[
        ("lib.rs", "mod a; mod b;"),
        (
            "a.rs",
            "use crate::b::B; #[cfg(test)] mod tests { use super::*; }",
        ),
        (
            "b.rs",
            "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }",
        ),
    ]);
    assert_eq!(package.circles(), [""; 0]);
}

#[test]
fn an_import_that_the_table_does_not_let_in_is_told_with_its_file() {
    let package = made_up(&[
        ("lib.rs", "mod api; mod config; mod startup;"),
        ("api/mod.rs", "mod tasks;"),
        (
            "api/tasks.rs",
            "use crate::config::Config; use engine::Tasks; fn f() { backends::g() }",
        ),
        ("config.rs", "pub struct Config;"),
        ("startup.rs", "use crate::api; use backends::Counts;"),
    ]);
    let table: table::Table = &[
        ("api", &["engine"]),
        ("config", &[]),
        ("startup", &["api", "backends"]),
    ];
    assert_eq!(
        table::faults(&package, table),
        [
            "api/tasks.rs imports backends, and api may import engine only",
            "api/tasks.rs imports config, and api may import engine only",
        ]
    );
    let table: table::Table = &[("api", &["backends", "config", "engine"]), ("config", &[])];
    assert_eq!(
        table::faults(&package, table),
        ["startup.rs is of startup, which the table does not have"]
    );
}
