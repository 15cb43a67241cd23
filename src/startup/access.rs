//! Who may use the routes that need a key: whoever has one from the settings, or the one that the first
//! start made.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use super::error::StartError;
use crate::api::{Access, Keys};
use crate::config::{Config, Mode, Storage};
use backends::private;
use ports::Secret;

/// In the data folder. Its name has to last: operators' tools read it.
const FILE: &str = "api-key";

/// A file with less in it was cut off, or is a joke.
const SHORTEST: usize = 16;

/// Without a key in the settings the embedded store's folder has one. With a storage account there is
/// no such place, that its processes share and its clients' do not: the routes are closed.
pub(super) fn access(config: &Config) -> Result<Access, StartError> {
    if let Mode::Hosted(_) = config.mode {
        let own = config.api_keys.clone().into();
        return Ok(Access::CheckedByHost { own });
    }
    let api = match &config.storage {
        _ if !config.api_keys.is_empty() => config.api_keys.clone(),
        Storage::Embedded(folder) => vec![kept_key(folder)?],
        Storage::Azure(_) => {
            log::warn!("API_KEY is not set: the routes that need a key are closed");
            Vec::new()
        }
    };
    let submit = config.submit_keys.clone();
    Ok(Access::Checked(Arc::new(Keys { api, submit })))
}

/// Reads the key that is kept in a data folder, or makes one.
fn kept_key(folder: &Path) -> Result<Secret, StartError> {
    let file = folder.join(FILE);
    let unusable = |reason: String| StartError::KeyFile {
        file: file.clone(),
        reason,
    };
    let key = match fs::read_to_string(&file) {
        Ok(text) => {
            private::close_to_others(&file);
            let key = text.trim();
            if key.chars().count() < SHORTEST || key.chars().any(char::is_control) {
                return Err(unusable(format!(
                    "it has to be one line of {SHORTEST} characters or more; delete it, and the \
                     next start makes another"
                )));
            }
            key.to_owned()
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make_key(folder).map_err(|error| unusable(error.to_string()))?
        }
        Err(error) => return Err(unusable(error.to_string())),
    };
    log::info!(
        "the key of the routes that need one is in {}; API_KEY takes its place",
        file.display()
    );
    Ok(Secret::new(key))
}

/// Makes a key that nobody guesses, and puts it into the folder as a whole or not at all.
fn make_key(folder: &Path) -> io::Result<String> {
    // 244 random bits, from the system's generator.
    let key = [Uuid::new_v4(), Uuid::new_v4()].map(|id| id.simple().to_string());
    let key = key.concat();
    let unfinished = folder.join(format!("{FILE}.new"));
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private::options()
        .create_new(true)
        .write(true)
        .open(&unfinished)?;
    file.write_all(format!("{key}\n").as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, folder.join(FILE))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let made = kept_key(folder.path()).unwrap();
        assert_eq!(made.expose().len(), 64);
        assert_eq!(kept_key(folder.path()).unwrap(), made);
        let other = kept_key(tempfile::tempdir().unwrap().path()).unwrap();
        assert_ne!(other, made);
        assert!(!private::is_open_to_others(&folder.path().join(FILE)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_key_of_the_operator_is_taken_and_what_is_none_is_left_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        fs::write(&file, " sixteen letters.\r\n").unwrap();
        assert_eq!(
            kept_key(folder.path()).unwrap().expose(),
            "sixteen letters."
        );
        assert!(!private::is_open_to_others(&file));
        for text in [
            &b""[..],
            b"\n",
            b"short",
            b"two lines of\ntext, and more",
            b"\xff\xfe",
        ] {
            fs::write(&file, text).unwrap();
            let said = kept_key(folder.path()).unwrap_err().to_string();
            let start = format!("cannot use the key in {}: ", file.display());
            assert!(said.starts_with(&start), "{said}");
            assert_eq!(fs::read(&file).unwrap(), text);
        }
    }
}
