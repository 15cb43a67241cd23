//! Every fixed limit of the domain, with its reason. Limits a user may set are in `config`.

use std::time::Duration;

/// The longest message text, in bytes. A queue message holds 64 KiB on the wire; base64, which a
/// re-encoding tool in between may apply, makes 64 KiB out of 48.
pub const MAX_MESSAGE_BYTES: usize = 48 * 1024;

/// Deliveries before a message goes to the poison queue; `maxDequeueCount` in host.json.
pub const MAX_DEQUEUE_COUNT: u32 = 5;

/// How long a failed message stays hidden before it is delivered again; `visibilityTimeout` in
/// host.json.
pub const RETRY_DELAY: Duration = Duration::from_secs(10);

/// How long a received message stays hidden from others, renewed at half of it while work runs.
/// The host uses ten minutes; a shorter time lets another process take over sooner after a crash.
pub const VISIBILITY_TIMEOUT: Duration = Duration::from_secs(60);

/// Messages in one receive: the service's maximum.
pub const RECEIVE_PAGE: u32 = 32;

/// How long an attempt may last unless its kind says otherwise. With [`SWEEP_BUDGET`] it stays
/// under `functionTimeout` in host.json, past which the host kills the process.
pub const ATTEMPT_TIME_LIMIT: Duration = Duration::from_secs(8 * 60);

/// How long a sweep goes on starting work: less than the minute to the next one.
pub const SWEEP_BUDGET: Duration = Duration::from_secs(45);

/// Work shorter than this never shows as running: nobody would see the status, and it costs a write.
pub const RUNNING_AFTER: Duration = Duration::from_secs(1);

/// How often the progress of a running attempt is written, if it has changed.
pub const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// Records looked at in one page of a sweep: what the service lists in one call.
pub const SWEEP_PAGE: u32 = 5_000;

/// How old the known queue length may be when submissions are checked against the limit.
pub const QUEUE_LENGTH_MAX_AGE: Duration = Duration::from_secs(2);

/// How often a lost conditional write is looked at and tried again before the attempt is given up
/// as transient. Two writers at most meet in practice: a worker and its client's cancel.
pub const COMMIT_TRIES: usize = 5;

/// How long work in progress may go on when the process is told to stop, before it is released
/// for another process. Container platforms wait 10 to 30 seconds in all.
pub const STOP_GRACE: Duration = Duration::from_secs(5);

/// Messages a process without a host works on at the same time; those that wait for a slot to
/// compute are renewed meanwhile.
pub const MAX_IN_FLIGHT: usize = 32;

/// The first wait after the queue was found empty; it doubles from there.
pub const MIN_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The time between two sweeps without a host; the host's timer has the same, see `timer_worker`.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// How long a health check waits for storage: what asks (a load balancer, the host) gives up after
/// a few seconds itself.
pub const CHECK_TIMEOUT: Duration = Duration::from_secs(5);
