//! What containers and queues have in common: they may be missing, and then they are created.
//!
//! Somebody deletes them, or an emulator that keeps its data in memory starts again. A server that
//! is running then goes on without a restart, as the Functions host does.

use std::time::Duration;

use azure_core::http::StatusCode;
use tokio::sync::Semaphore;

use super::error::{code, storage_error};
use super::witness::{Heard, witnessed};
use crate::TURN_WAIT;
use ports::{Recovery, StorageError, budget};

/// Operations under way on one thread, and so the connections that it opens. Those beyond wait for
/// [`TURN_WAIT`], first come, first served. Each thread has its own, so that clients' operations
/// hold up no message: a process without a host works on those on a thread of their own.
///
/// With an answer after 10 ms it is thousands of operations a second, as many as an account allows.
pub(super) const TURNS: usize = 64;

/// How long an operation may take with all its tries, if nobody waits for it who has less time. A dead endpoint fails long before, by the
/// retry options; this bounds an endpoint that accepts and then says nothing, and a token that
/// does not come.
const LIMIT: Duration = Duration::from_secs(30);

/// A container or a queue.
pub(super) trait Resource: Sync {
    /// What it is, for the log.
    const NOUN: &'static str;
    /// The code of the answer that says it is missing.
    const MISSING: &'static str;
    /// The code of the answer that says it is there already.
    const EXISTS: &'static str;

    /// Whose turn it is on this thread.
    fn turns(&self) -> &Semaphore;

    /// Creates it.
    fn create(&self) -> impl Future<Output = azure_core::Result<()>> + Send;

    /// Reads its properties.
    fn look(&self) -> impl Future<Output = azure_core::Result<()>> + Send;
}

/// Creates what is missing. A credential that may not create is enough when it is there.
pub(super) async fn prepare<R: Resource>(
    resource: &R,
    operation: &'static str,
) -> Result<(), StorageError> {
    let attempt = async {
        match ensure(resource).await {
            Err(error) if error.http_status() == Some(StatusCode::Forbidden) => {
                resource.look().await.map_err(|_| error)
            }
            other => other,
        }
    };
    limited(resource, operation, attempt).await
}

/// Runs a call; when its resource is missing, creates that and runs the call once more.
pub(super) async fn run<R, T, F>(
    resource: &R,
    operation: &'static str,
    call: impl Fn() -> F,
) -> Result<T, StorageError>
where
    R: Resource,
    F: Future<Output = azure_core::Result<T>>,
{
    let attempt = async {
        match call().await {
            Err(error) if code(&error) == R::MISSING => {
                log::warn!("the {} is missing in storage, creating it", R::NOUN);
                // That it is created says nothing about the call.
                witnessed(&Heard::default(), ensure(resource)).await?;
                call().await
            }
            other => other,
        }
    };
    limited(resource, operation, attempt).await
}

/// Another instance may have created it in the meantime: that is as good.
async fn ensure<R: Resource>(resource: &R) -> azure_core::Result<()> {
    match resource.create().await {
        Err(error) if code(&error) == R::EXISTS => Ok(()),
        other => other,
    }
}

async fn limited<R: Resource, T>(
    resource: &R,
    operation: &'static str,
    attempt: impl Future<Output = azure_core::Result<T>>,
) -> Result<T, StorageError> {
    let turn_wait = budget::at_most(TURN_WAIT);
    let waiting = tokio::time::timeout(turn_wait, resource.turns().acquire());
    let Ok(_turn) = waiting.await else {
        let cause = "too many operations wait for storage";
        return Err(StorageError::transient(operation, cause));
    };
    let limit = budget::at_most(LIMIT);
    if limit.is_zero() {
        let cause = "other operations took all the time there was";
        return Err(StorageError::transient(operation, cause));
    }
    let heard = Heard::default();
    let error = match tokio::time::timeout(limit, witnessed(&heard, attempt)).await {
        Ok(Ok(done)) => return Ok(done),
        Ok(Err(error)) => storage_error(operation, error),
        Err(_) => {
            let cause = format!("no answer within {} seconds", limit.as_secs_f32().ceil());
            StorageError::transient(operation, cause)
        }
    };
    Err(if heard.may_be_done() {
        StorageError {
            recovery: Recovery::Unanswered,
            ..error
        }
    } else {
        error
    })
}
