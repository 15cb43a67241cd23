//! Names of containers.

use super::error::{ConfigError, wrong};
use ports::is_storage_name;

/// The most characters a container's name has.
const LONGEST: usize = 63;

/// The name of a container, if it is one.
pub(super) fn container_name(setting: &str, name: String) -> Result<String, ConfigError> {
    if is_storage_name(&name, LONGEST) {
        return Ok(name);
    }
    Err(wrong(
        setting,
        format!(
            "is not a name of 3 to {LONGEST} lower-case letters, digits and single hyphens, \
             which begins and ends with a letter or digit"
        ),
    ))
}
