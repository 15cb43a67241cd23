//! Which origins may call the service from a browser: read by the configuration, asked by the API.

/// Whose pages may call the service from a browser, though they are not its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origins {
    /// Nobody's.
    #[default]
    None,
    /// Everybody's.
    Any,
    /// These, as a browser writes them in `Origin`.
    These(Vec<String>),
}

impl Origins {
    /// Whether pages of this origin may, as it is written in `Origin`.
    pub fn allow(&self, origin: &str) -> bool {
        match self {
            Self::None => false,
            Self::Any => true,
            Self::These(origins) => origins.iter().any(|allowed| allowed == origin),
        }
    }
}
