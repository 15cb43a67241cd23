//! What a process is made to do in a history, and what its clients note of it.

use engine::{Submission, TaskId, TaskState};

use super::ledger::Entry;
use super::script::{Act, Work};
use super::system::World;
use crate::helpers::process::Process;
use crate::worker::bench::json;

impl World {
    pub(super) async fn act(&self, process: usize, act: Act) {
        let Process {
            tasks,
            consumer,
            maintenance,
            ..
        } = &self.processes[process];
        match act {
            Act::Submit(work) => self.submit(process, work).await,
            Act::Deliver => {
                for received in consumer.receive(1).await.unwrap() {
                    consumer.process(received).await;
                }
            }
            Act::Take => {
                self.is_calm.set(false);
                let page = consumer.receive(1).await.unwrap();
                self.taken.borrow_mut().extend(page);
            }
            Act::Finish(index) => {
                let received = {
                    let mut taken = self.taken.borrow_mut();
                    let index = index.checked_rem(taken.len());
                    index.map(|index| taken.remove(index))
                };
                if let Some(received) = received {
                    consumer.process(received).await;
                }
            }
            Act::Cancel(task) => {
                let id = self.note(task, |entry| entry.cancels += 1);
                tasks.cancel(id).await.unwrap();
            }
            Act::Delete(task) => {
                let id = self.note(task, |entry| entry.is_deleted = true);
                tasks.delete(id).await.unwrap();
            }
            Act::Retry(task) => {
                let id = self.note(task, |entry| entry.retries += 1);
                tasks.retry(id).await.unwrap();
            }
            Act::Consume(task) => self.consume(process, task).await,
            Act::Sweep => {
                let swept = if process == 0 {
                    maintenance.sweep().await.unwrap()
                } else {
                    maintenance.sweep_beside_loop().await.unwrap()
                };
                if swept.rescued > 0 {
                    assert!(!self.is_calm.get(), "rescued what was not lost");
                    self.rescued();
                }
            }
        }
    }

    /// From now on a task may have less than a full round.
    pub(super) fn rescued(&self) {
        for entry in self.ledger.borrow_mut().iter_mut() {
            entry.was_rescued = true;
        }
    }

    async fn submit(&self, process: usize, work: Work) {
        let tasks = &self.processes[process].tasks;
        let entry = Entry::new(tasks.new_id(), work);
        let submission = Submission::new(entry.id, entry.kind(), json(&entry.input()));
        let task = {
            let mut ledger = self.ledger.borrow_mut();
            ledger.push(entry);
            ledger.len() - 1
        };
        tasks.submit(submission).await.unwrap();
        self.note(task, |entry| entry.is_accepted = true);
    }

    /// As a client does that reads the reply to its end.
    async fn consume(&self, process: usize, task: usize) {
        let tasks = &self.processes[process].tasks;
        let id = self.note(task, |_| ());
        let Some(found) = tasks.find(id).await.unwrap() else {
            return;
        };
        if let TaskState::Succeeded { result } = found.record.state {
            let result = result.get().to_owned();
            self.note(task, |entry| {
                let given = entry.given.get_or_insert_with(|| result.clone());
                assert_eq!(*given, result, "two readers, two results");
            });
            tasks.consume(id);
            tasks
                .delete_consumed(id, tasks.deletion_permit().await)
                .await;
        }
    }

    /// Notes what a client asked for.
    fn note(&self, task: usize, what: impl FnOnce(&mut Entry)) -> TaskId {
        let entry = &mut self.ledger.borrow_mut()[task];
        what(entry);
        entry.id
    }
}
