//! Tests of the zip: what is in it, and what is refused before there is one.

use std::fs;
use std::io::Read;
use std::path::Path;

use tempfile::TempDir;
use zip::ZipArchive;

use super::binary::tests::{X86_64, program};
use super::*;

/// A project of two functions, and more than a host needs; its binary lies beside it.
struct Project {
    folder: TempDir,
}

impl Project {
    fn new() -> Self {
        let project = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        project.write("handler", &program(X86_64, &["GLIBC_2.34"]));
        for (name, text) in [
            ("app/host.json", include_str!("../../../host.json")),
            ("app/local.settings.json", "{}"),
            ("app/src/main.rs", "fn main() {}"),
            ("app/get_task/function.json", "{}"),
            ("app/queue_worker/function.json", "{}"),
            ("app/queue_worker/notes.md", ""),
            ("app/kinds.toml", ""),
            ("app/work/thumb.py", "print(1)"),
            ("app/work/thumb.pyc", ""),
            ("app/work/deep/local.settings.json", "{}"),
            ("app/work/deep/model.bin", "m"),
        ] {
            project.write(name, text.as_bytes());
        }
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn package(&self, with: &[&str]) -> Package {
        Package {
            output: self.path("app.zip"),
            binary: Some(self.path("handler")),
            root: self.path("app"),
            with: with.iter().map(PathBuf::from).collect(),
        }
    }

    /// What the zip holds, with the modes, once it is written.
    fn packed(&self, with: &[&str]) -> Vec<(String, u32)> {
        self.package(with).run().unwrap();
        entries(&self.path("app.zip"))
    }

    /// Why there is none.
    fn refusal(&self, with: &[&str]) -> String {
        let said = self.package(with).run().unwrap_err().to_string();
        let left: Vec<_> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| name.to_string_lossy().contains("zip"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
        said.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

fn entries(zip: &Path) -> Vec<(String, u32)> {
    let mut zip = ZipArchive::new(fs::File::open(zip).unwrap()).unwrap();
    (0..zip.len())
        .map(|index| {
            let file = zip.by_index(index).unwrap();
            (
                file.name().unwrap().into_owned(),
                file.unix_mode().unwrap() & 0o777,
            )
        })
        .collect()
}

fn names(entries: &[(String, u32)]) -> Vec<&str> {
    entries.iter().map(|(name, _)| name.as_str()).collect()
}

const NEEDED: [(&str, u32); 5] = [
    ("get_task/function.json", 0o644),
    ("handler", 0o755),
    ("host.json", 0o644),
    ("queue_worker/function.json", 0o644),
    ("queue_worker/notes.md", 0o644),
];

#[test]
fn the_zip_holds_what_a_host_needs_and_its_binary_can_be_started() {
    let packed = Project::new().packed(&[]);
    assert_eq!(packed, NEEDED.map(|(name, mode)| (name.to_owned(), mode)));
}

#[test]
fn the_binary_has_the_name_that_the_host_starts() {
    let project = Project::new();
    let host_json = fs::read_to_string(project.path("app/host.json")).unwrap();
    let host_json = host_json.replace("\"handler\"", "\"bin/thumbnails\"");
    project.write("app/host.json", host_json.as_bytes());
    // One that was left there is not what was asked for.
    project.write("app/bin/thumbnails", b"old");
    let packed = project.packed(&["bin"]);
    assert!(packed.contains(&("bin/thumbnails".to_owned(), 0o755)));
    let mut zip = ZipArchive::new(fs::File::open(project.path("app.zip")).unwrap()).unwrap();
    let mut binary = Vec::new();
    let mut entry = zip.by_name("bin/thumbnails").unwrap();
    entry.read_to_end(&mut binary).unwrap();
    assert_eq!(binary, fs::read(project.path("handler")).unwrap());
}

#[test]
fn the_same_project_makes_the_same_zip() {
    let (one, other) = (Project::new(), Project::new());
    other.write("app.zip", b"an older one");
    let zip = |project: &Project| {
        project.packed(&["work"]);
        fs::read(project.path("app.zip")).unwrap()
    };
    let first = zip(&one);
    let host_json = fs::File::options()
        .write(true)
        .open(other.path("app/host.json"));
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    host_json.unwrap().set_modified(long_ago).unwrap();
    assert!(first == zip(&other));
}

#[test]
fn what_was_asked_for_is_packed_as_well() {
    let project = Project::new();
    let packed = project.packed(&["./kinds.toml", "work/"]);
    let more = names(&packed);
    let more: Vec<_> = more
        .iter()
        .filter(|name| !NEEDED.iter().any(|(needed, _)| needed == *name))
        .collect();
    let expected = [
        "kinds.toml",
        "work/deep/model.bin",
        "work/thumb.py",
        "work/thumb.pyc",
    ];
    assert_eq!(more, expected.iter().collect::<Vec<_>>());
}

#[test]
fn what_funcignore_names_is_left_out() {
    let project = Project::new();
    project.write(
        "app/.funcignore",
        b"# all but\n/*\n!/queue_worker\n*.md\n*.pyc\n",
    );
    let packed = project.packed(&["work"]);
    assert_eq!(
        names(&packed),
        [
            "handler",
            "host.json",
            "queue_worker/function.json",
            "work/deep/model.bin",
            "work/thumb.py"
        ]
    );
}

#[test]
fn no_zip_that_was_written_before_is_packed_and_others_are() {
    let project = Project::new();
    project.write("app/work/data.zip", b"PK of somebody else");
    let package = |output: &str| Package {
        output: project.path(output),
        ..project.package(&["work"])
    };
    package("app/work/first.zip").run().unwrap();
    // One of another program, in the place of ours.
    project.write("app/work/app.zip", b"PK of somebody else");
    package("app/work/app.zip").run().unwrap();
    let packed = entries(&project.path("app/work/app.zip"));
    let names = names(&packed);
    let zips: Vec<_> = names.iter().filter(|name| name.ends_with(".zip")).collect();
    assert_eq!(zips, [&"work/data.zip"]);
}

#[test]
fn the_zip_itself_is_refused_by_its_name() {
    let project = Project::new();
    project.write("app/app.zip", b"an older one");
    let package = Package {
        output: project.path("app/app.zip"),
        ..project.package(&["app.zip"])
    };
    let said = package.run().unwrap_err().to_string();
    assert!(
        said.ends_with("app/app.zip is the zip that is to be written"),
        "{said}"
    );
}

#[cfg(unix)]
#[test]
fn a_script_that_can_be_started_here_can_be_started_there() {
    use std::os::unix::fs::PermissionsExt;

    let project = Project::new();
    let script = project.path("app/work/thumb.py");
    fs::set_permissions(script, fs::Permissions::from_mode(0o700)).unwrap();
    let packed = project.packed(&["work"]);
    assert!(packed.contains(&("work/thumb.py".to_owned(), 0o755)));
    assert!(packed.contains(&("work/thumb.pyc".to_owned(), 0o644)));
}

#[cfg(unix)]
#[test]
fn a_link_to_a_folder_is_refused_by_its_name() {
    let project = Project::new();
    std::os::unix::fs::symlink("..", project.path("app/work/up")).unwrap();
    let said = project.refusal(&["work"]);
    assert!(said.starts_with("app/work/up "), "{said}");
}

#[test]
fn what_is_not_inside_the_project_is_refused_by_its_name() {
    let project = Project::new();
    for outside in ["..", "../handler", "work/../../handler", "/etc", ".", ""] {
        let said = project.refusal(&["kinds.toml", outside]);
        assert_eq!(said, format!("--with {outside} is not inside app"));
    }
    let said = project.refusal(&["models"]);
    assert!(said.starts_with("cannot read app/models: "), "{said}");
    let said = project.refusal(&["local.settings.json"]);
    assert!(
        said.starts_with("app/local.settings.json is not packed"),
        "{said}"
    );
}

#[test]
fn a_host_json_that_names_no_file_of_the_zip_is_refused() {
    let project = Project::new();
    let describing = |path: &str| {
        format!(r#"{{"customHandler":{{"description":{{"defaultExecutablePath":{path:?}}}}}}}"#)
    };
    for (text, said) in [
        ("{".to_owned(), "app/host.json is not JSON: "),
        (
            "{}".to_owned(),
            "app/host.json lacks customHandler.description.defaultExecutablePath",
        ),
        (
            describing(""),
            "app/host.json has the defaultExecutablePath \"\"",
        ),
        (
            describing("./handler"),
            "app/host.json has the defaultExecutablePath \"./handler\"",
        ),
        (
            describing("../handler"),
            "app/host.json has the defaultExecutablePath \"../handler\"",
        ),
        (
            describing("/handler"),
            "app/host.json has the defaultExecutablePath \"/handler\"",
        ),
        (
            describing(r"bin\handler"),
            "app/host.json has the defaultExecutablePath",
        ),
    ] {
        project.write("app/host.json", text.as_bytes());
        let refusal = project.refusal(&[]);
        assert!(refusal.starts_with(said), "{refusal}");
    }
    fs::remove_file(project.path("app/host.json")).unwrap();
    let refusal = project.refusal(&[]);
    assert!(
        refusal.starts_with("cannot read app/host.json: "),
        "{refusal}"
    );
}

#[test]
fn a_project_without_a_function_is_refused() {
    let project = Project::new();
    project.write("app/.funcignore", b"*\n");
    let said = project.refusal(&[]);
    assert!(said.starts_with("app has no function"), "{said}");
}

#[test]
fn a_funcignore_that_cannot_be_read_is_refused_with_its_pattern() {
    let project = Project::new();
    project.write("app/.funcignore", b"/*\n[z-a]\n");
    let said = project.refusal(&[]);
    assert!(said.starts_with("app/.funcignore: "), "{said}");
    assert!(said.contains("[z-a]"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_funcignore_that_leads_nowhere_is_not_passed_over() {
    let project = Project::new();
    let link = project.path("app/.funcignore");
    std::os::unix::fs::symlink("gone", link).unwrap();
    let said = project.refusal(&[]);
    assert!(said.starts_with("app/.funcignore: "), "{said}");
}

#[test]
fn a_binary_that_no_host_starts_is_refused_by_its_name() {
    let project = Project::new();
    project.write("handler", b"#!/bin/sh\n");
    let said = project.refusal(&[]);
    assert_eq!(said, "handler is no program for Linux of 64 bits (ELF)");
    project.write("handler", &program(X86_64, &["GLIBC_2.41"]));
    let said = project.refusal(&[]);
    assert!(said.starts_with("handler needs GLIBC_2.41, "), "{said}");
    fs::remove_file(project.path("handler")).unwrap();
    let said = project.refusal(&[]);
    assert!(said.starts_with("cannot read handler: "), "{said}");
}

#[test]
fn a_zip_that_cannot_be_written_is_named() {
    let project = Project::new();
    let package = Package {
        output: project.path("missing/app.zip"),
        ..project.package(&[])
    };
    let said = package.run().unwrap_err().to_string();
    assert!(said.contains("missing/app.zip: "), "{said}");
}
