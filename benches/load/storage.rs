//! What a service keeps its tasks in.

use serde::Serialize;

/// Where the tasks are kept, and who feeds the handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Storage {
    /// A SQLite file.
    Embedded,
    /// The emulator of Azure Storage.
    Azurite,
    /// The same emulator, with the handler under the double of the Functions host.
    Hosted,
    /// Whatever a service uses that runs already.
    #[value(skip)]
    Unknown,
}
