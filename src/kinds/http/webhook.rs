//! Whoever gets what a rule for dead letters sends: one request for each attempt, as those of kinds behind a URL
//! are made.

use std::time::Duration;

use reqwest::Client;
use serde_json::value::{RawValue, to_raw_value};
use url::Url;

use super::request::Attempt;
use super::settings::Settings;
use super::signature::SigningSecret;
use super::{Refused, client, is_loopback, reply};
use engine::{Outward, Parcel};
use work::{BoxFuture, Context, Failure};

/// How long whoever gets something may take to answer.
const ANSWER: Duration = Duration::from_secs(60);

/// A URL of the operator's.
#[derive(Debug)]
pub struct Webhook {
    client: Client,
    settings: Settings,
}

impl Webhook {
    /// One that posts there, and signs that if there is a secret.
    ///
    /// # Errors
    ///
    /// The URL is plain http to another machine and may not be, or there is no HTTP client.
    pub fn new(
        url: Url,
        secret: Option<SigningSecret>,
        allows_http: bool,
    ) -> Result<Self, Refused> {
        if url.scheme() == "http" && !allows_http && !is_loopback(&url) {
            return Err(Refused::PlainHttp("url"));
        }
        Ok(Self {
            client: client::shared().map_err(|error| Refused::NoClient(error.to_string()))?,
            settings: Settings {
                url,
                cancel_url: None,
                secret,
                allows_http,
            },
        })
    }
}

impl Outward for Webhook {
    fn send<'a>(
        &'a self,
        parcel: &'a Parcel<'a>,
        _: &'a mut Vec<String>,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { self.post(to_raw_value(parcel)?, cx).await })
    }
}

impl Webhook {
    /// Has a body taken, as the attempt that this is.
    pub(super) async fn post(&self, body: Box<RawValue>, cx: &Context) -> Result<(), Failure> {
        let attempt = Attempt::of(cx).without_callback().within(ANSWER, cx);
        let request = attempt.request(&self.client, &self.settings, body);
        let answered = request.timeout(ANSWER).send().await;
        reply::taken(answered.map_err(reply::unreachable)?).await
    }
}
