//! What comes from clients of other systems: without the name of a kind, on the
//! routes that they know, and for the kinds that they know.

use std::time::Duration;

use ports::FileName;

/// The kind that comes with the service, and does what nobody has named a kind for.
pub const PROCESS_DATA: &str = "process-data";

/// What is done with it.
#[derive(Clone, Debug)]
pub struct Surfaces {
    /// The kind of what is enqueued as a JSON object.
    pub enqueue_kind: String,
    /// The kind of what is enqueued as anything else, if that is taken.
    pub enqueue_text_kind: Option<String>,
    /// The kind of what the acceptor takes.
    pub acceptor_kind: String,
    /// How long a task of [`PROCESS_DATA`] waits.
    pub process_data_pause: Duration,
    /// Whether a task that nobody knows is told as one that waits.
    pub unknown_is_pending: bool,
}

impl Surfaces {
    /// The kinds that were named, each with the setting that names it. Whether they are there, who has the
    /// kinds says: [`PROCESS_DATA`] may have been left out, and is not missed until it is asked for.
    pub fn kinds(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("ENQUEUE_KIND", Some(&self.enqueue_kind)),
            ("ENQUEUE_TEXT_KIND", self.enqueue_text_kind.as_ref()),
            ("ACCEPTOR_KIND", Some(&self.acceptor_kind)),
        ]
        .into_iter()
        .filter_map(|(setting, kind)| Some((setting, kind?.as_str())))
        .filter(|(_, kind)| *kind != PROCESS_DATA)
    }
}

/// The folders that the kinds `step1` to `step4` write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProcessing {
    /// That of `step1`.
    pub step1: FileName,
    /// That of `step2`.
    pub step2: FileName,
    /// That of `step3`.
    pub step3: FileName,
    /// That of `step4`.
    pub step4: FileName,
}

impl Default for Surfaces {
    fn default() -> Self {
        Self {
            enqueue_kind: PROCESS_DATA.to_owned(),
            enqueue_text_kind: None,
            acceptor_kind: PROCESS_DATA.to_owned(),
            process_data_pause: Duration::from_secs(2),
            unknown_is_pending: false,
        }
    }
}
