//! Signatures of requests, by Standard Webhooks: <https://www.standardwebhooks.com>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use ports::Secret;

/// What a secret begins with, as it is handed around.
const PREFIX: &str = "whsec_";

/// The fewest and the most bytes of a secret, by the specification.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// What requests are signed with.
#[derive(Clone)]
pub struct SigningSecret(Hmac<Sha256>);

/// A text that is no secret. Holds nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no secret to sign with: that is whsec_ and the base64 of 24 to 64 bytes")]
pub struct InvalidSecret;

impl SigningSecret {
    /// Reads a secret as it is handed around: in base64, with or without `whsec_` before it.
    ///
    /// # Errors
    ///
    /// It is not base64, or is of another length than the specification allows.
    pub fn read(text: &Secret) -> Result<Self, InvalidSecret> {
        let text = text.expose().trim();
        let key = STANDARD
            .decode(text.strip_prefix(PREFIX).unwrap_or(text))
            .ok()
            .filter(|key| LENGTHS.contains(&key.len()))
            .ok_or(InvalidSecret)?;
        let mac = Hmac::new_from_slice(&key).map_err(|_| InvalidSecret)?;
        Ok(Self(mac))
    }

    /// The value of `webhook-signature`, for a message sent at this time (Unix, in seconds).
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let mac = self.0.clone().chain_update(format!("{id}.{timestamp}."));
        let mac = mac.chain_update(body).finalize().into_bytes();
        format!("v1,{}", STANDARD.encode(mac))
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_signed_as_the_specification_shows() {
        // The example of the specification's own libraries.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let secret = SigningSecret::read(&secret).unwrap();
        assert_eq!(
            secret.sign(
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                "{\"test\": 2432232314}"
            ),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert_eq!(format!("{secret:?}"), "[secret]");
    }

    #[test]
    fn a_text_that_is_no_secret_is_refused() {
        for text in [
            "",
            "whsec_",
            "whsec_c2hvcnQ=",
            "whsec_not base64 at all, but long enough to be",
        ] {
            let refused = SigningSecret::read(&Secret::new(text));
            assert_eq!(refused.err(), Some(InvalidSecret), "{text}");
        }
        let long = STANDARD.encode([7; 65]);
        assert!(SigningSecret::read(&Secret::new(long)).is_err());
        let bare = STANDARD.encode([7; 64]);
        assert!(SigningSecret::read(&Secret::new(bare)).is_ok());
    }
}
