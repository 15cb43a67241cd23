//! The key with which an identity signs links (user delegation), kept for as long as it signs.

use std::sync::{Arc, Mutex, PoisonError};

use azure_core::credentials::Secret;

use ports::Timestamp;

/// What a key says of itself, in the order in which it is signed, and under which names it is sent.
pub(super) type Told = [(&'static str, String); 6];

/// What the service gave.
pub(super) struct Given {
    pub(super) told: Told,
    pub(super) key: Secret,
    pub(super) expires_at: Timestamp,
}

/// The key that was given last, if any was.
#[derive(Default)]
pub(super) struct DelegatedKey(Mutex<Option<Arc<Given>>>);

impl DelegatedKey {
    /// It, if it signs until then at the least.
    pub(super) fn until(&self, until: Timestamp) -> Option<Arc<Given>> {
        let given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        given.clone().filter(|given| given.expires_at >= until)
    }

    /// Keeps another.
    pub(super) fn keep(&self, given: Given) -> Arc<Given> {
        let given = Arc::new(given);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&given));
        given
    }
}
