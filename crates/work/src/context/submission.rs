//! Tasks that an attempt hands in.

use std::sync::atomic::Ordering;

use serde::Serialize;
use serde_json::value::to_raw_value;

use super::Context;
use crate::wait::wait_for;
use crate::{BoxFuture, FollowUp, InvalidInput, SubmitFailed};

impl Context {
    /// Hands in a task of this or another kind, and gives its id.
    ///
    /// The n-th call in an attempt stands for the same task in every attempt, whatever its kind and input:
    /// an attempt that is repeated within a day gets the ids of the tasks that the first one handed in, and none is
    /// done twice.
    /// So work must hand in the same tasks in the same order each time. What counts is the call, not when
    /// its future is polled.
    ///
    /// # Errors
    ///
    /// No such kind, an input that it does not take or that is not JSON, or nobody who takes it in now.
    pub fn submit(
        &self,
        kind: &str,
        input: &impl Serialize,
    ) -> BoxFuture<'static, Result<String, SubmitFailed>> {
        // A call that fails counts as well: those after it keep their tasks.
        let ordinal = self.attempt.submitted.fetch_add(1, Ordering::Relaxed);
        let Some(submitter) = &self.attempt.parts.submitter else {
            return Box::pin(async { Err(SubmitFailed::Unavailable(None)) });
        };
        match to_raw_value(input) {
            Ok(input) => submitter.submit(FollowUp {
                parent: self.task_id().to_owned(),
                ordinal,
                kind: kind.to_owned(),
                input,
                traceparent: self.traceparent().map(str::to_owned),
            }),
            Err(_) => Box::pin(async {
                let invalid = InvalidInput::new("", "the input cannot be written as JSON");
                Err(SubmitFailed::InvalidInput(invalid))
            }),
        }
    }

    /// As [`submit`](Self::submit), for a [`BlockingKind`](crate::BlockingKind): its thread sleeps
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// Those of `submit`; and the work [is quick](crate::BlockingKind::is_quick) or async, so that its thread
    /// is not its own.
    pub fn submit_blocking(
        &self,
        kind: &str,
        input: &impl Serialize,
    ) -> Result<String, SubmitFailed> {
        if self.may_block {
            wait_for(self.submit(kind, input))
        } else {
            Err(SubmitFailed::MustNotBlock)
        }
    }

    /// The same attempt on a thread that other work waits for.
    pub(crate) fn without_blocking(&self) -> Self {
        Self {
            may_block: false,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;
    use crate::{ContextParts, Submitter};

    /// Takes in each task once, as the engine does, and names it after the order of arrival.
    #[derive(Default)]
    struct Once {
        ids: Mutex<HashMap<(String, u32), String>>,
        taken: Mutex<Vec<String>>,
    }

    impl Submitter for Once {
        fn submit(&self, follow_up: FollowUp) -> BoxFuture<'static, Result<String, SubmitFailed>> {
            let outcome = if follow_up.kind == "word-count" {
                let mut ids = self.ids.lock().unwrap();
                let next = format!("task-{}", ids.len());
                let id = ids.entry((follow_up.parent, follow_up.ordinal));
                let id = id.or_insert_with(|| {
                    let task = format!("{} {}", follow_up.kind, follow_up.input);
                    self.taken.lock().unwrap().push(task);
                    next
                });
                Ok(id.clone())
            } else {
                Err(SubmitFailed::UnknownKind(follow_up.kind))
            };
            Box::pin(async move {
                tokio::task::yield_now().await;
                outcome
            })
        }
    }

    fn with_submitter(submitter: &Arc<Once>) -> Context {
        Context::new(ContextParts {
            submitter: Some(Arc::clone(submitter) as Arc<dyn Submitter>),
            ..ContextParts::for_test()
        })
    }

    #[tokio::test]
    async fn a_repeated_attempt_submits_nothing_twice() {
        let submitter = Arc::new(Once::default());
        for _ in 0..2 {
            let cx = with_submitter(&submitter);
            let first = cx.submit("word-count", &json!({"page": 1}));
            let second = cx.clone().submit("word-count", &json!({"page": 2}));
            // The order of the calls counts, not that of their ends.
            assert_eq!(second.await.unwrap(), "task-1");
            assert_eq!(first.await.unwrap(), "task-0");
        }
        let taken = submitter.taken.lock().unwrap();
        assert_eq!(
            *taken,
            [r#"word-count {"page":1}"#, r#"word-count {"page":2}"#]
        );
    }

    #[test]
    fn a_submission_that_fails_counts_as_one() {
        let cx = with_submitter(&Arc::default());
        let unknown = cx.submit_blocking("nothing", &()).unwrap_err();
        assert_eq!(unknown.to_string(), "no kind of work is named \"nothing\"");
        let no_json = HashMap::from([((1, 2), 3)]);
        let invalid = cx.submit_blocking("word-count", &no_json).unwrap_err();
        assert!(matches!(invalid, SubmitFailed::InvalidInput(_)));
        assert_eq!(cx.attempt.submitted.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_thread_of_its_own_waits_for_its_submission() {
        let cx = with_submitter(&Arc::default());
        assert_eq!(cx.submit_blocking("word-count", &()).unwrap(), "task-0");
    }

    #[test]
    fn a_thread_that_others_wait_for_does_not_wait() {
        let cx = with_submitter(&Arc::default()).without_blocking();
        let failed = cx.submit_blocking("word-count", &()).unwrap_err();
        assert!(matches!(failed, SubmitFailed::MustNotBlock));
    }

    #[test]
    fn without_a_submitter_nothing_is_handed_in() {
        let failed = Context::for_test().submit_blocking("word-count", &());
        assert!(matches!(failed, Err(SubmitFailed::Unavailable(None))));
    }
}
