//! Callbacks: the token that lets somebody else report the end of one attempt.
//!
//! A token is `{attempt}.{expiry}.{mac}`: the attempt's number, the time up to which it is good (Unix, in
//! seconds), and HMAC-SHA256 over both and the task's id, in base64url. Whoever has it can end that attempt
//! and nothing else.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use ports::{Secret, Timestamp};
use sha2::Sha256;
use work::Callback;

use crate::model::id::TaskId;

/// What a key of the service is used for here: what it signs is good for nothing else.
const PURPOSE: &[u8] = b"callbacks of tasks, 1";

/// Makes callbacks, and knows those it made. Clones are cheap.
#[derive(Clone)]
pub struct Callbacks(Arc<Signing>);

struct Signing {
    /// The first one signs, each is believed.
    first: Hmac<Sha256>,
    others: Vec<Hmac<Sha256>>,
    /// The URL of all callbacks, without a slash at its end.
    base: String,
}

/// Which attempt a callback is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempted {
    /// The task.
    pub id: TaskId,
    /// The attempt's number.
    pub attempt: u32,
    /// Up to when a report of it is taken.
    pub expires_at: Timestamp,
}

impl Callbacks {
    /// Signs with the first of these keys and believes what any of them has signed, so that keys can be
    /// exchanged. `base` is the URL of all callbacks, to which `/{id}?token=…` is added. `None` without
    /// a key.
    pub fn new(keys: &[Secret], base: &str) -> Option<Self> {
        let mut keys = keys.iter().filter_map(|key| {
            let derived = mac(key.expose().as_bytes())?.chain_update(PURPOSE);
            mac(&derived.finalize().into_bytes())
        });
        Some(Self(Arc::new(Signing {
            first: keys.next()?,
            others: keys.collect(),
            base: base.trim_end_matches('/').to_owned(),
        })))
    }

    /// The callback of an attempt.
    pub(crate) fn of(&self, attempted: Attempted) -> Callback {
        let Signing { first, base, .. } = &*self.0;
        let Attempted {
            id,
            attempt,
            expires_at,
        } = attempted;
        let expiry = expires_at.unix_timestamp();
        let told = signed(first, id, attempt, expiry).finalize().into_bytes();
        let told = URL_SAFE_NO_PAD.encode(told);
        Callback::new(format!("{base}/{id}?token={attempt}.{expiry}.{told}"))
    }

    /// Which attempt of a task a token is about; `None` when it is not one of ours for this task.
    pub fn read(&self, id: TaskId, token: &str) -> Option<Attempted> {
        let Signing { first, others, .. } = &*self.0;
        let mut parts = token.split('.');
        let (attempt, expiry, told) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let (attempt, expiry) = (attempt.parse().ok()?, expiry.parse().ok()?);
        let told = URL_SAFE_NO_PAD.decode(told).ok()?;
        // In a time that does not tell how much of it is right.
        let is_ours = |key| signed(key, id, attempt, expiry).verify_slice(&told).is_ok();
        let is_signed = is_ours(first) || others.iter().any(is_ours);
        Some(Attempted {
            id,
            attempt,
            expires_at: Timestamp::from_unix_timestamp(expiry).ok()?,
        })
        .filter(|_| is_signed)
    }
}

fn signed(key: &Hmac<Sha256>, id: TaskId, attempt: u32, expiry: i64) -> Hmac<Sha256> {
    key.clone().chain_update(format!("{id}.{attempt}.{expiry}"))
}

/// A key of any length will do.
fn mac(key: &[u8]) -> Option<Hmac<Sha256>> {
    Hmac::new_from_slice(key).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    fn callbacks(keys: &[&str]) -> Callbacks {
        let keys: Vec<_> = keys.iter().copied().map(Secret::new).collect();
        Callbacks::new(&keys, "https://here/api/callbacks/").unwrap()
    }

    fn attempted() -> Attempted {
        Attempted {
            id: TaskId::new(datetime!(2026-03-01 12:00 UTC)),
            attempt: 3,
            expires_at: datetime!(2026-03-01 13:00 UTC),
        }
    }

    fn token_of(callback: &Callback) -> &str {
        callback.url().split_once("?token=").unwrap().1
    }

    #[test]
    fn a_callback_tells_of_its_attempt_alone() {
        let (callbacks, attempted) = (callbacks(&["key"]), attempted());
        let callback = callbacks.of(attempted);
        let start = format!("https://here/api/callbacks/{}?token=3.", attempted.id);
        assert!(callback.url().starts_with(&start), "{}", callback.url());
        let token = token_of(&callback);
        assert_eq!(callbacks.read(attempted.id, token), Some(attempted));
        let other = TaskId::new(datetime!(2026-03-01 12:00 UTC));
        assert_eq!(callbacks.read(other, token), None);
        let another = token.replacen("3.", "4.", 1);
        assert_eq!(callbacks.read(attempted.id, &another), None);
        let (rest, mac) = token.rsplit_once('.').unwrap();
        let (attempt, expiry) = rest.split_once('.').unwrap();
        let later = expiry.parse::<i64>().unwrap() + 1;
        let longer = format!("{attempt}.{later}.{mac}");
        assert_eq!(callbacks.read(attempted.id, &longer), None);
        for text in [
            "",
            "..",
            "3",
            rest,
            &format!("{token}.x"),
            &format!("{rest}."),
        ] {
            assert_eq!(callbacks.read(attempted.id, text), None, "{text}");
        }
    }

    #[test]
    fn a_token_outlives_the_exchange_of_keys() {
        let attempted = attempted();
        let callback = callbacks(&["old"]).of(attempted);
        let token = token_of(&callback);
        let both = callbacks(&["new", "old"]);
        assert_eq!(both.read(attempted.id, token), Some(attempted));
        assert_eq!(callbacks(&["new"]).read(attempted.id, token), None);
    }

    #[test]
    fn without_a_key_there_is_no_callback() {
        assert!(Callbacks::new(&[], "https://here").is_none());
    }

    proptest! {
        #[test]
        fn no_text_is_a_token(text in "\\PC*|[0-9]{1,3}\\.[0-9]{1,20}\\.[A-Za-z0-9_-]{43}") {
            prop_assert_eq!(callbacks(&["key"]).read(attempted().id, &text), None);
        }
    }
}
