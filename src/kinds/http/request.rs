//! Requests: what they tell of the attempt, and their signature.

use std::time::{Duration, SystemTime};

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use url::Url;

use super::settings::Settings;
use super::signature::SigningSecret;
use ports::timestamp;
use work::Context;
use work::any::Canceled;

/// Where the end of the attempt may be told.
pub(super) const TASK_CALLBACK: &str = "task-callback";

/// An attempt, as a request tells of it.
pub(super) struct Attempt<'a> {
    task_id: &'a str,
    kind: &'a str,
    attempt: u32,
    deadline: Option<String>,
    traceparent: Option<&'a str>,
    callback: Option<&'a str>,
}

impl<'a> Attempt<'a> {
    /// One that is to be made.
    pub(super) fn of(cx: &'a Context) -> Self {
        Self {
            task_id: cx.task_id(),
            kind: cx.kind().as_str(),
            attempt: cx.attempt(),
            deadline: Some(timestamp::to_text(cx.deadline().into())),
            traceparent: cx.traceparent(),
            callback: cx.callback().map(work::Callback::url),
        }
    }

    /// Told to somebody whom its callback is nothing to.
    pub(super) fn without_callback(self) -> Self {
        Self {
            callback: None,
            ..self
        }
    }

    /// One that is given up after this long, if the attempt does not end before.
    pub(super) fn within(self, limit: Duration, cx: &Context) -> Self {
        let deadline = cx.deadline().min(SystemTime::now() + limit);
        Self {
            deadline: Some(timestamp::to_text(deadline.into())),
            ..self
        }
    }

    /// The last one of a task that was canceled.
    pub(super) fn canceled(canceled: &'a Canceled) -> Self {
        Self {
            task_id: &canceled.task_id,
            kind: canceled.kind.as_str(),
            attempt: canceled.attempts,
            deadline: None,
            traceparent: canceled.traceparent.as_deref(),
            callback: None,
        }
    }

    /// The request that hands over an input.
    pub(super) fn request(
        &self,
        client: &Client,
        settings: &Settings,
        input: Box<RawValue>,
    ) -> RequestBuilder {
        let body = Box::<str>::from(input).into_string();
        self.signed(
            client.post(settings.url.clone()),
            settings.secret.as_ref(),
            &body,
        )
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/json")
        .body(body)
    }

    /// A request without a body.
    pub(super) fn empty_request(
        &self,
        client: &Client,
        url: &Url,
        secret: Option<&SigningSecret>,
    ) -> RequestBuilder {
        self.signed(client.post(url.clone()), secret, "")
    }

    fn signed(
        &self,
        request: RequestBuilder,
        secret: Option<&SigningSecret>,
        body: &str,
    ) -> RequestBuilder {
        let optional = [
            ("task-deadline", self.deadline.as_deref()),
            ("traceparent", self.traceparent),
            (TASK_CALLBACK, self.callback),
        ];
        let mut request = request
            // A string of RFC 9651, as the draft of the header asks.
            .header("idempotency-key", format!("\"{}\"", self.task_id))
            .header("task-id", self.task_id)
            .header("task-kind", self.kind)
            .header("task-attempt", self.attempt);
        for (name, value) in optional {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        if let Some(secret) = secret {
            let now = OffsetDateTime::now_utc().unix_timestamp();
            request = request
                .header("webhook-id", self.task_id)
                .header("webhook-timestamp", now)
                .header("webhook-signature", secret.sign(self.task_id, now, body));
        }
        request
    }
}
