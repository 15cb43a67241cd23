//! The attempts under way in this process, so that a cancel reaches them at once.

use std::collections::{HashMap, HashSet, VecDeque};

use tokio_util::sync::CancellationToken;

use crate::limits::MAX_REMEMBERED_CANCELS;
use crate::local::sync::{Mutex, lock};
use crate::model::id::TaskId;

/// What runs, and what must not begin any more.
#[derive(Default)]
pub(crate) struct Running(Mutex<State>);

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
    pub(crate) fn begin(&self, id: TaskId, stop: &CancellationToken) -> Option<Attempted<'_>> {
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
    pub(crate) fn cancel(&self, id: TaskId) {
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

    /// Lets attempts begin again: the task has not ended after all.
    pub(crate) fn forget(&self, id: TaskId) {
        let mut state = lock(&self.0);
        if state.canceled.remove(&id) {
            state.forget_next.retain(|known| *known != id);
        }
    }
}

/// An attempt under way; dropped when it has ended.
pub(crate) struct Attempted<'a> {
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

#[cfg(all(test, shuttle))]
mod tests {
    use std::sync::Arc;

    use shuttle::{future::block_on, thread};
    use time::macros::datetime;

    use super::*;

    fn new_id() -> TaskId {
        TaskId::new(datetime!(2026-03-01 12:00 UTC))
    }

    /// Runs an attempt and a cancel side by side, after so many other attempts at the task.
    fn race(before: usize) {
        let running = Arc::new(Running::default());
        let id = new_id();
        let stops = [(); 3].map(|()| CancellationToken::new());
        let earlier: Vec<_> = stops[..before]
            .iter()
            .map(|stop| {
                let (running, stop) = (Arc::clone(&running), stop.clone());
                thread::spawn(move || drop(running.begin(id, &stop)))
            })
            .collect();
        let attempt = thread::spawn({
            let (running, stop) = (Arc::clone(&running), stops[2].clone());
            move || {
                if let Some(_under_way) = running.begin(id, &stop) {
                    // The work lasts until then; shuttle reports when it lasts for ever.
                    block_on(stop.cancelled());
                }
            }
        });
        let cancel = thread::spawn({
            let running = Arc::clone(&running);
            move || running.cancel(id)
        });
        for thread in earlier.into_iter().chain([attempt, cancel]) {
            thread.join().unwrap();
        }
        let state = lock(&running.0);
        assert!(state.attempts.is_empty());
        assert!(state.canceled.contains(&id));
    }

    #[test]
    fn an_attempt_either_does_not_begin_or_is_told_to_stop() {
        shuttle::check_dfs(|| race(0), None);
    }

    #[test]
    fn an_attempt_that_ends_does_not_hide_another_from_a_cancel() {
        shuttle::check_random(|| race(2), 2_000);
    }

    #[test]
    fn the_oldest_cancel_is_forgotten_first() {
        shuttle::check_random(
            || {
                let running = Running::default();
                let ids: Vec<_> = (0..=MAX_REMEMBERED_CANCELS).map(|_| new_id()).collect();
                ids.iter().for_each(|id| running.cancel(*id));
                let stop = CancellationToken::new();
                assert!(running.begin(ids[0], &stop).is_some());
                assert!(running.begin(ids[1], &stop).is_none());
            },
            1,
        );
    }
}
