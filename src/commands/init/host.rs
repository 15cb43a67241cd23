//! What the Functions host reads of a new project: this project's own files, and its table of
//! functions, so that a new project has what this version of the handler needs.

use serde_json::Value;

use super::error::InitError;
use super::files::File;
use crate::functions::{WriteError, funcignore, functions};

pub(super) const HOST_JSON: &str = include_str!("../../../host.json");
const LOCAL_SETTINGS: &str = include_str!("../../../local.settings.json");
const FUNCIGNORE: &str = include_str!("../../../.funcignore");

/// The files, with these local settings beside this project's own, and these lines of `.funcignore`.
pub(super) fn files(settings: &[(&str, &str)], ignored: &str) -> Result<Vec<File>, InitError> {
    let functions = functions(&[])?;
    let folders = funcignore(Some(FUNCIGNORE), &functions)
        .ok_or_else(|| WriteError::NoMarks(".funcignore".into()))?;
    let settings = local_settings(settings).map_err(InitError::Settings)?;
    let mut files = vec![
        ("host.json".to_owned(), HOST_JSON.to_owned()),
        ("local.settings.json".to_owned(), settings),
        (".funcignore".to_owned(), folders + ignored),
    ];
    files.extend(functions.iter().map(|function| {
        let name = format!("{}/function.json", function.name);
        (name, function.manifest())
    }));
    Ok(files)
}

fn local_settings(more: &[(&str, &str)]) -> Result<String, serde_json::Error> {
    let mut settings: Value = serde_json::from_str(LOCAL_SETTINGS)?;
    for (name, value) in more {
        settings["Values"][*name] = (*value).into();
    }
    Ok(serde_json::to_string_pretty(&settings)? + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_settings_are_ours_and_more() {
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let mut settings = read(&local_settings(&[("KINDS_FILE", "kinds.toml")]).unwrap());
        let values = settings["Values"].as_object_mut().unwrap();
        assert_eq!(values.remove("KINDS_FILE").unwrap(), "kinds.toml");
        assert_eq!(settings, read(LOCAL_SETTINGS));
    }
}
