//! Codes: whoever has the code of an instance may look at it and do to it what its client may.
//!
//! A code is HMAC-SHA256 of the instance's id in base64url, so none is kept. The key is in the store, where the
//! first that needs it puts it; from then on it is at hand.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::parts::Workflows;
use ports::{Document, Head, StorageError};

/// The name of the key's document; no digit of a task's name.
const NAME: &str = "codes-key";

/// The kind in the head of it.
const KIND: &str = "codes-key";

/// The length of the key, in bytes.
const KEY_BYTES: usize = 32;

/// The key, ready to sign with.
type Signing = Hmac<Sha256>;

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
        let key = self.parts.codes.get_or_try_init(|| self.key()).await?;
        Ok(key.clone().chain_update(instance))
    }

    /// The key that is kept, or one that is kept from now on.
    async fn key(&self) -> Result<Signing, StorageError> {
        let store = &self.parts.store;
        if let Some(stored) = store.read(NAME).await? {
            return signing(&stored.body);
        }
        // 244 random bits, from the system's generator.
        let made = [Uuid::new_v4(), Uuid::new_v4()]
            .map(Uuid::into_bytes)
            .concat();
        let now = self.worker().clock.now();
        let document = Document {
            head: Head::beside(KIND, "kept", now),
            body: Bytes::from(URL_SAFE_NO_PAD.encode(&made)),
        };
        store.create(NAME, &document).await?;
        // Somebody else's may be there by now, or our own, whose answer was lost.
        match store.read(NAME).await? {
            Some(stored) => signing(&stored.body),
            None => Err(StorageError::transient(
                "keep key of codes",
                "it came and went",
            )),
        }
    }
}

fn signing(kept: &[u8]) -> Result<Signing, StorageError> {
    let key = URL_SAFE_NO_PAD.decode(kept).ok();
    let key = key.filter(|key| key.len() == KEY_BYTES);
    key.and_then(|key| Signing::new_from_slice(&key).ok())
        .ok_or_else(|| StorageError::permanent("read key of codes", "it is no key of this service"))
}
