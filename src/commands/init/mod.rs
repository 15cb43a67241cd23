//! `handler init`: a project of one's own to begin from.
//!
//! What the Functions host reads is made from this project's own files and its table of functions, so
//! that a new project has what this version of the handler needs.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde_json::Value;

use crate::functions::{Fault, WriteError, functions, write};

const HOST_JSON: &str = include_str!("../../../host.json");
const LOCAL_SETTINGS: &str = include_str!("../../../local.settings.json");
const FUNCIGNORE: &str = include_str!("../../../.funcignore");

/// What a publishing `func` takes and leaves beside the handler.
const FUNCIGNORE_OF_KINDS: &str = "!/kinds.toml\n!/work\n__pycache__/\ntest_*.py\n";

/// The files of a project of commands, by their paths in it.
const KINDS: [(&str, &str); 6] = [
    ("kinds.toml", include_str!("kinds/kinds.toml")),
    ("work/word_count.py", include_str!("kinds/word_count.py")),
    (
        "work/word_count.schema.json",
        include_str!("kinds/word_count.schema.json"),
    ),
    (
        "work/test_word_count.py",
        include_str!("kinds/test_word_count.py"),
    ),
    (".gitignore", include_str!("kinds/gitignore")),
    ("README.md", include_str!("kinds/README.md")),
];

/// Where to begin a project, and which.
#[derive(Debug, clap::Args)]
pub struct Init {
    /// The folder of the project: an empty one, or one to be made
    #[arg(value_name = "DIR")]
    root: PathBuf,

    /// Without Rust: kinds of work are commands, which kinds.toml tells
    #[arg(long, required = true)]
    kinds: bool,
}

/// Why there is no project.
#[derive(Debug, thiserror::Error)]
pub(super) enum InitError {
    #[error("{} is not empty: it has {}", .root.display(), .found.join(", "))]
    NotEmpty { root: PathBuf, found: Vec<String> },
    #[error("cannot use {path}: {reason}")]
    File { path: PathBuf, reason: io::Error },
    #[error("local.settings.json is not what it should be: {0}")]
    Settings(serde_json::Error),
    #[error(transparent)]
    Functions(#[from] Fault),
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Init {
    /// Writes the project, and says where it goes on.
    pub(super) fn run(self) -> Result<(), InitError> {
        let root = self.root;
        let failed = |reason| InitError::File {
            path: root.clone(),
            reason,
        };
        fs::create_dir_all(&root).map_err(failed)?;
        let found = children(&root).map_err(failed)?;
        if !found.is_empty() {
            return Err(InitError::NotEmpty { root, found });
        }
        let settings = local_settings().map_err(InitError::Settings)?;
        let funcignore = [FUNCIGNORE, FUNCIGNORE_OF_KINDS].concat();
        let of_the_host = [
            ("host.json", HOST_JSON),
            ("local.settings.json", &settings),
            (".funcignore", &funcignore),
        ];
        for (name, text) in of_the_host.into_iter().chain(KINDS) {
            save(&root.join(name), text)?;
        }
        write(&root, &functions(&[])?)?;
        println!("{}: README.md says how to go on", root.display());
        Ok(())
    }
}

/// Some of the names in a folder: enough to know it by.
fn children(folder: &Path) -> io::Result<Vec<String>> {
    let names =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<io::Result<Vec<_>>>()?;
    names.sort();
    names.truncate(3);
    Ok(names)
}

/// This project's own, with the file of kinds.
fn local_settings() -> Result<String, serde_json::Error> {
    let mut settings: Value = serde_json::from_str(LOCAL_SETTINGS)?;
    settings["Values"]["KINDS_FILE"] = "kinds.toml".into();
    Ok(serde_json::to_string_pretty(&settings)? + "\n")
}

fn save(path: &Path, text: &str) -> Result<(), InitError> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|reason| InitError::File {
            path: path.to_owned(),
            reason,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn init(root: &Path) -> Result<(), InitError> {
        let root = root.to_owned();
        Init { root, kinds: true }.run()
    }

    #[test]
    fn a_folder_that_is_missing_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("new/project");
        init(&root).unwrap();
        let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
        assert_eq!(read("host.json"), HOST_JSON);
        for (name, text) in KINDS {
            assert_eq!(read(name), text);
        }
        for function in functions(&[]).unwrap() {
            let manifest = read(&format!("{}/function.json", function.name));
            assert_eq!(manifest, function.manifest());
        }
    }

    #[test]
    fn a_publishing_func_takes_the_kinds_and_leaves_their_tests() {
        let folder = tempfile::tempdir().unwrap();
        init(folder.path()).unwrap();
        let (ignored, wrong) = ignore::gitignore::Gitignore::new(folder.path().join(".funcignore"));
        assert!(wrong.is_none(), "{wrong:?}");
        for (name, is_folder, is_left) in [
            ("handler", false, false),
            ("host.json", false, false),
            ("kinds.toml", false, false),
            ("work", true, false),
            ("work/word_count.py", false, false),
            ("work/test_word_count.py", false, true),
            ("work/__pycache__", true, true),
            ("create_task", true, false),
            ("local.settings.json", false, true),
            ("README.md", false, true),
            ("data", true, true),
        ] {
            let path = folder.path().join(name);
            assert_eq!(
                ignored.matched(path, is_folder).is_ignore(),
                is_left,
                "{name}"
            );
        }
    }

    #[test]
    fn local_settings_name_the_file_of_kinds() {
        let settings: Value = serde_json::from_str(&local_settings().unwrap()).unwrap();
        assert_eq!(settings["Values"]["KINDS_FILE"], "kinds.toml");
        assert_eq!(settings["Values"]["queue_name"], "background-tasks");
    }

    #[test]
    fn a_folder_that_is_not_empty_is_refused_with_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["d", "c", "b", ".a"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let said = init(folder.path()).unwrap_err().to_string();
        let root = folder.path().display();
        assert_eq!(said, format!("{root} is not empty: it has .a, b, c"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
    }

    #[test]
    fn what_is_no_folder_is_refused_by_its_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let said = init(file.path()).unwrap_err().to_string();
        let path = file.path().display();
        assert!(said.starts_with(&format!("cannot use {path}: ")), "{said}");
    }
}
