//! What only the Azure backend can get wrong: signing, credentials, its errors, its requests.

mod credentials;
mod dead_letters;
mod failures;
mod fan_out;
mod faults;
mod identity;
mod messages;
mod raw_queue;
mod requests;
mod shared_looks;
mod tallies;
mod unknown;

use std::sync::atomic::{AtomicUsize, Ordering};

use backends::azure::Account;
use bytes::Bytes;
use ports::{Document, Head};
use time::macros::datetime;

use crate::helpers::queues::AzureStorage;

/// A container and a queue that no other test uses; neither exists yet.
fn connect(account: &Account) -> AzureStorage {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("azure-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    AzureStorage::new(account, &name)
}

pub(crate) fn document(body: impl Into<Bytes>) -> Document {
    Document {
        head: Head {
            kind: "fibonacci".to_owned(),
            status: "queued".to_owned(),
            created_at: datetime!(2026-11-21 10:11:12.345 UTC),
            updated_at: datetime!(2026-11-21 10:11:13 UTC),
            attempts: 1,
            further: None,
            error: None,
        },
        body: body.into(),
    }
}
