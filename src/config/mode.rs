//! How the process runs: who feeds it, where it keeps tasks, and how it logs.

use std::net::SocketAddr;
use std::path::PathBuf;

use backends::azure::Account;

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one JSON object in a line.
    Json,
}

/// Who listens to the outside, and who feeds the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The Functions host does both, and calls us on this loopback address.
    Hosted(SocketAddr),
    /// We do, on this address.
    Standalone(SocketAddr),
}

impl Mode {
    /// `hosted` or `standalone`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hosted(_) => "hosted",
            Self::Standalone(_) => "standalone",
        }
    }

    /// Where to listen.
    pub fn address(self) -> SocketAddr {
        match self {
            Self::Hosted(address) | Self::Standalone(address) => address,
        }
    }
}

/// Which tasks begin in the process that accepted them, where that saves a look into the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlyStart {
    /// All that have a free slot; under the Functions host those alone that usually take little time.
    All,
    /// Those whose client waits.
    Waiting,
    /// None.
    Off,
}

/// Where records and messages are kept.
#[derive(Clone, Debug)]
pub enum Storage {
    /// In a SQLite file in this folder.
    Embedded(PathBuf),
    /// In an Azure Storage account, or in Azurite.
    Azure(Account),
}

impl Storage {
    /// `embedded` or `azure`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Embedded(_) => "embedded",
            Self::Azure(_) => "azure",
        }
    }
}
