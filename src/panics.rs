//! What is logged of a panic: its text and its place, and whose work it broke off.
//!
//! The text is one of the operator's own code, or of ours, and often all there is to find the defect
//! by; so it is logged, cut and on one line, although an `unwrap` may have put a piece of an input into
//! it. Clients learn no more than that there was a defect.

use std::any::Any;
use std::panic;
use std::thread;

use crate::config::LogFormat;
use crate::logging;
use engine::task_at_hand;
use engine::text::beginning;

/// The longest text that is logged, in bytes.
const MAX_TEXT: usize = 1_000;

/// Logs the panics of all threads from now on.
pub fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        // Not even the settings were read: as they would be without any.
        let _flush = (!logging::has_begun()).then(|| logging::init("info", LogFormat::Text));
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let task = task_at_hand();
        let id = task
            .as_ref()
            .map(|(id, _)| id.to_string())
            .unwrap_or_default();
        let kind = task
            .as_ref()
            .map(|(_, kind)| kind.as_str())
            .unwrap_or_default();
        let thread = thread::current();
        let thread = thread.name().unwrap_or_default();
        let text = beginning(text(panic.payload()), MAX_TEXT);
        log::error!(
            "task.id" = id.as_str(), "task.kind" = kind, thread;
            "a defect at {place} broke off what was under way: {text}"
        );
    }));
}

/// What `panic!` was given; anything can be thrown.
fn text(payload: &(dyn Any + Send)) -> &str {
    let literal = payload.downcast_ref::<&str>().copied();
    let formatted = || payload.downcast_ref::<String>().map(String::as_str);
    literal.or_else(formatted).unwrap_or("it has no text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_was_thrown_has_a_text() {
        assert_eq!(text(&"literal"), "literal");
        assert_eq!(text(&"formatted".to_owned()), "formatted");
        assert_eq!(text(&7), "it has no text");
    }
}
