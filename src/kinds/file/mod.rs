//! `KINDS_FILE`: kinds of work told in a TOML file, in place of Rust.
//!
//! ```text
//! the file ─▶ document (what may stand where) ─▶ entry (what it means) ─▶ KindsFile ─▶ work::Kinds
//! ```
//!
//! Each refusal names the file, the line and the reason.

mod document;
mod entry;
mod text;
mod values;

use std::path::Path;
use std::sync::Arc;

use work::Kinds;
use work::any::AnyKind;

pub use entry::{FileKind, Means, UrlKind};
pub use text::FileError;

use self::text::Text;
use super::http::{HttpKind, Settings, SigningSecret};
use crate::config;

/// The kinds that a file tells of.
#[derive(Debug)]
pub struct KindsFile {
    text: Text,
    kinds: Vec<FileKind>,
}

impl KindsFile {
    /// Reads a file, and the schemas that it names.
    ///
    /// # Errors
    ///
    /// The first line that is wrong.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let text = Text::read(path)?;
        let kinds = entry::read(&text)?;
        Ok(Self { text, kinds })
    }

    /// The kinds, in the order of the file.
    pub fn kinds(&self) -> &[FileKind] {
        &self.kinds
    }

    /// Adds these kinds to others. `allows_http` is whether their inputs may travel to other machines
    /// unencrypted.
    ///
    /// # Errors
    ///
    /// One of them has the name of another, a URL that may not be, or no secret where it names one.
    pub fn register(self, kinds: Kinds, allows_http: bool) -> Result<Kinds, FileError> {
        let Self { text, kinds: told } = self;
        told.into_iter().try_fold(kinds, |kinds, kind| {
            let FileKind {
                name,
                at,
                policy,
                means,
            } = kind;
            if let Some(own) = kinds.iter().find(|own| own.name.is_like(&name)) {
                let own = &own.name;
                let reason = format!("the service has a kind named \"{own}\" of its own");
                return Err(text.refusal(at, reason));
            }
            let any: Arc<dyn AnyKind> = match means {
                Means::Command(command) => Arc::new(command),
                Means::Url(url) => Arc::new(
                    http_kind(url, allows_http).map_err(|reason| text.refusal(at, reason))?,
                ),
            };
            Ok(kinds.with(name.as_str(), any, policy))
        })
    }
}

/// What does the work of a kind behind a URL, or why it cannot.
fn http_kind(url: UrlKind, allows_http: bool) -> Result<HttpKind, String> {
    let secret = url.secret_env.map(|name| {
        let secret = config::secret(&name).map_err(|reason| format!("secret_env {reason}"))?;
        SigningSecret::read(&secret)
            .map_err(|error| format!("secret_env names a variable that {error}"))
    });
    let settings = Settings {
        url: url.url,
        cancel_url: url.cancel_url,
        secret: secret.transpose()?,
        allows_http,
    };
    HttpKind::new(settings, url.schemas).map_err(|refused| refused.to_string())
}

#[cfg(test)]
mod tests;
