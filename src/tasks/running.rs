//! The attempts under way in this process, so that a cancel reaches them at once.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Mutex;

use tokio_util::sync::CancellationToken;

use super::id::TaskId;
use super::limits::MAX_REMEMBERED_CANCELS;
use super::service::lock;

/// What runs, and what must not begin any more.
#[derive(Default)]
pub(super) struct Running(Mutex<State>);

#[derive(Default)]
struct State {
    /// More than one of a task when its message was delivered twice.
    attempts: HashMap<TaskId, Vec<(u64, CancellationToken)>>,
    begun: u64,
    canceled: HashSet<TaskId>,
    /// The canceled ones, oldest first: their messages may be delivered to another process.
    forget_next: VecDeque<TaskId>,
}

impl Running {
    /// Enters an attempt; `None` when its task was canceled here before it began.
    pub(super) fn begin(&self, id: TaskId, stop: &CancellationToken) -> Option<Attempted<'_>> {
        let mut state = lock(&self.0);
        if state.canceled.contains(&id) {
            return None;
        }
        state.begun += 1;
        let number = state.begun;
        state
            .attempts
            .entry(id)
            .or_default()
            .push((number, stop.clone()));
        Some(Attempted {
            running: self,
            id,
            number,
        })
    }

    /// Stops the attempts of a task, and lets none begin.
    pub(super) fn cancel(&self, id: TaskId) {
        let mut state = lock(&self.0);
        for (_, stop) in state.attempts.get(&id).into_iter().flatten() {
            stop.cancel();
        }
        if state.canceled.insert(id) {
            state.forget_next.push_back(id);
        }
        if state.forget_next.len() > MAX_REMEMBERED_CANCELS
            && let Some(oldest) = state.forget_next.pop_front()
        {
            state.canceled.remove(&oldest);
        }
    }
}

/// An attempt under way; dropped when it has ended.
pub(super) struct Attempted<'a> {
    running: &'a Running,
    id: TaskId,
    number: u64,
}

impl Drop for Attempted<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.running.0);
        if let Some(attempts) = state.attempts.get_mut(&self.id) {
            attempts.retain(|(number, _)| *number != self.number);
            if attempts.is_empty() {
                state.attempts.remove(&self.id);
            }
        }
    }
}
