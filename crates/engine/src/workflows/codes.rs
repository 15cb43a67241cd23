//! Codes: whoever has the code of an instance may look at it and do to it what its client may.
//!
//! A code is HMAC-SHA256 of the instance's id in base64url, so none is kept. The key is in the store, where the
//! first that needs it puts it; from then on it is at hand.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;

use super::parts::{Parts, Workflows};
use crate::records::kept_key::Signing;
use ports::StorageError;

impl Workflows {
    /// The code of the instance of this id, as its client knows it.
    ///
    /// # Errors
    ///
    /// The key cannot be read, or not be made.
    pub async fn code(&self, instance: &str) -> Result<String, StorageError> {
        let signed = self.signed(instance).await?.finalize().into_bytes();
        Ok(URL_SAFE_NO_PAD.encode(signed))
    }

    /// Whether a text is the code of the instance of this id. How long that takes tells nothing of how much of it
    /// is right.
    ///
    /// # Errors
    ///
    /// As of [`code`](Self::code).
    pub async fn is_code(&self, instance: &str, text: &str) -> Result<bool, StorageError> {
        let Ok(told) = URL_SAFE_NO_PAD.decode(text) else {
            return Ok(false);
        };
        Ok(self.signed(instance).await?.verify_slice(&told).is_ok())
    }

    async fn signed(&self, instance: &str) -> Result<Signing, StorageError> {
        let Parts { codes, store, .. } = &*self.parts;
        let key = codes.signing(&**store, self.worker().clock.now()).await?;
        Ok(key.chain_update(instance))
    }
}
