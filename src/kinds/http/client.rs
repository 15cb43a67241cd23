//! The HTTP client of the process: one for all kinds, so that connections are used again.

use std::sync::OnceLock;
use std::time::Duration;

use crate::tls;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may be silent before its other end is asked whether it is still there: a reply
/// may take as long as the work does.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// How long an unused connection is kept: less than load balancers do, which are seldom under a minute.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// How long the cancel of a task may take to be told.
pub(super) const CANCEL_TIMEOUT: Duration = Duration::from_secs(30);

/// Gives the client, and makes it when nobody has.
///
/// It follows no redirect: the operator said where inputs go. It uses no proxy of the environment, which is
/// there for Azure and would see what is meant for a neighbour.
pub(super) fn shared() -> Result<reqwest::Client, reqwest::Error> {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client.clone());
    }
    tls::install();
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_keepalive(KEEPALIVE)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("async-request-reply/", env!("CARGO_PKG_VERSION")))
        .build()?;
    Ok(CLIENT.get_or_init(|| client).clone())
}
