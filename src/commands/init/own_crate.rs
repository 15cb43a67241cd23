//! A project in Rust: a crate of one's own, which is the service with its kinds.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::crate_name::CrateName;
use super::error::{InitError, cannot_use};
use super::files::File;
use super::host;

/// This crate, as a dependency is named.
const SERVICE: &str = env!("CARGO_PKG_NAME");

/// By their paths in the project. What is in braces is replaced.
const OWN: [(&str, &str); 5] = [
    ("Cargo.toml", include_str!("own_crate/manifest.toml")),
    ("src/main.rs", include_str!("own_crate/main.rs")),
    ("src/countdown.rs", include_str!("own_crate/countdown.rs")),
    (".gitignore", include_str!("own_crate/gitignore")),
    ("README.md", include_str!("own_crate/README.md")),
];

/// All its files. It is built with this version of the service, or with a checkout.
pub(super) fn files(name: &CrateName, checkout: Option<&Path>) -> Result<Vec<File>, InitError> {
    let service = match checkout {
        Some(path) => format!("path = {}", absolute(path)?),
        None => format!("version = {:?}", env!("CARGO_PKG_VERSION")),
    };
    let mut files = host::files(&[], "")?;
    files.extend(OWN.map(|(path, text)| {
        let text = text
            .replace("{name}", name.as_str())
            .replace("{rust-version}", env!("CARGO_PKG_RUST_VERSION"))
            .replace("{service}", &service);
        (path.to_owned(), text)
    }));
    Ok(files)
}

/// What is read of a checkout's manifest.
#[derive(Deserialize)]
struct Manifest {
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

/// Where a checkout is, as a string in TOML.
fn absolute(checkout: &Path) -> Result<String, InitError> {
    let refused = |reason: String| InitError::Checkout {
        path: checkout.to_owned(),
        reason,
    };
    let manifest = checkout.join("Cargo.toml");
    let text = fs::read_to_string(&manifest)
        .map_err(|reason| refused(format!("cannot read its Cargo.toml: {reason}")))?;
    let Manifest { package } = toml::from_str(&text)
        .map_err(|error| refused(format!("its Cargo.toml: {}", error.message())))?;
    if package.name != SERVICE {
        return Err(refused(format!("it is {}", package.name)));
    }
    let path = checkout
        .canonicalize()
        .map_err(|reason| cannot_use(checkout, reason))?;
    let path = path
        .to_str()
        .ok_or_else(|| refused("its path is not UTF-8".to_owned()))?;
    // What JSON escapes, TOML does in the same way.
    serde_json::to_string(path).map_err(|error| refused(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(checkout: Option<&Path>) -> toml::Table {
        let name = CrateName::of(Path::new("a/thumbnails")).unwrap();
        let files = files(&name, checkout).unwrap();
        let (_, text) = files.iter().find(|(name, _)| name == "Cargo.toml").unwrap();
        toml::from_str(text).unwrap()
    }

    #[test]
    fn it_is_named_after_its_folder_and_built_as_we_are() {
        let manifest = manifest(None);
        let package = &manifest["package"];
        assert_eq!(package["name"].as_str(), Some("thumbnails"));
        let mut ours: toml::Table = toml::from_str(include_str!("../../../Cargo.toml")).unwrap();
        let version = &ours["workspace"]["package"]["rust-version"];
        assert_eq!(package["rust-version"], *version);
        // What of ours is built for size is ours to know.
        let release = ours["profile"]["release"].as_table_mut().unwrap();
        release.retain(|setting, _| !matches!(setting, "opt-level" | "package"));
        assert_eq!(manifest["profile"]["release"], ours["profile"]["release"]);
    }

    #[test]
    fn it_needs_this_version_of_the_service() {
        let manifest = manifest(None);
        let needed = |section: &str| manifest[section][SERVICE].clone();
        let version = env!("CARGO_PKG_VERSION");
        for section in ["dependencies", "dev-dependencies"] {
            assert_eq!(needed(section)["version"].as_str(), Some(version));
        }
        let features = &needed("dev-dependencies")["features"];
        assert_eq!(features[0].as_str(), Some("testing"));
    }

    #[test]
    fn a_checkout_is_named_by_its_whole_path() {
        let folder = tempfile::tempdir().unwrap();
        let checkout = folder.path().join("a \"checkout\"\tof ours");
        fs::create_dir(&checkout).unwrap();
        fs::write(
            checkout.join("Cargo.toml"),
            format!("[package]\nname = {SERVICE:?}"),
        )
        .unwrap();
        let manifest = manifest(Some(&checkout.join(".")));
        let path = manifest["dependencies"][SERVICE]["path"].as_str().unwrap();
        assert_eq!(Path::new(path), checkout.canonicalize().unwrap());
    }

    #[test]
    fn another_crate_is_no_checkout() {
        let folder = tempfile::tempdir().unwrap();
        let name = CrateName::of(Path::new("thumbnails")).unwrap();
        let path = folder.path().display();
        for (text, told) in [
            (None, "cannot read its Cargo.toml: "),
            (Some("[package"), "its Cargo.toml: "),
            (Some("[workspace]"), "its Cargo.toml: "),
            (Some("[package]\nname = \"other\""), "it is other"),
        ] {
            if let Some(text) = text {
                fs::write(folder.path().join("Cargo.toml"), text).unwrap();
            }
            let said = files(&name, Some(folder.path())).unwrap_err().to_string();
            let start = format!("--path {path} is no checkout of {SERVICE}: {told}");
            assert!(said.starts_with(&start), "{said}");
        }
    }
}
