//! How long clients may take. Fixed, and no setting; tests are less patient.

use std::time::Duration;

/// How long a client may take, before its connection is closed.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// To send the head of its first request.
    pub head: Duration,
    /// To send a body: 8 MiB at 1.2 Mbit/s.
    pub body: Duration,
    /// Between two requests. The host keeps idle connections in its pool for two minutes: were it
    /// not longer here, it might send a request on a connection that is just being closed.
    pub keep_alive: Duration,
    /// To begin its next request and to send the head of it, when nothing is on its way to the
    /// client: longer than the other two together, so that each of them has its own answer.
    pub idle: Duration,
    /// To take anything of what is sent to it. Longer than a phone needs to change networks.
    pub unread: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(30),
            body: Duration::from_secs(60),
            keep_alive: Duration::from_secs(150),
            idle: Duration::from_secs(190),
            unread: Duration::from_secs(60),
        }
    }
}
