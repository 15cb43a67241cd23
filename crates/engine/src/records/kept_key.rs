//! Keys that are kept in the store: the first process that needs one puts it there, and all have the same from then
//! on, at hand after one call.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tokio::sync::OnceCell;
use uuid::Uuid;

use ports::{Document, Head, StorageError, TaskStore, Timestamp};

/// The length of a key, in bytes.
const KEY_BYTES: usize = 32;

/// A key, ready to sign with.
pub(crate) type Signing = Hmac<Sha256>;

/// One of them.
pub(crate) struct KeptKey {
    /// The name of its document, which is no task's, and the kind in the head of that.
    name: &'static str,
    at_hand: OnceCell<Signing>,
}

impl KeptKey {
    /// The one of this name.
    pub(crate) fn new(name: &'static str) -> Self {
        let at_hand = OnceCell::new();
        Self { name, at_hand }
    }

    /// The key that is kept, or one that is kept from now on.
    ///
    /// # Errors
    ///
    /// It cannot be read, or not be made.
    pub(crate) async fn signing(
        &self,
        store: &dyn TaskStore,
        now: Timestamp,
    ) -> Result<Signing, StorageError> {
        let key = self.at_hand.get_or_try_init(|| self.key(store, now));
        key.await.cloned()
    }

    async fn key(&self, store: &dyn TaskStore, now: Timestamp) -> Result<Signing, StorageError> {
        if let Some(stored) = store.read(self.name).await? {
            return self.read(&stored.body);
        }
        // 244 random bits, from the system's generator.
        let made = [Uuid::new_v4(), Uuid::new_v4()]
            .map(Uuid::into_bytes)
            .concat();
        let document = Document {
            head: Head::beside(self.name, "kept", now),
            body: Bytes::from(URL_SAFE_NO_PAD.encode(&made)),
        };
        store.create(self.name, &document).await?;
        // Somebody else's may be there by now, or our own, whose answer was lost.
        match store.read(self.name).await? {
            Some(stored) => self.read(&stored.body),
            None => Err(StorageError::transient("keep a key", "it came and went")),
        }
    }

    fn read(&self, kept: &[u8]) -> Result<Signing, StorageError> {
        let key = URL_SAFE_NO_PAD.decode(kept).ok();
        let key = key.filter(|key| key.len() == KEY_BYTES);
        key.and_then(|key| Signing::new_from_slice(&key).ok())
            .ok_or_else(|| {
                let cause = format!("what is kept as {} is no key of this service", self.name);
                StorageError::permanent("read a key", cause)
            })
    }
}
