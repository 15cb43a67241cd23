//! The pipes of a command: its input on the way in, its result on the way out.

use std::os::fd::AsFd;

use bytes::BufMut;
use serde_json::value::RawValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, ChildStdout};
use work::any::ResultLimit;
use work::{ErrorCode, Failure};

const INVALID_RESULT: ErrorCode = ErrorCode::literal("InvalidResult");

/// The first room for a result, in bytes.
const FIRST_ROOM: usize = 4096;

/// A line's end, and one byte more: what is read beyond the limit before it counts as passed.
const BEYOND: usize = 3;

/// An input that a command has not read to its end.
pub(super) struct Feed {
    pipe: Option<ChildStdin>,
    input: Box<RawValue>,
    written: usize,
}

impl Feed {
    pub(super) fn new(pipe: Option<ChildStdin>, input: Box<RawValue>) -> Self {
        Self {
            pipe,
            input,
            written: 0,
        }
    }

    /// Whether there is more to write, and somebody who may read it.
    pub(super) fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    /// Writes what the command has room for. After the last byte it sees the end.
    ///
    /// May be dropped at any time.
    pub(super) async fn go_on(&mut self) {
        let Some(pipe) = &mut self.pipe else { return };
        let rest = &self.input.get().as_bytes()[self.written..];
        match pipe.write(rest).await {
            Ok(written) if written < rest.len() => self.written += written,
            // All of it; or the command closed its end, as it may: it needs no more.
            _ => self.pipe = None,
        }
    }
}

/// What a command has written on stdout.
pub(super) struct Output {
    pipe: Option<ChildStdout>,
    text: Vec<u8>,
    limit: ResultLimit,
}

impl Output {
    pub(super) fn new(pipe: Option<ChildStdout>, limit: ResultLimit) -> Self {
        Self {
            pipe,
            text: Vec::new(),
            limit,
        }
    }

    /// Whether more may come.
    pub(super) fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    /// Whether more has come than a result may have.
    pub(super) fn is_too_much(&self) -> bool {
        self.text.len() >= self.most()
    }

    fn most(&self) -> usize {
        self.limit.get().saturating_add(BEYOND)
    }

    /// Makes room, and says how much may be read.
    fn room(&mut self) -> usize {
        let (length, most) = (self.text.len(), self.most());
        if length == self.text.capacity() {
            let capacity = (length * 2).max(FIRST_ROOM).min(most);
            self.text.reserve_exact(capacity - length);
        }
        self.text.capacity().min(most) - length
    }

    /// Reads what is there, and waits until something is. More than the limit is not read.
    ///
    /// May be dropped at any time.
    pub(super) async fn go_on(&mut self) {
        let room = self.room();
        let Some(pipe) = &mut self.pipe else { return };
        let read = pipe.read_buf(&mut (&mut self.text).limit(room)).await;
        if !read.is_ok_and(|read| read > 0) || self.is_too_much() {
            self.pipe = None;
        }
    }

    /// Reads what is left in the pipe of a command that has ended. Others may hold it open: they are not
    /// waited for.
    pub(super) fn drain(&mut self) {
        let Some(pipe) = self.pipe.take() else { return };
        while !self.is_too_much() {
            let room = self.room();
            let length = self.text.len();
            self.text.resize(length + room, 0);
            let read = rustix::io::read(pipe.as_fd(), &mut self.text[length..]).unwrap_or(0);
            self.text.truncate(length + read);
            if read == 0 {
                break;
            }
        }
    }

    /// The result: one JSON document, or null when there is none.
    pub(super) fn result(mut self) -> Result<Box<RawValue>, Failure> {
        let end = self.text.trim_ascii_end().len();
        self.text.truncate(end);
        let begin = self.text.len() - self.text.trim_ascii_start().len();
        self.text.drain(..begin);
        if self.text.len() > self.limit.get() {
            return Err(self.limit.exceeded());
        }
        if self.text.is_empty() {
            return Ok(RawValue::NULL.to_owned());
        }
        // What the parser says of it may quote it, and so is not told.
        let invalid = || {
            Failure::permanent(
                INVALID_RESULT,
                "the command did not write one JSON document",
            )
        };
        let text = String::from_utf8(self.text).map_err(|_| invalid())?;
        RawValue::from_string(text).map_err(|_| invalid())
    }
}
