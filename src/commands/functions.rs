//! `handler functions`: the folders of the Functions host, from the tables of routes and triggers.

use std::path::PathBuf;

use crate::functions::{Fault, WriteError, functions, write};

/// Where to write the folders, and for which queues.
#[derive(Debug, clap::Args)]
pub(crate) struct Functions {
    /// The project: the folder of host.json
    #[arg(value_name = "DIR", default_value = ".")]
    root: PathBuf,

    /// A queue that a kind has for itself, which gets a function of its own; may be repeated
    #[arg(long, value_name = "NAME")]
    queue: Vec<String>,
}

/// Why the folders are not what they should be.
#[derive(Debug, thiserror::Error)]
pub(super) enum FunctionsError {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Functions {
    /// Writes them, and says on stdout what is new and what was left alone.
    pub(super) fn run(self) -> Result<(), FunctionsError> {
        let queues: Vec<_> = self.queue.iter().map(String::as_str).collect();
        let written = write(&self.root, &functions(&queues)?)?;
        for path in &written.changed {
            println!("wrote {}", self.root.join(path).display());
        }
        for name in &written.others {
            println!("left alone: {name}, a function of somebody else's");
        }
        if written.changed.is_empty() {
            println!("nothing to write: all folders are as they should be");
        }
        Ok(())
    }
}
