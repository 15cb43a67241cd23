//! Links to blobs, which anybody can read for a while: a shared access signature (SAS) for one blob, read
//! only.
//!
//! The account's key signs it ([Create a service
//! SAS](https://learn.microsoft.com/rest/api/storageservices/create-service-sas)); without one a key does that
//! the service gives to an identity ([Create a user delegation
//! SAS](https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas)). Who has but a SAS
//! cannot make another.

use std::sync::Arc;

use azure_core::credentials::Secret;
use azure_core::hmac::hmac_sha256;
use azure_core::time::{Duration, OffsetDateTime};
use azure_storage_blob::models::KeyInfo;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::clients::Clients;
use super::connector::{Connector, Signer};
use super::delegated_key::{DelegatedKey, Given, Told};
use super::error::{incomplete, storage_error};
use super::resource;
use ports::{StorageError, Timestamp};

const OPERATION: &str = "make a link";

/// The version of the service that signatures are for: the last one before what is signed with an identity's
/// key became longer, and known to emulators.
const VERSION: &str = "2022-11-02";

/// Whole seconds of UTC, as signatures have them.
const SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// How far another machine's clock may be behind ours.
const SKEW: Duration = Duration::minutes(15);

/// For how much longer than is needed an identity's key is asked for: the next links need no other.
const KEY_LIFE: Duration = Duration::hours(1);

/// A URL of this blob that can be read until then; `None` when nobody can sign one.
pub(super) async fn link(
    connector: &Arc<Connector>,
    name: &str,
    until: Timestamp,
) -> Result<Option<String>, StorageError> {
    let clients = Clients::here(connector)?;
    let given;
    let (account, told, key) = match &connector.signer {
        Signer::Nobody => return Ok(None),
        Signer::Key { account, key } => (account, None, key),
        Signer::Identity { account, key } => {
            given = delegated(key, &clients, until).await?;
            (account, Some(&given.told), &given.key)
        }
    };
    let mut url = connector.blob_service.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend([&*connector.container, name]);
    }
    let link = Link {
        resource: format!("/blob/{account}/{}/{name}", connector.container),
        until: seconds(until),
        // An emulator may speak http alone.
        protocol: if url.scheme() == "https" { "https" } else { "" },
        told,
    };
    let signature = hmac_sha256(&link.string_to_sign(), key)
        .map_err(|error| storage_error(OPERATION, error))?;
    let mut query = url.query_pairs_mut();
    for (field, value) in link.fields() {
        if !value.is_empty() {
            query.append_pair(field, value);
        }
    }
    query.append_pair("sig", &signature);
    drop(query);
    Ok(Some(url.into()))
}

/// What is signed.
struct Link<'a> {
    resource: String,
    until: String,
    protocol: &'static str,
    told: Option<&'a Told>,
}

impl Link<'_> {
    /// Permission, start, end, resource; the policy, or what the key says of itself with three more of whom it is
    /// for; address, protocol, version, that it is a blob, snapshot and scope; five headers of the answer.
    fn string_to_sign(&self) -> String {
        let mut fields = vec!["r", "", &self.until, &self.resource];
        match self.told {
            None => fields.push(""),
            Some(told) => {
                fields.extend(told.iter().map(|(_, value)| value.as_str()));
                fields.extend([""; 3]);
            }
        }
        fields.extend(["", self.protocol, VERSION, "b", "", ""]);
        fields.extend([""; 5]);
        fields.join("\n")
    }

    /// What is sent beside the signature.
    fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let told = self.told.into_iter().flatten();
        [
            ("sv", VERSION),
            ("sr", "b"),
            ("sp", "r"),
            ("se", &self.until),
            ("spr", self.protocol),
        ]
        .into_iter()
        .chain(told.map(|(field, value)| (*field, value.as_str())))
    }
}

/// A key that signs for our identity until then at the least.
async fn delegated(
    kept: &DelegatedKey,
    clients: &Clients,
    until: Timestamp,
) -> Result<Arc<Given>, StorageError> {
    match kept.until(until) {
        Some(known) => Ok(known),
        None => Ok(kept.keep(given(clients, until + KEY_LIFE).await?)),
    }
}

/// Asks for a key that signs until then.
async fn given(clients: &Clients, expires_at: Timestamp) -> Result<Given, StorageError> {
    let info = KeyInfo {
        start: Some(OffsetDateTime::now_utc() - SKEW),
        expiry: Some(expires_at),
        ..Default::default()
    };
    let answer = resource::run(&clients.container, OPERATION, || async {
        let info = info.clone().try_into()?;
        let answer = clients.blob_service.get_user_delegation_key(info, None);
        answer.await?.into_model()
    });
    let given = answer.await?;
    let text = |value: Option<String>| value.ok_or_else(|| incomplete(OPERATION, "a key"));
    let told = [
        ("skoid", text(given.signed_oid)?),
        ("sktid", text(given.signed_tid)?),
        ("skt", text(given.signed_start.map(seconds))?),
        ("ske", text(given.signed_expiry.map(seconds))?),
        ("sks", text(given.signed_service)?),
        ("skv", text(given.signed_version)?),
    ];
    let value = text(given.value.map(|value| BASE64_STANDARD.encode(value)))?;
    Ok(Given {
        told,
        key: Secret::new(value),
        expires_at,
    })
}

fn seconds(time: OffsetDateTime) -> String {
    time.format(SECONDS).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn what_is_signed_is_as_the_service_reads_it() {
        let mut link = Link {
            resource: "/blob/acct/tasks/x".to_owned(),
            until: seconds(datetime!(2026-11-26 09:10:11.5 UTC)),
            protocol: "https",
            told: None,
        };
        assert_eq!(
            link.string_to_sign(),
            "r\n\n2026-11-26T09:10:11Z\n/blob/acct/tasks/x\n\n\nhttps\n2022-11-02\nb\n\n\n\n\n\n\n"
        );
        let told =
            ["skoid", "sktid", "skt", "ske", "sks", "skv"].map(|name| (name, name.to_owned()));
        link.told = Some(&told);
        assert_eq!(
            link.string_to_sign(),
            "r\n\n2026-11-26T09:10:11Z\n/blob/acct/tasks/x\nskoid\nsktid\nskt\nske\nsks\nskv\n\n\n\n\n\
             https\n2022-11-02\nb\n\n\n\n\n\n\n"
        );
    }
}
