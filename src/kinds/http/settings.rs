//! What an operator says of a kind behind a URL.

use url::Url;

use super::signature::SigningSecret;

/// Where the work of a kind is done.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where an input is sent.
    pub url: Url,
    /// Where is told that a task was canceled.
    pub cancel_url: Option<Url>,
    /// What requests are signed with.
    pub secret: Option<SigningSecret>,
    /// Whether inputs may travel unencrypted to other machines.
    pub allows_http: bool,
}
