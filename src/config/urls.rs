//! Settings that are URLs: our own address, and those of the pages that may call us.

use url::Url;

use super::error::{ConfigError, wrong};
use super::mode::Mode;
use crate::origins::Origins;

const CORS_ALLOWED_ORIGINS: &str = "CORS_ALLOWED_ORIGINS";

/// Reads a list of origins, or `*`. Under the Functions host a setting of the host's own has this
/// meaning: the host answers preflights itself, and two permissions in a reply are none.
pub(super) fn origins(text: Option<&str>, mode: Mode) -> Result<Origins, ConfigError> {
    match (text.map(str::trim), mode) {
        (None, _) => Ok(Origins::None),
        (Some(_), Mode::Hosted(_)) => Err(wrong(
            CORS_ALLOWED_ORIGINS,
            "has no meaning under the Functions host, which has a setting of its own for CORS",
        )),
        (Some("*"), _) => Ok(Origins::Any),
        (Some(list), _) => {
            let origins = list.split(',').map(str::trim);
            let origins = origins.filter(|origin| !origin.is_empty()).map(origin);
            match origins.collect::<Option<Vec<_>>>() {
                Some(origins) if !origins.is_empty() => Ok(Origins::These(origins)),
                _ => Err(wrong(
                    CORS_ALLOWED_ORIGINS,
                    "is neither * nor a list of origins, such as https://app.example.com",
                )),
            }
        }
    }
}

/// An origin as browsers write it: a scheme and a host in lower case, and a port that is not the
/// scheme's own.
fn origin(text: &str) -> Option<String> {
    let url = web_url(text).filter(|url| url.path() == "/")?;
    let origin = url.origin().ascii_serialization();
    // A pattern is no origin, and would match nothing.
    (!origin.contains('*')).then_some(origin)
}

/// Reads the base of our links, and drops its trailing slashes.
pub(super) fn base_url(text: &str) -> Result<String, ConfigError> {
    match web_url(text.trim()) {
        // A host may have a quotation mark in it, and a link in a header may not.
        Some(url) if !url.as_str().contains('"') => {
            Ok(url.as_str().trim_end_matches('/').to_owned())
        }
        _ => Err(wrong(
            "PUBLIC_BASE_URL",
            "is not a URL, such as https://tasks.example.com",
        )),
    }
}

/// A URL of the web without a user, a query and a fragment.
fn web_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_bare = url.query().is_none() && url.fragment().is_none();
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    let is_web = matches!(url.scheme(), "http" | "https");
    (is_web && is_bare && is_anonymous).then_some(url)
}
