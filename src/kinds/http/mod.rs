//! A kind of work that is done behind a URL: one request for each attempt.
//!
//! ```text
//! input ──▶ POST url ──▶ 200, 204: the result
//!                   ├──▶ 202: the result comes through the callback
//!                   └──▶ anything else: which failure
//! ```
//!
//! The URLs are in the operator's file, so no client can aim a request.

mod body;
mod client;
mod notice;
mod problem;
mod reply;
mod request;
mod settings;
mod signature;
mod webhook;

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;
use url::Url;
use work::any::{AnyKind, Canceled, Prepared, ResultLimit};
use work::{BoxFuture, Context, Failure, InvalidInput};

pub use self::notice::{AllowedHost, NoticeKind};
use self::request::Attempt;
pub use self::settings::Settings;
pub use self::signature::{InvalidSecret, SigningSecret};
pub use self::webhook::Webhook;
use super::Schemas;

/// Settings that make no kind. Holds no part of a URL: there may be a key in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Whoever is on the way could read inputs and results, and change them.
    #[error("{0} is plain http to another machine, which KINDS_ALLOW_HTTP would allow")]
    PlainHttp(&'static str),
    /// No HTTP client can be made here.
    #[error("there is no HTTP client: {0}")]
    NoClient(String),
}

/// A kind of work that is done behind a URL.
#[derive(Debug)]
pub struct HttpKind {
    client: reqwest::Client,
    settings: Settings,
    schemas: Schemas,
}

impl HttpKind {
    /// The kind with these settings, whose input and result are like that.
    ///
    /// # Errors
    ///
    /// A URL is plain http to another machine and may not be, or there is no HTTP client.
    pub fn new(settings: Settings, schemas: Schemas) -> Result<Self, Refused> {
        let urls = [("url", Some(&settings.url))];
        let urls = urls
            .into_iter()
            .chain([("cancel_url", settings.cancel_url.as_ref())]);
        for (key, url) in urls.filter_map(|(key, url)| Some((key, url?))) {
            if url.scheme() == "http" && !settings.allows_http && !is_loopback(url) {
                return Err(Refused::PlainHttp(key));
            }
        }
        Ok(Self {
            client: client::shared().map_err(|error| Refused::NoClient(error.to_string()))?,
            settings,
            schemas,
        })
    }

    async fn run(
        &self,
        input: Box<RawValue>,
        cx: &Context,
        limit: ResultLimit,
    ) -> Result<Box<RawValue>, Failure> {
        let asked = async {
            let request = Attempt::of(cx).request(&self.client, &self.settings, input);
            let reply = request.send().await.map_err(reply::unreachable)?;
            reply::read(reply, cx, limit).await
        };
        // Dropping a request closes its connection, by which the other side can tell.
        tokio::select! {
            biased;
            () = cx.stopped() => cx.check_stop().and_then(|()| Err(reply::broken_off())),
            result = asked => result,
        }
    }

    async fn cancel(&self, url: &Url, canceled: &Canceled) {
        let request = Attempt::canceled(canceled).empty_request(
            &self.client,
            url,
            self.settings.secret.as_ref(),
        );
        let sent = tokio::time::timeout(client::CANCEL_TIMEOUT, request.send()).await;
        let (id, kind) = (canceled.task_id.as_str(), canceled.kind.as_str());
        match sent {
            Ok(Ok(reply)) if reply.status().is_success() => {}
            Ok(Ok(reply)) => {
                let status = reply.status().as_u16();
                log::warn!("task.id" = id, "task.kind" = kind, status; "the cancel URL did not take the cancel");
            }
            Ok(Err(error)) => {
                let error = error.without_url();
                log::warn!("task.id" = id, "task.kind" = kind; "the cancel URL was not reached: {error}");
            }
            Err(_) => {
                log::warn!("task.id" = id, "task.kind" = kind; "the cancel URL did not answer in time");
            }
        }
    }
}

impl AnyKind for HttpKind {
    fn check(&self, input: &RawValue) -> Result<(), InvalidInput> {
        self.schemas.check(input)
    }

    fn prepare(self: Arc<Self>, input: &RawValue) -> Result<Prepared, InvalidInput> {
        self.schemas.check(input)?;
        let input = input.to_owned();
        Ok(Prepared::Waiting(Box::new(move |cx, limit| {
            Box::pin(async move { self.run(input, &cx, limit).await })
        })))
    }

    fn input_schema(&self) -> Option<Value> {
        self.schemas.input().cloned()
    }

    fn output_schema(&self) -> Option<Value> {
        self.schemas.output().cloned()
    }

    fn canceled(self: Arc<Self>, canceled: Canceled) -> Option<BoxFuture<'static, ()>> {
        let url = self.settings.cancel_url.clone()?;
        Some(Box::pin(async move { self.cancel(&url, &canceled).await }))
    }
}

/// Whether a URL leads to this machine, by its text: a name that is looked up may lead anywhere.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.parse().is_ok_and(|v4: Ipv4Addr| v4.is_loopback())
        || address.parse().is_ok_and(|v6: Ipv6Addr| v6.is_loopback())
}

#[cfg(test)]
mod tests;
