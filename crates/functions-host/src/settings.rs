//! App settings: what `func start` puts into the environment of host and handler.
//!
//! Also the two small languages manifests use: `%NAME%` and time spans.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error};

use super::Fault;

/// Setting names and their values.
#[derive(Clone, Debug, Default)]
pub struct Settings(BTreeMap<String, String>);

/// `local.settings.json`, which is not published: without it there are no values, and the app's
/// settings are all the caller's. Values are flat strings, so a number or an object is refused here
/// (protocol: `func start`).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LocalSettings {
    /// Absent counts as encrypted, so it has to be written out.
    pub is_encrypted: bool,
    /// The settings.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

impl LocalSettings {
    /// Reads the file of the app at `root`, if there is one. The error says what is wrong with it.
    pub fn read(root: &Path) -> Result<Self, Fault> {
        const FILE: &str = "local.settings.json";
        let file = root.join(FILE);
        if !file.exists() {
            return Ok(Self {
                is_encrypted: false,
                values: BTreeMap::new(),
            });
        }
        let settings: Self = super::manifest::read_json(&file, FILE)?;
        match settings.is_encrypted {
            true => Err(Fault::new(FILE, "encrypted settings are not supported")),
            false => Ok(settings),
        }
    }
}

impl Settings {
    /// Those with these names and values.
    pub fn new(values: BTreeMap<String, String>) -> Self {
        Self(values)
    }

    /// Puts a value in place of the one that a setting of exactly this name has.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// The value of a setting. Names are compared ignoring case, as .NET's configuration does.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// All names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Replaces each `%NAME%`. The error is the name of a missing setting.
    pub fn expand(&self, text: &str) -> Result<String, String> {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            expanded.push_str(before);
            let Some((name, after)) = after.split_once('%') else {
                return Ok(expanded + "%" + after);
            };
            expanded.push_str(self.get(name).ok_or(name)?);
            rest = after;
        }
        Ok(expanded + rest)
    }
}

/// Reads a .NET time span: `hh:mm:ss` with an optional `d.` in front.
pub(crate) fn parse_time_span(text: &str) -> Option<Duration> {
    let (days, clock) = match text.split_once('.') {
        Some((days, clock)) => (days.parse().ok()?, clock),
        None => (0, text),
    };
    let mut parts = clock.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let in_range = hours < 24 && minutes < 60 && seconds < 60 && parts.next().is_none();
    in_range.then(|| Duration::from_secs(((days * 24 + hours) * 60 + minutes) * 60 + seconds))
}

/// For `#[serde(deserialize_with)]`.
pub(crate) fn time_span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_time_span(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is not a time span")))
}

#[cfg(test)]
mod tests;
