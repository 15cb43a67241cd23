//! Hands the requests of a connection to actix-http one at a time.
//!
//! It reads ahead, and answers as the request that it read last wants to be answered: with or without
//! a body, in its version, keeping the connection or not. So a request has to wait outside until the
//! reply to the one before it has gone out.

use std::rc::Rc;

use tokio::io::ReadBuf;

use super::activity::Activity;
use super::head::{self, Head, NO_BODY, Request};

/// How much of the requests that wait is held back. The rest waits in the operating system, and behind
/// it, nobody sees when the client hangs up.
const MOST_HELD: usize = 16 * 1024;

/// What a connection keeps of the memory for that once nothing waits.
const RETAINED: usize = 4 * 1024;

/// Lets a request pass, and holds back what comes after it.
pub(super) struct Gate {
    activity: Rc<Activity>,
    part: Part,
    held: Vec<u8>,
}

/// What passes next.
enum Part {
    /// The next request, once its head is there.
    Next,
    /// The rest of one.
    Rest(Request),
    /// Nothing until the reply has gone out.
    Passed,
    /// Nothing any more.
    Last,
}

impl Gate {
    pub(super) fn new(activity: Rc<Activity>) -> Self {
        Self {
            activity,
            part: Part::Next,
            held: Vec::new(),
        }
    }

    /// Puts into the buffer what was held back and may pass now.
    pub(super) fn release(&mut self, buffer: &mut ReadBuf<'_>) {
        if self.held.is_empty() {
            return;
        }
        let mut held = std::mem::take(&mut self.held);
        let passes = loop {
            match self.admit(&mut held, buffer.remaining()) {
                Ok(passes) => break passes,
                Err(LacksLength(position)) => {
                    drop(held.splice(position..position, NO_BODY.iter().copied()))
                }
            }
        };
        buffer.put_slice(&held[..passes]);
        held.drain(..passes);
        if held.is_empty() {
            held.shrink_to(RETAINED);
        }
        self.held = held;
    }

    /// Leaves in the buffer what may pass of what was read into it from `start` on, and holds back the
    /// rest. Nothing is copied when that is a request.
    pub(super) fn sift(&mut self, buffer: &mut ReadBuf<'_>, start: usize) {
        let read = &mut buffer.filled_mut()[start..];
        let passes = match self.held.is_empty() {
            true => self.admit(read, read.len()).unwrap_or_default(),
            false => 0,
        };
        self.held.extend_from_slice(&read[passes..]);
        buffer.set_filled(start + passes);
    }

    /// Whether something waits.
    pub(super) fn holds_something(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whether no more may be held back.
    pub(super) fn is_full(&self) -> bool {
        matches!(self.part, Part::Passed | Part::Last) && self.held.len() >= MOST_HELD
    }

    /// Whether the last request was answered.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.part, Part::Last) && self.activity.is_idle()
    }

    /// How many of these bytes, which are next, may pass, when there is room for so many.
    fn admit(&mut self, bytes: &mut [u8], room: usize) -> Result<usize, LacksLength> {
        if matches!(self.part, Part::Passed) && self.activity.is_idle() {
            self.part = Part::Next;
        }
        if matches!(self.part, Part::Next) {
            match head::read(bytes) {
                Head::Partial => return Ok(0),
                Head::Whole(request) => self.part = Part::Rest(request),
                Head::LacksLength(position) => return Err(LacksLength(position)),
            }
            self.activity.ask();
        }
        let Part::Rest(request) = &mut self.part else {
            return Ok(0);
        };
        let passes = request.pass(&bytes[..room.min(bytes.len())]);
        if request.has_passed() {
            self.part = match request.is_last() {
                true => Part::Last,
                false => Part::Passed,
            };
        }
        Ok(passes)
    }
}

/// See [`Head::LacksLength`].
struct LacksLength(usize);

#[cfg(test)]
mod tests;
