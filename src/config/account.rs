//! Which Azure Storage account to use, and how to prove who we are.

use super::Secret;

/// A storage account: its two services and the credential for both.
#[derive(Clone, Debug)]
pub struct Account {
    /// Blob service endpoint without a trailing slash, such as
    /// `https://acct.blob.core.windows.net` or `http://127.0.0.1:10000/devstoreaccount1`.
    pub blob_endpoint: String,
    /// Queue service endpoint, the same form.
    pub queue_endpoint: String,
    /// How requests are authorised.
    pub credential: Credential,
}

/// How requests to the account are authorised.
#[derive(Clone, Debug)]
pub enum Credential {
    /// An account key, base64, signs each request (Shared Key).
    SharedKey {
        /// The account's name.
        account: String,
        /// The account's key.
        key: Secret,
    },
    /// A shared access signature, without `?`, goes into each URL.
    Sas(Secret),
    /// The platform's managed identity; a client id chooses a user-assigned one.
    ManagedIdentity {
        /// Which user-assigned identity; `None` for the system's.
        client_id: Option<String>,
    },
}
