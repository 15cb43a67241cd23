//! What a command writes on stderr: lines for the service, and lines for the log.

use std::mem;
use std::os::fd::AsFd;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::ChildStderr;
use work::Context;

use crate::kinds::command::exit::Said;

/// The longest line, in bytes. What it has more is not kept.
const LONGEST_LINE: usize = 8 * 1024;

/// How much is read at a time, in bytes.
const CHUNK: usize = 8 * 1024;

/// What is read of a command that has ended, in bytes: more than a pipe holds, unless others go on
/// writing to it.
const LEFT_OVER: usize = 1024 * 1024;

/// The lines of a command.
pub(super) struct Lines<'a> {
    pipe: Option<ChildStderr>,
    cx: &'a Context,
    chunk: Vec<u8>,
    line: Vec<u8>,
    said: Said,
}

impl<'a> Lines<'a> {
    pub(super) fn new(pipe: Option<ChildStderr>, cx: &'a Context) -> Self {
        Self {
            pipe,
            cx,
            chunk: vec![0; CHUNK],
            line: Vec::new(),
            said: Said::default(),
        }
    }

    /// Whether more may come.
    pub(super) fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    /// Reads what is there, and waits until something is.
    ///
    /// May be dropped at any time.
    pub(super) async fn go_on(&mut self) {
        let Some(pipe) = &mut self.pipe else { return };
        match pipe.read(&mut self.chunk).await {
            Ok(read) if read > 0 => self.take(read),
            _ => self.pipe = None,
        }
    }

    /// Reads what is left in the pipe of a command that has ended, and gives what it said. Others may hold
    /// the pipe open: they are not waited for.
    pub(super) fn drained(mut self) -> Said {
        if let Some(pipe) = self.pipe.take() {
            let mut left = LEFT_OVER;
            while left > 0 {
                let read = rustix::io::read(pipe.as_fd(), &mut self.chunk).unwrap_or(0);
                if read == 0 {
                    break;
                }
                left = left.saturating_sub(read);
                self.take(read);
            }
        }
        if !self.line.is_empty() {
            self.end_line();
        }
        self.said
    }

    /// Takes in the beginning of the chunk.
    fn take(&mut self, length: usize) {
        let chunk = mem::take(&mut self.chunk);
        for part in chunk[..length].split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match part.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (part, false),
            };
            let room = LONGEST_LINE - self.line.len();
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            if ends {
                self.end_line();
            }
        }
        self.chunk = chunk;
    }

    fn end_line(&mut self) {
        let bytes = mem::take(&mut self.line);
        let line = String::from_utf8_lossy(bytes.trim_ascii_end());
        if !self.heed(&line) {
            log::debug!(
                "task.id" = self.cx.task_id(),
                "task.kind" = self.cx.kind().as_str(),
                attempt = self.cx.attempt();
                "command: {line}"
            );
        }
        self.line = bytes;
        self.line.clear();
    }

    /// Does what a line asks for, if it asks for something.
    fn heed(&mut self, line: &str) -> bool {
        let Some((word, rest)) = line.split_once(' ') else {
            return false;
        };
        match word {
            "@progress" => rest
                .parse()
                .map(|percent| self.cx.report_percent(percent))
                .is_ok(),
            "@retry-after" => {
                let seconds = rest.parse().map(Duration::from_secs);
                seconds
                    .map(|after| self.said.retry_after = Some(after))
                    .is_ok()
            }
            "@error" => {
                let error = serde_json::from_str(rest);
                error.map(|error| self.said.error = Some(error)).is_ok()
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_line_of_any_length_its_beginning_is_kept() {
        let cx = Context::for_test();
        let mut lines = Lines::new(None, &cx);
        let write = |lines: &mut Lines<'_>, text: &[u8]| {
            lines.chunk[..text.len()].copy_from_slice(text);
            lines.take(text.len());
        };
        for _ in 0..10_000 {
            write(&mut lines, &[b'x'; CHUNK]);
        }
        assert_eq!(lines.line.len(), LONGEST_LINE);
        assert!(lines.line.capacity() <= 2 * LONGEST_LINE);
        write(&mut lines, b"\n@progress 4");
        write(
            &mut lines,
            b"2\n@progress 300\n@retry-after -1\n@error {}\n@error\n",
        );
        assert_eq!(cx.percent(), Some(42));
        let said = lines.drained();
        assert!(said.error.is_none() && said.retry_after.is_none());
    }
}
