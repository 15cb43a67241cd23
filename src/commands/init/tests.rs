//! Projects as they are written, of both kinds.

use std::fs;
use std::path::Path;

use super::*;
use crate::functions::functions;

fn init(root: &Path, kinds: bool) -> Result<(), InitError> {
    let (root, path) = (root.to_owned(), None);
    Init { root, kinds, path }.run()
}

#[test]
fn a_folder_that_is_missing_is_made() {
    for kinds in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("new/project");
        init(&root, kinds).unwrap();
        let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
        assert_eq!(read("host.json"), host::HOST_JSON);
        for function in functions(&[]).unwrap() {
            let manifest = read(&format!("{}/function.json", function.name));
            assert_eq!(manifest, function.manifest());
        }
    }
}

/// Whether a publishing `func` leaves these out: names, and whether they are folders.
fn assert_left(root: &Path, names: &[(&str, bool, bool)]) {
    let (ignored, wrong) = ignore::gitignore::Gitignore::new(root.join(".funcignore"));
    assert!(wrong.is_none(), "{wrong:?}");
    for (name, is_folder, is_left) in names {
        let is_ignored = ignored.matched(root.join(name), *is_folder).is_ignore();
        assert_eq!(is_ignored, *is_left, "{name}");
    }
}

const OF_THE_HOST: [(&str, bool, bool); 6] = [
    ("handler", false, false),
    ("host.json", false, false),
    ("create_task", true, false),
    ("local.settings.json", false, true),
    ("README.md", false, true),
    ("data", true, true),
];

#[test]
fn a_publishing_func_takes_the_kinds_and_leaves_their_tests() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path(), true).unwrap();
    assert_left(folder.path(), &OF_THE_HOST);
    assert_left(
        folder.path(),
        &[
            ("kinds.toml", false, false),
            ("work", true, false),
            ("work/word_count.py", false, false),
            ("work/test_word_count.py", false, true),
            ("work/__pycache__", true, true),
        ],
    );
}

#[test]
fn a_publishing_func_leaves_the_sources_of_a_crate() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("project");
    init(&root, false).unwrap();
    assert_left(&root, &OF_THE_HOST);
    assert_left(
        &root,
        &[
            ("Cargo.toml", false, true),
            ("src", true, true),
            ("target", true, true),
        ],
    );
}

#[test]
fn a_folder_that_is_not_empty_is_refused_with_what_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("project");
    fs::create_dir(&root).unwrap();
    for name in ["d", "c", "b", ".a"] {
        fs::write(root.join(name), "").unwrap();
    }
    for kinds in [false, true] {
        let said = init(&root, kinds).unwrap_err().to_string();
        let root = root.display();
        assert_eq!(said, format!("{root} is not empty: it has .a, b, c"));
    }
    assert_eq!(fs::read_dir(root).unwrap().count(), 4);
}

#[test]
fn what_is_no_folder_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("project");
    fs::write(&file, "").unwrap();
    for kinds in [false, true] {
        let said = init(&file, kinds).unwrap_err().to_string();
        let start = format!("cannot use {}: ", file.display());
        assert!(said.starts_with(&start), "{said}");
    }
}

#[test]
fn nothing_is_made_for_a_crate_that_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("new/1st");
    init(&root, false).unwrap_err();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    // A project without Rust is no crate.
    init(&root, true).unwrap();
}
