//! How all requests of this module travel: for how long, how often, and over which connections.

use std::time::Duration;

use azure_core::http::{ExponentialRetryOptions, RetryOptions};

use super::error::storage_error;
use super::resource::TURNS;
use ports::StorageError;

/// How long connecting may take, with TLS. A lost packet is repeated after one second.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(2500);

/// How long an answer, or its next part, may take to come.
const READ_TIMEOUT: Duration = Duration::from_secs(15);

/// Connections that a thread keeps to each of the two endpoints when it does not need them: what
/// comes in a burst finds most of them. With [`TURNS`] in use it is 128 connections at the most.
const IDLE_CONNECTIONS: usize = TURNS / 2;

/// What fails when a client cannot be made.
pub(super) const OPENING: &str = "open storage";

/// Three retries, after 100 to 350, 200 to 450 and 400 to 650 ms; none once two seconds have
/// passed since the first failure. So a refused connection fails within 1.5 seconds, and one that
/// times out is tried twice, for 5.5 seconds in all. A longer `Retry-After` is obeyed.
pub(super) fn retry_options() -> RetryOptions {
    RetryOptions::exponential(ExponentialRetryOptions {
        // The crate doubles it before the first retry, and adds up to 255 ms.
        initial_delay: azure_core::time::Duration::milliseconds(50),
        max_retries: 3,
        max_delay: azure_core::time::Duration::seconds(2),
        max_total_elapsed: azure_core::time::Duration::seconds(2),
    })
}

/// Makes an HTTP client. Azure is reached through the proxy of the environment, as by all of
/// Azure's tools. Plain http is an emulator or the platform's identity endpoint, which are near:
/// no proxy, and no certificates to read.
pub(super) fn http_client(plain: bool) -> Result<reqwest::Client, StorageError> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .redirect(reqwest::redirect::Policy::none());
    if plain {
        builder = builder.no_proxy().tls_certs_only([]);
    }
    builder.build().map_err(|error| {
        let cause = format!("no HTTP client: {}", error.without_url());
        StorageError::permanent(OPENING, cause)
    })
}

/// Why a client cannot be made.
pub(super) fn opening(error: azure_core::Error) -> StorageError {
    storage_error(OPENING, error)
}
