//! What the environment says of a run. The seed is printed first: it repeats every choice, though
//! not the pace of the machine.

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write as _};
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Duration;

/// The settings of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// `CHAOS_SEED`: decides all choices; random unless given.
    pub(crate) seed: u64,
    /// `CHAOS_CLIENTS`: clients at the same time.
    pub(crate) clients: u64,
    /// `CHAOS_SECONDS`: seconds of chaos, shared out among the scenarios. Settling comes on top.
    seconds: u32,
}

/// What the shares of all scenarios come to.
const SHARES: u32 = 4;

impl Settings {
    /// Reads them, and prints the command that repeats the run. Prints around libtest, which would
    /// keep what a passing test says.
    pub(crate) fn announced() -> Self {
        static SETTINGS: OnceLock<Settings> = OnceLock::new();
        *SETTINGS.get_or_init(Self::read)
    }

    fn read() -> Self {
        let settings = Self {
            seed: setting("CHAOS_SEED")
                .unwrap_or_else(|| RandomState::new().hash_one(()) % 1_000_000),
            clients: setting("CHAOS_CLIENTS").unwrap_or(200),
            seconds: setting("CHAOS_SECONDS").unwrap_or(80),
        };
        let Self {
            seed,
            clients,
            seconds,
        } = settings;
        let command = "cargo test --test chaos";
        let _ = writeln!(
            io::stderr(),
            "\nCHAOS_SEED={seed} CHAOS_SECONDS={seconds} CHAOS_CLIENTS={clients} {command}"
        );
        settings
    }

    /// How long the chaos of a scenario lasts that has so many shares of the time.
    pub(crate) fn chaos(&self, shares: u32) -> Duration {
        Duration::from_secs(self.seconds.into()) * shares / SHARES
    }
}

fn setting<T: FromStr>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    let value = text.parse().ok();
    assert!(value.is_some(), "{name} must be a number, and is {text}");
    value
}
