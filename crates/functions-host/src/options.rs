//! What a test chooses about the host it starts.

use std::time::Duration;

use super::forwarding::HostVersion;

/// The lease of a received message (protocol: Life of a message).
const RECEIVE_LEASE: Duration = Duration::from_secs(10 * 60);

/// The choices, with `func start`'s behaviour as the default.
pub struct HostOptions {
    pub(super) version: HostVersion,
    pub(super) settings: Vec<(String, String)>,
    pub(super) first_start: Vec<(String, String)>,
    pub(super) handler_port: Option<u16>,
    pub(super) function_key: Option<String>,
    pub(super) timer_schedule: bool,
    pub(super) receive_lease: Duration,
}

impl HostOptions {
    /// An app on the storage account of `connection_string`.
    pub fn new(connection_string: impl Into<String>) -> Self {
        Self {
            version: HostVersion::Rebuilding,
            settings: Vec::new(),
            first_start: Vec::new(),
            handler_port: None,
            function_key: None,
            timer_schedule: false,
            receive_lease: RECEIVE_LEASE,
        }
        .setting("AzureWebJobsStorage", connection_string)
    }

    /// Adds an app setting, which wins over `local.settings.json`.
    ///
    /// A name `AzureFunctionsJobHost__extensions__queues__visibilityTimeout` overrides that value
    /// of `host.json`.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Adds an environment variable of the handler's first process alone: what makes it die must not
    /// make the next one die as well.
    pub fn first_start(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.first_start.push((name.into(), value.into()));
        self
    }

    /// Overrides a value under `extensions.queues` in `host.json`.
    pub fn queue_option(self, name: &str, value: &str) -> Self {
        let name = format!("AzureFunctionsJobHost__extensions__queues__{name}");
        self.setting(name, value)
    }

    /// Another host than the one that was seen.
    pub fn version(mut self, version: HostVersion) -> Self {
        self.version = version;
        self
    }

    /// Calls a handler that listens already instead of starting one.
    pub fn handler_at(mut self, port: u16) -> Self {
        self.handler_port = Some(port);
        self
    }

    /// Checks keys, as `--enableAuth` and Azure do.
    pub fn enable_auth(mut self, function_key: impl Into<String>) -> Self {
        self.function_key = Some(function_key.into());
        self
    }

    /// Runs timers on their schedule. Without it they run at start-up and when a test says so.
    pub fn timer_schedule(mut self) -> Self {
        self.timer_schedule = true;
        self
    }

    /// Shortens the lease, for tests in which a host dies and its messages come back. Whole
    /// seconds, at least one.
    pub fn receive_lease(mut self, lease: Duration) -> Self {
        self.receive_lease = lease;
        self
    }
}
