//! The platform's managed identity, which gives tokens for the account.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_core::http::{AsyncRawResponse, ClientOptions, HttpClient, Request, Transport};
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use bytes::Bytes;
use serde_json::Value;

use super::http::{http_client, opening, retry_options};
use ports::StorageError;

/// Takes the platform's identity, or one of those that a user has assigned.
pub(super) fn identity(client_id: Option<&str>) -> Result<Arc<dyn TokenCredential>, StorageError> {
    credential(client_id, Arc::new(http_client(true)?))
}

fn credential(
    client_id: Option<&str>,
    http: Arc<dyn HttpClient>,
) -> Result<Arc<dyn TokenCredential>, StorageError> {
    let options = ManagedIdentityCredentialOptions {
        user_assigned_id: client_id.map(|id| UserAssignedId::ClientId(id.to_owned())),
        client_options: ClientOptions {
            retry: retry_options(),
            transport: Some(Transport::new(Arc::new(Endpoint(http)))),
            ..Default::default()
        },
    };
    let credential = ManagedIdentityCredential::new(Some(options)).map_err(opening)?;
    Ok(credential)
}

/// The identity endpoint, as the crate expects it. Azure's own write `expires_on` as a text; others
/// that stand in for it write the number that it is, which the crate does not take.
#[derive(Debug)]
struct Endpoint(Arc<dyn HttpClient>);

#[async_trait]
impl HttpClient for Endpoint {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let answer = self.0.execute_request(request).await?;
        let (status, headers, body) = answer.deconstruct();
        let body = with_text_for_time(body.collect().await?);
        Ok(AsyncRawResponse::from_bytes(status, headers, body))
    }
}

/// The answer, with its time as a text. What is not an object with a number there is left as it is.
fn with_text_for_time(body: Bytes) -> Bytes {
    let Ok(Value::Object(mut token)) = serde_json::from_slice(&body) else {
        return body;
    };
    let Some(time) = token.get_mut("expires_on").filter(|time| time.is_number()) else {
        return body;
    };
    *time = match time.as_f64() {
        // Seconds, of which a fraction is none too many.
        Some(seconds) if !time.is_i64() => (seconds as i64).to_string().into(),
        _ => time.to_string().into(),
    };
    serde_json::to_vec(&token).map_or(body, Bytes::from)
}

#[cfg(test)]
mod tests {
    use azure_core::http::StatusCode;
    use azure_core::http::headers::Headers;
    use time::OffsetDateTime;
    use time::macros::datetime;

    use super::*;

    /// An endpoint that always answers the same.
    #[derive(Debug)]
    struct Fixed(&'static str);

    #[async_trait]
    impl HttpClient for Fixed {
        async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
            let headers = Headers::new();
            Ok(AsyncRawResponse::from_bytes(
                StatusCode::Ok,
                headers,
                self.0,
            ))
        }
    }

    async fn expiry(answer: &'static str) -> azure_core::Result<OffsetDateTime> {
        let credential = credential(None, Arc::new(Fixed(answer))).unwrap();
        let scope = "https://storage.azure.com/.default";
        let token = credential.get_token(&[scope], None).await?;
        assert_eq!(token.token.secret(), "t0ken");
        Ok(token.expires_on)
    }

    #[tokio::test]
    async fn the_time_of_a_token_is_a_text_or_a_number() {
        for answer in [
            r#"{"access_token":"t0ken","expires_on":"4102444800","resource":"r","token_type":"Bearer"}"#,
            r#"{"access_token":"t0ken","expires_on":4102444800,"resource":"r","token_type":"Bearer"}"#,
            r#"{"access_token":"t0ken","expires_on":4102444800.5,"resource":"r","token_type":"Bearer"}"#,
        ] {
            let expiry = expiry(answer).await.unwrap();
            assert_eq!(expiry, datetime!(2100-01-01 00:00 UTC), "{answer}");
        }
        for answer in ["", "[]", r#"{"access_token":"t0ken","expires_on":{}}"#] {
            assert!(expiry(answer).await.is_err(), "{answer}");
        }
    }
}
