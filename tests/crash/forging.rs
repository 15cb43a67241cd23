//! What earlier processes have left in storage, written as they write it.

use std::time::Duration;

use backends::SystemClock;
use engine::{Commit, Records, TaskId, TaskMessage, TaskRecord, Versioned};
use ports::Clock;
use serde_json::value::RawValue;

use super::ledger::{Expected, Ledger};
use super::scenarios::Before;
use super::storage::{Ports, Storage};

pub(super) async fn forge(storage: &Storage, before: Before, ledger: &mut Ledger) {
    // Whatever is to be there: a look into storage must find the queues.
    let ports = storage.open();
    ports.tasks.prepare().await.unwrap();
    ports.queue.prepare().await.unwrap();
    ports.poison_queue.prepare().await.unwrap();
    match before {
        Before::Nothing => {}
        Before::Waiting => send_waiting(&ports, ledger).await,
        Before::Unreadable => {
            let task = record(&ports, 31).await;
            let id = task.record.id;
            let text = format!(r#"{{"id":"{id}","kind":7}}"#);
            ports.queue.send(&text, Duration::ZERO).await.unwrap();
            ledger.add(&id.to_string(), Expected::Failed);
            send_waiting(&ports, ledger).await;
        }
        Before::Poisoned => {
            for number in [32, 33] {
                let task = record(&ports, number).await;
                let text = TaskMessage::of(&task.record, task.etag.as_ref()).to_text();
                ports
                    .poison_queue
                    .send(&text, Duration::ZERO)
                    .await
                    .unwrap();
                ledger.add(&task.record.id.to_string(), Expected::Failed);
            }
            send_waiting(&ports, ledger).await;
        }
        Before::Lost => {
            for number in [34, 35] {
                let id = record(&ports, number).await.record.id;
                ledger.add(&id.to_string(), Expected::Value(number));
            }
            drop(ports);
            // The age of a record is by the service's clock.
            if let Some(shows) = storage.waits().first() {
                tokio::time::sleep(*shows).await;
            }
        }
    }
}

async fn send_waiting(ports: &Ports, ledger: &mut Ledger) {
    let task = record(ports, 30).await;
    let text = TaskMessage::of(&task.record, task.etag.as_ref()).to_text();
    ports.queue.send(&text, Duration::ZERO).await.unwrap();
    ledger.add(&task.record.id.to_string(), Expected::Value(30));
}

/// The record of a task that was accepted.
async fn record(ports: &Ports, number: u32) -> Versioned {
    let clock = std::sync::Arc::new(SystemClock);
    let now = clock.now();
    let input = RawValue::from_string(format!(r#"{{"number":{number}}}"#)).unwrap();
    let record = TaskRecord::queued(TaskId::new(now), "fibonacci".to_owned(), input, now);
    let records = Records::new(ports.tasks.clone(), clock);
    let mut task = Versioned { record, etag: None };
    assert_eq!(records.commit(&mut task).await.unwrap(), Commit::Written);
    task
}
