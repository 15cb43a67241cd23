//! Who may import whom.

use std::collections::BTreeSet;

use super::circles::Package;

/// The parts of a package, which are the modules below its root, and what each may import: other parts,
/// and of the crates in [`COUNTED`].
pub(super) type Table = &'static [(&'static str, &'static [&'static str])];

/// The crates that an import of counts: ours, and those of the storage technologies.
const COUNTED: [&str; 13] = [
    "azure_core",
    "azure_identity",
    "azure_storage_blob",
    "azure_storage_queue",
    "backends",
    "corpus",
    "engine",
    "functions_host",
    "ports",
    "rusqlite",
    "testkit",
    "work",
    "actix_web",
];

/// The parts of the service.
pub(super) const ROOT: Table = &[
    // The HTTP API translates: it knows the engine, and no envelope, setting or storage.
    (
        "api",
        &[
            "actix_web",
            "engine",
            "logging",
            "origins",
            "ports",
            "surfaces",
            "work",
        ],
    ),
    // What an account is, its backend knows.
    ("commands", &["config", "functions", "kinds", "work"]),
    ("config", &["backends", "origins", "ports", "surfaces"]),
    // Made from the two tables of what is called.
    ("functions", &["api", "triggers"]),
    // What a `main` of one's own uses.
    (
        "handler",
        &[
            "actix_web",
            "commands",
            "config",
            "engine",
            "kinds",
            "logging",
            "panics",
            "startup",
            "tls",
            "work",
        ],
    ),
    (
        "kinds",
        &["config", "engine", "ports", "surfaces", "tls", "work"],
    ),
    ("logging", &["config", "ports"]),
    ("origins", &[]),
    ("panics", &["config", "engine", "logging"]),
    // What a file says of dead letters, and who is told.
    (
        "rules",
        &["config", "engine", "kinds", "ports", "tls", "work"],
    ),
    // Puts all together.
    (
        "startup",
        &[
            "actix_web",
            "api",
            "backends",
            "config",
            "engine",
            "ports",
            "rules",
            "surfaces",
            "triggers",
            "work",
        ],
    ),
    ("surfaces", &["ports"]),
    // What a test of one's own kinds uses.
    (
        "testing",
        &[
            "actix_web",
            "config",
            "kinds",
            "ports",
            "startup",
            "tls",
            "work",
        ],
    ),
    ("tls", &[]),
    ("triggers", &["actix_web", "engine", "ports"]),
];

/// The rooms of the engine. Those without a room are for all: they import nothing but each other.
pub(super) const ENGINE: Table = &[
    ("crash", &[]),
    // Puts all together.
    (
        "engine",
        &[
            "local",
            "ports",
            "queue",
            "records",
            "settings",
            "sweep",
            "tasks",
            "work",
            "worker",
            "workflows",
        ],
    ),
    ("limits", &[]),
    ("local", &["limits", "model", "ports", "prometheus", "work"]),
    ("model", &["limits", "ports", "text", "work"]),
    ("policies", &["limits", "work"]),
    ("prometheus", &[]),
    ("queue", &["local", "ports", "work"]),
    ("records", &["limits", "model", "ports"]),
    ("settings", &["local", "model"]),
    (
        "sweep",
        &[
            "crash", "limits", "local", "model", "policies", "ports", "queue", "records", "tasks",
            "work", "worker",
        ],
    ),
    (
        "tasks",
        &[
            "crash", "limits", "local", "model", "policies", "ports", "queue", "records",
            "settings", "work",
        ],
    ),
    ("text", &[]),
    (
        "worker",
        &[
            "crash", "limits", "local", "model", "policies", "ports", "queue", "records", "text",
            "work",
        ],
    ),
    (
        "workflows",
        &[
            "limits", "local", "model", "policies", "ports", "queue", "records", "tasks", "work",
            "worker",
        ],
    ),
];

/// The crates of the workspace, and which of the others each may name; what only its tests need is not
/// counted.
pub(super) const CRATES: &[(&str, &[&str])] = &[
    ("backends", &["ports"]),
    ("corpus", &[]),
    ("decimal", &[]),
    ("engine", &["ports", "work"]),
    ("functions-host", &[]),
    ("interleavings", &[]),
    ("ports", &[]),
    ("testkit", &["backends"]),
    ("work", &[]),
];

/// What the files of a package import that its table does not let them.
pub(super) fn faults(package: &Package, table: Table) -> Vec<String> {
    let mut faults = BTreeSet::new();
    for file in package.files() {
        // The root names all parts: that is what it is for.
        let Some(part) = file.module.first() else {
            continue;
        };
        let name = &file.name;
        let Some((_, allowed)) = table.iter().find(|(known, _)| known == part) else {
            faults.insert(format!(
                "{name} is of {part}, which the table does not have"
            ));
            continue;
        };
        for path in file.imports() {
            let imported = match package.target(&path) {
                Some(target) => target.module.first(),
                None => path
                    .first()
                    .filter(|first| COUNTED.contains(&first.as_str())),
            };
            let Some(imported) = imported.filter(|imported| *imported != part) else {
                continue;
            };
            if !allowed.contains(&imported.as_str()) {
                let allowed = match allowed {
                    [] => "nothing".to_owned(),
                    allowed => format!("{} only", allowed.join(", ")),
                };
                faults.insert(format!(
                    "{name} imports {imported}, and {part} may import {allowed}"
                ));
            }
        }
    }
    faults.into_iter().collect()
}

/// Which crates of the workspace a manifest names, but for tests and for building.
pub(super) fn crates_named(manifest: &str) -> Vec<&str> {
    let dependencies = manifest
        .split("\n[")
        .filter_map(|section| section.strip_prefix("dependencies]"));
    dependencies
        .flat_map(str::lines)
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| CRATES.iter().any(|(known, _)| known == name))
        .collect()
}
