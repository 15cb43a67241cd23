//! What a service of ours logs: into a file, so that nobody is woken by a line.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::http::HttpError;

/// How long a service may take until it says where it listens.
const PATIENCE: Duration = Duration::from_secs(30);

/// The most lines that are shown.
const SHOWN: usize = 20;

/// A log, of which is shown what is out of the ordinary when this is dropped.
pub(crate) struct Log(PathBuf);

impl Log {
    pub(crate) fn new(folder: &Path) -> Self {
        Self(folder.join("service.log"))
    }

    pub(crate) fn file(&self) -> std::io::Result<File> {
        File::create(&self.0)
    }

    /// Waits for the first line, which says where the service listens.
    pub(crate) async fn address(&self) -> Result<SocketAddr, HttpError> {
        let begun = Instant::now();
        loop {
            let text = fs::read_to_string(&self.0)?;
            if let Some((line, _)) = text.split_once('\n') {
                let rest = line.split_once("http://").map(|(_, rest)| rest);
                let address = rest.and_then(|rest| rest.split(',').next());
                return Ok(address
                    .ok_or_else(|| format!("the service did not start: {line}"))?
                    .parse()?);
            }
            if begun.elapsed() > PATIENCE {
                return Err("the service says nothing".into());
            }
            sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let Ok(file) = File::open(&self.0) else {
            return;
        };
        BufReader::new(file)
            .lines()
            .map_while(Result::ok)
            .filter(|line| !line.contains(" INFO "))
            .take(SHOWN)
            .for_each(|line| eprintln!("{line}"));
    }
}
