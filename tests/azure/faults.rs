//! One fault on the way to storage: each operation gets over it, and says what it then knows.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use backends::SystemClock;
use engine::Submission;
use ports::{Changed, RawQueues};
use serde_json::value::RawValue;

use super::{connect, document};
use crate::helpers::azurite::azurite;
use crate::helpers::kinds::TestKinds;
use crate::helpers::process::Storage;
use crate::helpers::proxy::{Fate, Proxy};
use crate::helpers::queues::{AzureStorage, delete, length, name};

/// Storage behind proxies, whose next request may meet a fault.
struct Spoiled {
    azure: AzureStorage,
    next: Arc<Mutex<Option<Fate>>>,
}

impl Spoiled {
    async fn new() -> Self {
        let mut account = azurite().account();
        let next: Arc<Mutex<Option<Fate>>> = Arc::default();
        for endpoint in [&mut account.blob_endpoint, &mut account.queue_endpoint] {
            let next = Arc::clone(&next);
            Proxy::before(endpoint, move |_| {
                next.lock().unwrap().take().unwrap_or(Fate::Forward)
            });
        }
        let azure = connect(&account);
        azure.tasks().prepare().await.unwrap();
        azure.queue().prepare().await.unwrap();
        Self { azure, next }
    }

    /// The next request meets this.
    fn spoil(&self, fate: Fate) {
        *self.next.lock().unwrap() = Some(fate);
    }
}

/// The request is not seen by storage, or only later.
const UNSEEN: [Fate; 4] = [
    Fate::Delay(Duration::from_millis(100)),
    Fate::CutBefore,
    Fate::Answer(500),
    Fate::Answer(503),
];

/// Storage does what is asked, and the client does not hear of it.
const UNHEARD: [Fate; 2] = [Fate::CutAfter, Fate::AnswerAfter(500)];

#[tokio::test]
async fn a_request_that_did_not_reach_storage_is_repeated_unnoticed() {
    let spoiled = Spoiled::new().await;
    let (tasks, queue) = (spoiled.azure.tasks(), spoiled.azure.queue());
    for fate in UNSEEN {
        spoiled.spoil(fate);
        let created = tasks.create("a", &document("1")).await.unwrap();
        spoiled.spoil(fate);
        let replaced = tasks.replace("a", &document("2"), &created.unwrap()).await;
        assert!(replaced.unwrap().is_some(), "{fate:?}");
        spoiled.spoil(fate);
        assert!(tasks.delete("a", None).await.unwrap(), "{fate:?}");
        spoiled.spoil(fate);
        queue.send("m", Duration::ZERO).await.unwrap();
        spoiled.spoil(fate);
        let hidden = Duration::from_secs(60);
        let message = queue.receive(32, hidden).await.unwrap().remove(0);
        spoiled.spoil(fate);
        assert!(delete(&*queue, &message).await, "{fate:?}");
        assert_eq!(length(&*queue).await, 0, "{fate:?}");
    }
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_done_and_says_that_it_does_not_know() {
    let spoiled = Spoiled::new().await;
    let (tasks, queue) = (spoiled.azure.tasks(), spoiled.azure.queue());
    for fate in UNHEARD {
        spoiled.spoil(fate);
        assert_eq!(tasks.create("a", &document("1")).await.unwrap(), None);
        let stored = tasks.read("a").await.unwrap().unwrap();
        spoiled.spoil(fate);
        let replaced = tasks.replace("a", &document("2"), &stored.etag).await;
        assert_eq!(replaced.unwrap(), None, "{fate:?}");
        assert_eq!(tasks.read("a").await.unwrap().unwrap().body, "2");
        spoiled.spoil(fate);
        assert!(!tasks.delete("a", None).await.unwrap(), "{fate:?}");
        assert_eq!(tasks.read("a").await.unwrap(), None);

        let before = length(&*queue).await;
        spoiled.spoil(fate);
        queue.send("m", Duration::ZERO).await.unwrap();
        assert_eq!(length(&*queue).await, before + 2, "{fate:?}");
    }
}

/// It is sent again, with a receipt that it has made stale itself.
#[tokio::test]
async fn a_change_whose_answer_was_lost_is_not_told_as_that_of_another() {
    let spoiled = Spoiled::new().await;
    let queue = spoiled.azure.azure.open_raw(&name("lost-changes"));
    queue.prepare().await.unwrap();
    for fate in UNHEARD {
        queue.clear().await.unwrap();
        let put = queue.put("1", None, Duration::ZERO).await.unwrap().unwrap();
        let (id, receipt) = (&put.message.id, &put.lease.pop_receipt);
        spoiled.spoil(fate);
        let changed = queue.update(id, receipt, Some("2"), Duration::ZERO).await;
        assert!(changed.unwrap_err().is_unanswered(), "{fate:?}");
        assert_eq!(queue.peek(1).await.unwrap()[0].text, "2", "{fate:?}");
        // Nothing was lost of this one.
        let changed = queue.update(id, receipt, Some("3"), Duration::ZERO).await;
        assert_eq!(changed, Ok(Changed::Stale), "{fate:?}");
    }
}

#[tokio::test]
async fn a_key_whose_claim_was_not_heard_of_is_ones_own() {
    let spoiled = Spoiled::new().await;
    let storage = Storage {
        clock: Arc::new(SystemClock),
        store: spoiled.azure.tasks(),
        tallies: spoiled.azure.tallies(),
        queues: Arc::new(spoiled.azure.azure.clone()),
        queue: spoiled.azure.name.clone(),
    };
    let tasks = storage.process(&TestKinds::default(), 1, true).tasks;
    for (fate, key) in UNHEARD.into_iter().zip(["one", "two"]) {
        let submission = Submission::new(
            tasks.new_id(),
            "fibonacci",
            RawValue::from_string(r#"{"number": 7}"#.to_owned()).unwrap(),
        );
        let mine = submission.id;
        // The claim is the first request of a submission with a key.
        spoiled.spoil(fate);
        let id = tasks.submit_once(key, submission).await.unwrap();
        assert_eq!(id, mine, "{fate:?}");
    }
}
