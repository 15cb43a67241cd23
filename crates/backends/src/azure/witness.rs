//! Whether a change that failed may be done all the same: sent, and not refused.
//!
//! The error of the last try does not say it. Storage that goes away resets a connection, having read the
//! request, and refuses the next one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Method, Request, StatusCode};

tokio::task_local! {
    static HEARD: Heard;
}

/// What was heard of one operation, of all its tries.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard(Arc<AtomicBool>);

impl Heard {
    /// Whether a try of it may have been done.
    pub(super) fn may_be_done(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, may_be_done: bool) {
        self.0.store(may_be_done, Ordering::Relaxed);
    }
}

/// Whether a try of the operation under way may have been done, of those before the last one if that is refused.
pub(super) fn may_be_done() -> bool {
    HEARD.try_with(Heard::may_be_done).unwrap_or_default()
}

/// Notes what is heard of an operation, also when it is broken off.
pub(super) fn witnessed<F: Future>(
    heard: &Heard,
    operation: F,
) -> impl Future<Output = F::Output> + use<F> {
    HEARD.scope(heard.clone(), operation)
}

/// The policy for every try that notes it.
#[derive(Debug)]
pub(super) struct Witness;

#[async_trait]
impl Policy for Witness {
    async fn send(
        &self,
        context: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        let (policy, rest) = next.split_first().ok_or_else(|| {
            azure_core::Error::with_message(ErrorKind::Other, "no policy left to send the request")
        })?;
        let heard = HEARD.try_with(Heard::clone).ok();
        let Some(heard) = heard.filter(|_| changes(request)) else {
            return policy.send(context, request, rest).await;
        };
        let before = heard.may_be_done();
        heard.set(true);
        let result = policy.send(context, request, rest).await;
        let is_refused = match &result {
            Ok(reply) => refuses(reply.status()),
            // There was no connection to send it on.
            Err(error) => matches!(error.kind(), ErrorKind::Connection),
        };
        if is_refused {
            heard.set(before);
        }
        result
    }
}

/// Whether storage is another after a request: also after the `GET` that hides messages, which alone says for
/// how long ([Get Messages](https://learn.microsoft.com/rest/api/storageservices/get-messages)).
fn changes(request: &Request) -> bool {
    match request.method() {
        Method::Head => false,
        Method::Get => {
            let mut query = request.url().query_pairs();
            query.any(|(name, _)| name == "visibilitytimeout")
        }
        _ => true,
    }
}

/// Whether storage says by this status that it has done nothing. After a 500 it may have: that is the status
/// of `OperationTimedOut`, and 502 and 504 are of somebody in between ([Common REST API error
/// codes](https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes)).
fn refuses(status: StatusCode) -> bool {
    match u16::from(status) {
        408 => false,
        400..=499 | 501 | 503 => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_storage_refuses_is_not_done_and_of_a_failure_nobody_knows() {
        for status in [400, 403, 404, 409, 412, 429, 503] {
            assert!(refuses(StatusCode::from(status)), "{status}");
        }
        for status in [201, 204, 408, 500, 502, 504] {
            assert!(!refuses(StatusCode::from(status)), "{status}");
        }
    }
}
