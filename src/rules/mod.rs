//! `DEAD_LETTER_RULES`: what is done about dead letters, told in a file. Without the setting it may be beside
//! `KINDS_FILE`.
//!
//! ```text
//! the file ─▶ once (keys, each once) ─▶ table (and known) ─▶ entry (what they mean) ─▶ engine::Rules
//!                                                    └─▶ a webhook of kinds::http, or mail ─▶ smtp (over a stream)
//! ```
//!
//! Each refusal names the file, the rule and the key. `docs/dead-letter-rules.md` tells what may stand there.

mod entry;
mod mail;
mod not_taken;
mod once;
mod smtp;
mod stream;
mod table;

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde_json::Value;

use self::once::Once;
use self::table::{Table, Wrong};
use crate::config::Config;
use engine::Rules;

/// A file of rules that cannot be used. Holds no part of a URL: there may be a key in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", file.display())]
pub struct RulesError {
    /// The file, as the setting names it, or where it was found.
    pub file: PathBuf,
    /// Which rule is wrong, which key of it, and why.
    pub reason: String,
}

/// More than anybody writes, in bytes.
const MOST_BYTES: u64 = 1024 * 1024;

/// What the file is called beside that of the kinds.
const NAMES: [&str; 2] = ["dead-letter-rules.toml", "dead-letter-rules.json"];

/// The rules that the settings name, or those beside the file of kinds that they name.
///
/// # Errors
///
/// The first thing in the file that is wrong; or there are two files beside that of the kinds.
pub fn read(config: &Config) -> Result<Option<Rules>, RulesError> {
    let found = match (&config.dead_letter_rules, &config.kinds_file) {
        (Some(file), _) => Some(file.clone()),
        (None, Some(kinds)) => beside(kinds)?,
        (None, None) => None,
    };
    let Some(file) = found else {
        return Ok(None);
    };
    let rules = understand(&file, config);
    let rules = rules.map_err(|reason| RulesError {
        file: file.clone(),
        reason,
    })?;
    if config.dead_letter_rules.is_none() {
        log::info!("rules for dead letters are those of {}", file.display());
    }
    Ok(Some(rules))
}

/// The file of rules beside that of the kinds, if there is one. One that cannot be read is one.
fn beside(kinds: &Path) -> Result<Option<PathBuf>, RulesError> {
    let [toml, json] = NAMES.map(|name| there(kinds.with_file_name(name)));
    match (toml?, json?) {
        (Some(file), Some(other)) => Err(RulesError {
            file,
            reason: format!("is not the only one: there is {} as well", other.display()),
        }),
        (toml, json) => Ok(toml.or(json)),
    }
}

/// This file, if there is one, or a link that leads nowhere.
fn there(file: PathBuf) -> Result<Option<PathBuf>, RulesError> {
    match fs::symlink_metadata(&file) {
        Ok(_) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(RulesError {
            reason: unread(&error),
            file,
        }),
    }
}

fn unread(error: &io::Error) -> String {
    format!("cannot be read: {error}")
}

fn understand(file: &Path, config: &Config) -> Result<Rules, String> {
    let document = document(file)?;
    let rules = listed(document).map_err(|wrong| wrong.to_string())?;
    let mut read: Vec<engine::Rule> = Vec::new();
    for (place, rule) in rules.into_iter().enumerate() {
        let named = rule.get("name").and_then(Value::as_str);
        let named = named.map_or_else(String::new, |name| format!(" {name:?}"));
        let at = format!("rule {}{named}", place + 1);
        let rule = entry::read(rule, config).map_err(|wrong| format!("{at}: {wrong}"))?;
        if read.iter().any(|other| other.name == rule.name) {
            return Err(format!("{at}: another rule has the name"));
        }
        read.push(rule);
    }
    Ok(Rules::new(read))
}

/// What the file says. What is wrong with it is told without a line of it: there may be a key in that.
fn document(file: &Path) -> Result<Value, String> {
    let unread = |error: io::Error| unread(&error);
    let length = fs::metadata(file).map_err(unread)?.len();
    if length > MOST_BYTES {
        return Err(format!("has {length} bytes, more than {MOST_BYTES}"));
    }
    let text = fs::read_to_string(file).map_err(unread)?;
    // Editors on Windows write a mark at the beginning that tells of UTF-8.
    let text = text.trim_start_matches('\u{feff}');
    if file.extension().is_some_and(|ending| ending == "json") {
        let read = serde_json::from_str::<Once>(text);
        return read
            .map(|Once(document)| document)
            .map_err(|error| format!("is not JSON: {error}"));
    }
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|at| text.get(..at.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        let what = error.message().lines().next().unwrap_or_default();
        format!("is not TOML: {what}, in line {line}")
    })
}

/// The rules of a document, each as it stands there.
fn listed(document: Value) -> Result<Vec<Value>, Wrong> {
    let mut document = Table::of("", document)?;
    let rules = match document.take("rule") {
        Some(Value::Array(rules)) if !rules.is_empty() => rules,
        Some(_) => return Err(Wrong::new("rule", "is not a list of rules")),
        None => return Err(Wrong::new("rule", "is missing: there is no rule")),
    };
    document.finish()?;
    Ok(rules)
}

#[cfg(test)]
mod tests;
