//! Tasks, newest first.
//!
//! A store that can list by time is asked for just that, and has the tasks of every name. From one that
//! lists names in ascending order only, tasks whose names tell when they were made are read window by
//! window, see `windows` and `descent`.

pub(crate) mod descent;
mod windows;

use std::collections::VecDeque;

use crate::limits::{LIST_CALLS, LIST_WINDOW};
use crate::local::sync::lock;
use crate::model::id::TaskId;
use crate::model::task::TaskStatus;
use crate::tasks::service::Tasks;
use descent::{Descent, Seen};
use ports::{Head, Listed, Newest, StorageError, TaskStore, Timestamp, Wanted, are_among};
use windows::{DIGITS, millisecond_of, milliseconds, time_text};

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
    /// Only those with all of these labels.
    pub labels: Vec<String>,
}

/// Some tasks, newest first.
#[derive(Clone, Debug, Default)]
pub struct TaskPage {
    /// Names and heads, which is what a listing can tell without reading each record.
    pub tasks: Vec<(String, Head)>,
    /// Where the next page goes on; `None` after the last page. As the store needs it: hexadecimal
    /// digits and hyphens, 36 at the most.
    pub next: Option<String>,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// No page of this store's ended there.
    #[error("no listing goes on there")]
    UnknownPosition,
    /// The store did not do it.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Calls kept back for a millisecond that holds more than one call lists: more than five thousand
/// tasks, which no store takes in that time.
const MILLISECOND_CALLS: usize = 2;

/// How the names of all tasks begin whose ids tell the time, until the year 2527.
const ALL_KNOWN_AGES: &str = "0";

impl Filter {
    fn takes(&self, head: &Head) -> bool {
        self.status
            .is_none_or(|status| head.status == status.as_str())
            && self.kind.as_ref().is_none_or(|kind| head.kind == *kind)
            && are_among(&self.labels, head.labels())
            && self
                .created_after
                .is_none_or(|after| head.created_at > after)
            && self
                .created_before
                .is_none_or(|before| head.created_at < before)
    }

    fn wanted(&self) -> Wanted {
        let status = self.status.map(TaskStatus::as_str);
        Wanted {
            statuses: status.map_or_else(
                || TaskStatus::ALL.map(TaskStatus::as_str).to_vec(),
                |status| vec![status],
            ),
            kind: self.kind.clone(),
            created_after: self.created_after,
            created_before: self.created_before,
            labels: self.labels.clone(),
        }
    }

    /// Whether it may pass over most of what there is.
    fn is_choosy(&self) -> bool {
        self.status.is_some() || self.kind.is_some() || !self.labels.is_empty()
    }
}

impl Tasks {
    /// Lists up to `top` tasks that the filter takes, from where the page before ended.
    pub async fn list(
        &self,
        filter: &Filter,
        top: usize,
        position: Option<&str>,
    ) -> Result<TaskPage, ListError> {
        let limit = u32::try_from(top).unwrap_or(u32::MAX);
        match self
            .parts
            .store
            .newest(&filter.wanted(), position, limit)
            .await?
        {
            Newest::Page(page) => Ok(TaskPage {
                tasks: page.items.into_iter().filter_map(of_ours).collect(),
                next: page.next,
            }),
            Newest::UnknownPosition => Err(ListError::UnknownPosition),
            Newest::Unsupported => self.list_by_name(filter, top, position).await,
        }
    }

    /// The same out of a store that lists by name. The number of calls is bounded: a page may be short,
    /// even empty, and still lead on.
    async fn list_by_name(
        &self,
        filter: &Filter,
        top: usize,
        before: Option<&str>,
    ) -> Result<TaskPage, ListError> {
        let start = match before {
            Some(name) => Some(start(name).ok_or(ListError::UnknownPosition)?),
            None => filter.created_before.map(milliseconds),
        };
        let oldest = filter.created_after.map_or(0, milliseconds);
        let now = milliseconds(self.parts.clock.now());
        let hints = *lock(&self.parts.list_hints);
        let mut descent = Descent::new(start, now, &hints, filter.is_choosy());
        let mut page = TaskPage::default();
        let mut calls = 0;
        while calls + MILLISECOND_CALLS <= LIST_CALLS {
            let (window, max_calls) = descent.next(LIST_CALLS - calls);
            let is_next = |name: &str, head: &Head| {
                before.is_none_or(|before| name < before)
                    && descent.is_below(name)
                    && filter.takes(head)
            };
            let room = top - page.tasks.len();
            let (taken, seen) =
                read(&*self.parts.store, &window.prefix, max_calls, is_next, room).await?;
            calls += seen.calls;
            if !seen.is_whole {
                descent.crowded(&window, &seen, &mut lock(&self.parts.list_hints));
                continue;
            }
            let has_more = descent.passed(&window, &seen, &mut lock(&self.parts.list_hints));
            page.tasks.extend(taken.into_iter().rev());
            if page.tasks.len() == top {
                page.next = page.tasks.last().map(|(name, _)| name.clone());
                return Ok(page);
            }
            if !has_more || descent.end() < oldest {
                return Ok(page);
            }
            if descent.lacks_floor() {
                calls += 1;
                let first = self.parts.store.list(ALL_KNOWN_AGES, None, 1).await?;
                let first = first.items.first().map(|listed| &*listed.name);
                if !descent.found_floor(first.and_then(millisecond_of)) {
                    return Ok(page);
                }
            }
        }
        descent.broken_off(&mut lock(&self.parts.list_hints));
        page.next = Some(time_text(descent.end() + 1, DIGITS));
        Ok(page)
    }
}

/// Reads the names with a prefix, in so many calls at most, and keeps the last `room` of those that are
/// to be taken, in ascending order.
async fn read(
    store: &dyn TaskStore,
    prefix: &str,
    max_calls: usize,
    is_next: impl Fn(&str, &Head) -> bool,
    room: usize,
) -> Result<(VecDeque<(String, Head)>, Seen), StorageError> {
    let mut taken = VecDeque::new();
    let mut seen = Seen::default();
    let mut position = None;
    while seen.calls < max_calls && !seen.is_whole {
        let page = store.list(prefix, position.as_deref(), LIST_WINDOW).await?;
        let known: Vec<_> = page.items.into_iter().filter_map(of_known_age).collect();
        seen.add(known.iter().filter_map(|(name, _)| millisecond_of(name)));
        for (name, head) in known {
            if is_next(&name, &head) {
                taken.push_back((name, head));
            }
            if taken.len() > room {
                taken.pop_front();
            }
        }
        position = page.next;
        seen.is_whole = position.is_none();
    }
    Ok((taken, seen))
}

/// The last millisecond that may hold a name before this one, or before this beginning of names.
fn start(before: &str) -> Option<u64> {
    let millisecond = millisecond_of(before)?;
    let is_name = before.parse::<TaskId>().is_ok();
    Some(millisecond.saturating_sub(u64::from(!is_name)))
}

/// A task of ours.
fn of_ours(listed: Listed) -> Option<(String, Head)> {
    listed.name.parse::<TaskId>().ok()?;
    Some((listed.name, listed.head?))
}

/// A task of ours whose name tells when it was made.
fn of_known_age(listed: Listed) -> Option<(String, Head)> {
    listed.name.parse::<TaskId>().ok()?.created_at()?;
    Some((listed.name, listed.head?))
}
