//! Tasks, newest first, out of a store that lists names in ascending order only.
//!
//! The names of tasks begin with the time they were made, in hexadecimal digits (UUIDv7). So the
//! names with a common prefix are the tasks of a window of time: 12 digits are a millisecond, 8
//! about a minute, 1 some 557 years. A listing walks such windows backwards, each read with one call:
//! a window that holds too many is read again with one more digit, and where there is nothing the
//! next one is wider. The number of calls for a page is bounded; a page may then be short, even
//! empty, and still lead on.
//!
//! Tasks whose ids do not tell the time (R0's are UUIDv4) are not listed.

use std::sync::atomic::Ordering::Relaxed;

use super::id::TaskId;
use super::limits::{LIST_CALLS, LIST_WINDOW};
use super::service::Tasks;
use super::task::TaskStatus;
use crate::ports::{Head, Listed, StorageError, Timestamp};

/// Which tasks to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only these.
    pub status: Option<TaskStatus>,
    /// Only this kind.
    pub kind: Option<String>,
    /// Only those made after this time.
    pub created_after: Option<Timestamp>,
    /// Only those made before this time.
    pub created_before: Option<Timestamp>,
}

/// Some tasks, newest first.
#[derive(Clone, Debug, Default)]
pub struct TaskPage {
    /// Names and heads, which is what a listing can tell without reading each record.
    pub tasks: Vec<(String, Head)>,
    /// The name before which the next page goes on; `None` after the last page.
    pub next: Option<String>,
}

/// Digits of time in a name, without the hyphen behind the eighth.
const DIGITS: u8 = 12;

/// Calls kept back for a millisecond that holds more than one call lists: more than five thousand
/// tasks, which no store takes in that time.
const MILLISECOND_CALLS: usize = 2;

/// Clocks of other processes may be ahead of ours by as much as this, in milliseconds.
const SKEW_MS: u64 = 60 * 60 * 1000;

/// The tasks made in a span of time, both ends included, which share the first digits of their names.
struct Window {
    start: u64,
    prefix: String,
}

impl Window {
    /// The window of `digits` digits that holds a millisecond.
    fn around(millisecond: u64, digits: u8) -> Self {
        let rest = 4 * u32::from(DIGITS - digits);
        Self {
            start: millisecond >> rest << rest,
            prefix: time_text(millisecond, usize::from(digits)),
        }
    }
}

/// The first digits of the names of a millisecond.
fn time_text(millisecond: u64, digits: usize) -> String {
    let mut text = format!("{millisecond:012x}");
    text.truncate(digits);
    if digits > 8 {
        text.insert(8, '-');
    }
    text
}

/// The millisecond in which a name, or the beginning of one, was made.
fn millisecond_of(name: &str) -> Option<u64> {
    let digits: String = name.get(..13)?.split('-').collect();
    u64::from_str_radix(&digits, 16).ok()
}

fn milliseconds(time: Timestamp) -> u64 {
    u64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}

impl Filter {
    fn takes(&self, head: &Head) -> bool {
        self.status
            .is_none_or(|status| head.status == status.as_str())
            && self.kind.as_ref().is_none_or(|kind| head.kind == *kind)
            && self
                .created_after
                .is_none_or(|after| head.created_at > after)
            && self
                .created_before
                .is_none_or(|before| head.created_at < before)
    }
}

impl Tasks {
    /// Lists up to `top` tasks that the filter takes, those before the name `before`.
    pub async fn list(
        &self,
        filter: &Filter,
        top: usize,
        before: Option<&str>,
    ) -> Result<TaskPage, StorageError> {
        let latest = match filter.created_before {
            Some(time) => milliseconds(time),
            None => milliseconds(self.shared.clock.now()) + SKEW_MS,
        };
        let mut end = before.and_then(millisecond_of).unwrap_or(latest);
        let oldest = filter.created_after.map_or(0, milliseconds);
        // As wide as the windows of the last listing were: the tasks are as dense as then.
        let mut digits = self.shared.list_digits.load(Relaxed).clamp(1, DIGITS);
        let mut page = TaskPage::default();
        let mut calls = 0;
        while calls + MILLISECOND_CALLS <= LIST_CALLS {
            calls += 1;
            let window = Window::around(end, digits);
            let mut listed = self.store.list(&window.prefix, None, LIST_WINDOW).await?;
            if listed.next.is_some() && digits < DIGITS {
                digits += 1;
                continue;
            }
            // A millisecond cannot be divided: all of it, to have it in order.
            while let Some(next) = listed.next.take() {
                calls += 1;
                let more = self
                    .store
                    .list(&window.prefix, Some(&next), LIST_WINDOW)
                    .await?;
                listed.items.extend(more.items);
                listed.next = more.next;
            }
            self.shared.list_digits.store(digits, Relaxed);
            let found = listed.items.len();
            for (name, head) in listed.items.into_iter().rev().filter_map(of_known_age) {
                // A window may reach past its end, into what was listed before.
                let is_later = before.is_some_and(|before| *name >= *before)
                    || millisecond_of(&name).is_none_or(|millisecond| millisecond > end);
                if is_later || !filter.takes(&head) {
                    continue;
                }
                page.tasks.push((name, head));
                if page.tasks.len() == top {
                    page.next = page.tasks.last().map(|(name, _)| name.clone());
                    return Ok(page);
                }
            }
            if window.start <= oldest {
                return Ok(page);
            }
            end = window.start - 1;
            if found < LIST_WINDOW as usize / 16 {
                digits = (digits - 1).max(1);
            }
        }
        page.next = Some(time_text(end + 1, usize::from(DIGITS)));
        Ok(page)
    }
}

/// A task of ours whose name tells when it was made.
fn of_known_age(listed: Listed) -> Option<(String, Head)> {
    listed.name.parse::<TaskId>().ok()?.created_at()?;
    Some((listed.name, listed.head?))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_window_holds_the_names_of_its_time() {
        let time = datetime!(2026-08-20 10:00:00.123 UTC);
        let name = TaskId::new(time).to_string();
        let millisecond = milliseconds(time);
        assert_eq!(millisecond_of(&name), Some(millisecond));
        for digits in 1..=DIGITS {
            let window = Window::around(millisecond, digits);
            assert!(name.starts_with(&window.prefix), "{digits}");
            assert!(window.start <= millisecond);
            let before = Window::around(window.start - u64::from(window.start > 0), digits);
            assert!(
                window.start == 0 || before.prefix < window.prefix,
                "{digits}"
            );
        }
        assert_eq!(Window::around(millisecond, 12).start, millisecond);
    }

    #[test]
    fn the_beginning_of_a_name_is_before_the_names_of_its_time() {
        let time = datetime!(2026-08-20 10:00:00.123 UTC);
        let beginning = time_text(milliseconds(time), 12);
        assert_eq!(millisecond_of(&beginning), Some(milliseconds(time)));
        assert!(TaskId::new(time).to_string() > beginning);
    }
}
