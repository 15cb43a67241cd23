//! Tables of a file of rules: their keys, taken one by one, so that what is left is one that nobody knows.

use std::fmt::Display;
use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use crate::config;
use crate::kinds::http::SigningSecret;
use ports::Secret;

/// What is wrong with which key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} {reason}")]
pub(super) struct Wrong {
    key: String,
    reason: String,
}

impl Wrong {
    /// This key, because of that.
    pub(super) fn new(key: impl Into<String>, reason: impl Display) -> Self {
        Self {
            key: key.into(),
            reason: reason.to_string(),
        }
    }
}

/// A table whose keys are taken.
pub(super) struct Table {
    /// What is before its keys: that of its own, with a full stop.
    path: String,
    keys: Map<String, Value>,
}

impl Table {
    /// What is at this key, which is empty for a whole document or rule.
    pub(super) fn of(key: &str, value: Value) -> Result<Self, Wrong> {
        let path = match key {
            "" => String::new(),
            key => format!("{key}."),
        };
        match value {
            Value::Object(keys) => Ok(Self { path, keys }),
            _ if key.is_empty() => Err(Wrong::new("it", "is not a table")),
            _ => Err(Wrong::new(key, "is not a table")),
        }
    }

    /// What is wrong with a key of this table.
    pub(super) fn wrong(&self, key: &str, reason: impl Display) -> Wrong {
        Wrong::new(format!("{}{key}", self.path), reason)
    }

    /// Takes what is at a key.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.keys.remove(key)
    }

    /// Takes a table.
    pub(super) fn table(&mut self, key: &str) -> Result<Option<Self>, Wrong> {
        let path = format!("{}{key}", self.path);
        self.take(key)
            .map(|value| Self::of(&path, value))
            .transpose()
    }

    /// Takes all that is left, with its keys.
    pub(super) fn rest(self) -> impl Iterator<Item = (String, Value)> {
        self.keys.into_iter()
    }

    /// Takes a text that is not empty.
    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, Wrong> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(Value::String(_)) => Err(self.wrong(key, "is empty")),
            Some(_) => Err(self.wrong(key, "is not a text")),
        }
    }

    /// The same where there must be one.
    pub(super) fn some_text(&mut self, key: &str) -> Result<String, Wrong> {
        let text = self.text(key)?;
        text.ok_or_else(|| self.wrong(key, "is missing"))
    }

    /// Takes a time, in whole seconds.
    pub(super) fn duration(&mut self, key: &str) -> Result<Option<Duration>, Wrong> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        match humantime::parse_duration(&text) {
            Ok(time) if time.subsec_nanos() == 0 => Ok(Some(time)),
            _ => Err(self.wrong(
                key,
                "is not a duration in whole seconds, such as 30s, 5m or 7d",
            )),
        }
    }

    /// Takes a number of 1 or more, which there must be.
    pub(super) fn count(&mut self, key: &str) -> Result<u32, Wrong> {
        match self.take(key) {
            None => Err(self.wrong(key, "is missing")),
            Some(value) => {
                let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
                count.filter(|count| *count > 0).ok_or_else(|| {
                    let reason = format!("is not a whole number from 1 to {}", u32::MAX);
                    self.wrong(key, reason)
                })
            }
        }
    }

    /// Takes the address of a service, which there must be: a web page's form, without a user.
    pub(super) fn url(&mut self, key: &str) -> Result<Url, Wrong> {
        let text = self.some_text(key)?;
        let url = Url::parse(&text).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
        });
        url.ok_or_else(|| {
            let reason = "is not a URL, such as https://example.com/repair, without a user";
            self.wrong(key, reason)
        })
    }

    /// Takes the name of a variable, and gives the secret in it.
    pub(super) fn secret(&mut self, key: &str) -> Result<Option<Secret>, Wrong> {
        let Some(name) = self.text(key)? else {
            return Ok(None);
        };
        let secret = config::secret(&name);
        secret.map(Some).map_err(|reason| self.wrong(key, reason))
    }

    /// Takes the name of a variable that holds what is signed with.
    pub(super) fn signing_secret(&mut self, key: &str) -> Result<Option<SigningSecret>, Wrong> {
        let secret = self.secret(key)?;
        let secret = secret.map(|secret| SigningSecret::read(&secret));
        secret
            .transpose()
            .map_err(|error| self.wrong(key, format!("names a variable that {error}")))
    }

    /// Refuses what nobody took.
    pub(super) fn finish(self) -> Result<(), Wrong> {
        match self.keys.keys().next() {
            None => Ok(()),
            Some(key) => Err(self.wrong(key, "is a key that nobody knows here")),
        }
    }
}
