//! Where somebody else reports the end of an attempt.

use std::fmt;

/// The URL where somebody else may report how far an attempt has come and how it ended (`Task-Callback`).
/// It holds a token that stands for this one attempt: who knows it can end the attempt, so it does not
/// go into a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Callback {
    url: String,
}

impl Callback {
    /// The callback at this URL, which holds its token.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into() }
    }

    /// The URL, with its token.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Without the token.
impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_token_is_not_logged() {
        let callback = Callback::new("https://here/api/callbacks/1?token=secret");
        assert!(callback.url().ends_with("?token=secret"));
        assert!(!format!("{callback:?}").contains("secret"));
    }
}
