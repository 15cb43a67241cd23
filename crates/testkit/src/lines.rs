//! What a process writes, line by line and with a deadline.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use super::eventually::{DEADLINE, eventually};

/// The lines of a stream, read by a thread so that the process never waits for us.
pub struct Lines(Receiver<String>);

impl Lines {
    /// Those of this stream, from now on.
    pub fn of(stream: impl Read + Send + 'static) -> Self {
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines() {
                let line = line.expect("a process should write UTF-8");
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        Self(receive)
    }

    /// The next line; `None` when the process has closed the stream.
    pub fn next(&self) -> Option<String> {
        match self.0.recv_timeout(DEADLINE) {
            Ok(line) => Some(line),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("not within {DEADLINE:?}: a line"),
        }
    }

    /// Waits for a line that contains `text`, and passes over those before it.
    pub async fn with(&self, text: &str) -> String {
        eventually(text, async || {
            self.0.try_iter().find(|line| line.contains(text))
        })
        .await
    }

    /// All lines to the end of the stream, each with its line break.
    pub fn rest(&self) -> String {
        std::iter::from_fn(|| self.next())
            .map(|line| line + "\n")
            .collect()
    }
}
