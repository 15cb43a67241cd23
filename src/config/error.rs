//! What is told of a setting that stops the start.

/// A setting that is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting} {reason}")]
pub struct ConfigError {
    /// The environment variable.
    pub setting: String,
    /// What is wrong with it; no secret in it.
    pub reason: String,
}

/// Refuses a setting, named by its environment variable.
pub(super) fn wrong(setting: &str, reason: impl Into<String>) -> ConfigError {
    ConfigError {
        setting: setting.to_owned(),
        reason: reason.into(),
    }
}
