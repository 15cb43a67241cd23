//! `host.json` as types, with the host's defaults.
//!
//! A key the host does not know is ignored by the host; here it is refused where a misspelt key
//! would silently fall back to a default (protocol: host.json; `extensions.queues` in host.json).

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::fault::{Fault, read_json};
use super::settings::{Settings, time_span};

/// `host.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostManifest {
    /// Always `2.0`.
    pub version: String,
    /// Where the queue trigger comes from.
    pub extension_bundle: Option<ExtensionBundle>,
    /// What the handler is, and how it is called.
    pub custom_handler: CustomHandler,
    /// How long an invocation may take before the process is killed; half an hour by default, as
    /// locally.
    #[serde(default = "half_an_hour", deserialize_with = "time_span")]
    pub function_timeout: Duration,
    /// The options of the triggers.
    #[serde(default)]
    pub extensions: Extensions,
    #[serde(default, rename = "logging")]
    _logging: Value,
}

/// A bundle of triggers; HTTP and timer are built in and need none.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtensionBundle {
    /// Its name.
    pub id: String,
    /// A range of versions.
    pub version: String,
}

/// `customHandler`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomHandler {
    /// What is started.
    pub description: Description,
    /// Whether an HTTP function gets its caller's own request.
    #[serde(default)]
    pub enable_forwarding_http_request: bool,
    /// Wins over forwarding where a host knows it.
    #[serde(default)]
    pub enable_proxying_http_request: bool,
    /// How long the handler may take until it answers; half a minute by default.
    #[serde(default = "half_a_minute", deserialize_with = "time_span")]
    pub initialization_timeout: Duration,
}

/// `customHandler.description`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Description {
    /// The program: a path under the app root, or a name that `PATH` resolves.
    pub default_executable_path: String,
    /// What it is started with. One with a blank becomes two.
    #[serde(default)]
    pub arguments: Vec<String>,
}

/// `extensions`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Extensions {
    /// Those of every HTTP function.
    pub http: HttpOptions,
    /// Those of every queue function.
    pub queues: QueueOptions,
}

/// `extensions.http`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct HttpOptions {
    /// What all routes begin with; `api` by default, and may be empty.
    pub route_prefix: String,
}

/// `extensions.queues`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct QueueOptions {
    /// Messages per receive.
    pub batch_size: usize,
    new_batch_threshold: Option<usize>,
    /// The delivery that is a message's last before it is poisoned.
    pub max_dequeue_count: u32,
    /// Delay before a failed message is seen again; nothing else.
    #[serde(deserialize_with = "time_span")]
    pub visibility_timeout: Duration,
    /// The longest pause while a queue is empty.
    #[serde(deserialize_with = "time_span")]
    pub max_polling_interval: Duration,
    /// What the text of a message is taken for.
    pub message_encoding: MessageEncoding,
}

/// What the text of a message is taken for.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum MessageEncoding {
    /// Base64 of its bytes; what is none is poisoned.
    Base64,
    /// Itself.
    None,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            route_prefix: "api".to_owned(),
        }
    }
}

impl Default for QueueOptions {
    /// The figures of `func start`.
    fn default() -> Self {
        Self {
            batch_size: 16,
            new_batch_threshold: None,
            max_dequeue_count: 5,
            visibility_timeout: Duration::ZERO,
            max_polling_interval: Duration::from_secs(2),
            message_encoding: MessageEncoding::Base64,
        }
    }
}

impl QueueOptions {
    /// Messages are received again when no more than this many are in flight: half of `batchSize`, as
    /// on one core, unless `host.json` says how many.
    pub fn new_batch_threshold(&self) -> usize {
        self.new_batch_threshold.unwrap_or(self.batch_size / 2)
    }
}

impl HostManifest {
    const FILE: &'static str = "host.json";

    /// Reads the file of the app at `root`, app settings named `AzureFunctionsJobHost__…` first. The
    /// error names what is missing, unknown or out of range.
    pub fn read(root: &Path, settings: &Settings) -> Result<Self, Fault> {
        let fault = |reason: String| Fault::new(Self::FILE, reason);
        let mut json: Value = read_json(&root.join(Self::FILE), Self::FILE)?;
        for (name, value) in settings.iter() {
            if let Some(path) = name.strip_prefix("AzureFunctionsJobHost__") {
                override_value(&mut json, path, value);
            }
        }
        let manifest: Self =
            serde_path_to_error::deserialize(json).map_err(|error| fault(error.to_string()))?;
        manifest.check().map_err(fault)?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), String> {
        let queues = &self.extensions.queues;
        let rules = [
            (self.version == "2.0", "version must be 2.0"),
            (
                !self
                    .custom_handler
                    .description
                    .default_executable_path
                    .is_empty(),
                "defaultExecutablePath is empty",
            ),
            (
                (1..=32).contains(&queues.batch_size),
                "batchSize is not in 1 to 32",
            ),
            (
                queues.max_dequeue_count >= 1,
                "maxDequeueCount is not at least 1",
            ),
            (
                queues.max_polling_interval >= Duration::from_millis(100),
                "maxPollingInterval is below 100 ms",
            ),
        ];
        match rules.iter().find(|(holds, _)| !holds) {
            Some((_, broken)) => Err((*broken).to_owned()),
            None => Ok(()),
        }
    }
}

/// Puts a setting's text where its name says. `__` goes one level down, case does not matter, and
/// text that is JSON (a number, a boolean, an array of arguments) counts as that.
fn override_value(json: &mut Value, path: &str, text: &str) {
    let mut node = json;
    for key in path.split("__") {
        if !node.is_object() {
            *node = Value::Object(serde_json::Map::new());
        }
        let object = node.as_object_mut().expect("just made an object");
        let known = object.keys().find(|known| known.eq_ignore_ascii_case(key));
        let key = known.cloned().unwrap_or_else(|| key.to_owned());
        node = object.entry(key).or_insert(Value::Null);
    }
    *node = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
}

fn half_an_hour() -> Duration {
    Duration::from_secs(30 * 60)
}

fn half_a_minute() -> Duration {
    Duration::from_secs(30)
}
