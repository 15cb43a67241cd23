//! Tallies of a storage account: what they cost, and what a fault on the way to it leaves.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ports::{Recovery, Tallies, budget};

use super::connect;
use crate::helpers::azurite::azurite;
use crate::helpers::proxy::{Fate, Proxy};
use crate::helpers::queues::AzureStorage;

/// Tallies behind a proxy, which notes the requests, and whose next one may meet a fate.
struct Behind {
    azure: AzureStorage,
    tallies: Arc<dyn Tallies>,
    seen: Arc<Mutex<Vec<String>>>,
    next: Arc<Mutex<Option<Fate>>>,
}

impl Behind {
    /// In a container that does not exist yet.
    fn new() -> Self {
        let mut account = azurite().account();
        let (seen, next) = (Arc::<Mutex<Vec<String>>>::default(), Arc::default());
        let (noted, fate) = (Arc::clone(&seen), Arc::<Mutex<Option<Fate>>>::clone(&next));
        Proxy::before(&mut account.blob_endpoint, move |request| {
            noted.lock().unwrap().push(request.to_owned());
            fate.lock().unwrap().take().unwrap_or(Fate::Forward)
        });
        let azure = connect(&account);
        Self {
            tallies: azure.tallies(),
            azure,
            seen,
            next,
        }
    }

    async fn prepared() -> Self {
        let behind = Self::new();
        behind.azure.tasks().prepare().await.unwrap();
        behind.requests();
        behind
    }

    /// How many requests there were since the last call.
    fn requests(&self) -> usize {
        std::mem::take(&mut *self.seen.lock().unwrap()).len()
    }

    /// The next request meets this.
    fn spoil(&self, fate: Fate) {
        *self.next.lock().unwrap() = Some(fate);
    }
}

#[tokio::test]
async fn an_operation_on_a_tally_is_one_request() {
    let behind = Behind::prepared().await;
    let tallies = &behind.tallies;
    for name in ["x-a-t1.0", "x-a-t1.1", "x-b-t1.0"] {
        tallies.open(name).await.unwrap();
        assert_eq!(behind.requests(), 1, "open {name}");
    }
    tallies.open("x-a-t1.0").await.unwrap();
    assert_eq!(behind.requests(), 1, "open what is there");
    for entry in ["{}".to_owned(), "1".repeat(64 * 1024)] {
        tallies.add("x-a-t1.0", &entry).await.unwrap();
        assert_eq!(behind.requests(), 1, "add");
        tallies.count("x-a-t1.0").await.unwrap();
        assert_eq!(behind.requests(), 1, "count");
        tallies.read("x-a-t1.0").await.unwrap();
        assert_eq!(behind.requests(), 1, "read");
    }
    for missing in ["x-a-t9.0", "x-c-t1.0"] {
        assert_eq!(tallies.add(missing, "{}").await, Ok(None));
        assert_eq!(tallies.count(missing).await, Ok(None));
        assert_eq!(tallies.read(missing).await, Ok(None));
        assert_eq!(behind.requests(), 3, "what is missing");
    }
    tallies.clear("x-a-").await.unwrap();
    assert_eq!(behind.requests(), 3, "a page of names, and two tallies");
    tallies.clear("x-a-").await.unwrap();
    assert_eq!(behind.requests(), 1, "nothing to clear");
}

#[tokio::test]
async fn where_the_container_is_missing_it_is_created_and_has_no_tally() {
    let (name, entry) = ("x-a-t1.0", "{}");
    let open = Behind::new();
    open.tallies.open(name).await.unwrap();
    assert_eq!(open.tallies.add(name, entry).await, Ok(Some(1)));

    assert_eq!(Behind::new().tallies.add(name, entry).await, Ok(None));
    assert_eq!(Behind::new().tallies.count(name).await, Ok(None));
    assert_eq!(Behind::new().tallies.read(name).await, Ok(None));
    assert_eq!(Behind::new().tallies.clear("x-a-").await, Ok(()));
}

#[tokio::test]
async fn a_request_that_did_not_reach_storage_is_repeated_unnoticed() {
    let behind = Behind::prepared().await;
    let (tallies, name) = (&behind.tallies, "x-a-t1.0");
    for fate in [Fate::CutBefore, Fate::Answer(500), Fate::Answer(503)] {
        behind.spoil(fate);
        tallies.open(name).await.unwrap();
        behind.spoil(fate);
        assert_eq!(tallies.add(name, "{}").await, Ok(Some(1)), "{fate:?}");
        behind.spoil(fate);
        assert_eq!(tallies.count(name).await, Ok(Some(1)), "{fate:?}");
        behind.spoil(fate);
        let entries = tallies.read(name).await.unwrap();
        assert_eq!(entries, Some(vec!["{}".to_owned()]), "{fate:?}");
        behind.spoil(fate);
        tallies.clear("x-a-").await.unwrap();
        assert_eq!(tallies.count(name).await, Ok(None), "{fate:?}");
    }
}

#[tokio::test]
async fn an_entry_whose_answer_was_lost_is_there_twice_and_the_tally_still_opens_once() {
    let behind = Behind::prepared().await;
    let tallies = &behind.tallies;
    for (fate, name) in [
        (Fate::CutAfter, "x-a-t1.0"),
        (Fate::AnswerAfter(500), "x-b-t1.0"),
    ] {
        behind.spoil(fate);
        tallies.open(name).await.unwrap();
        behind.spoil(fate);
        assert_eq!(tallies.add(name, "{}").await, Ok(Some(2)), "{fate:?}");
        let entries = tallies.read(name).await.unwrap().unwrap();
        assert_eq!(entries, ["{}", "{}"], "{fate:?}");
        behind.spoil(fate);
        tallies.clear(name).await.unwrap();
        assert_eq!(tallies.count(name).await, Ok(None), "{fate:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_as_that_of_a_record_is() {
    let behind = Behind::prepared().await;
    let (tallies, name) = (&behind.tallies, "x-a-t1.0");
    tallies.open(name).await.unwrap();
    let refuse = || behind.spoil(Fate::Refuse("AuthorizationFailure"));

    refuse();
    let opening = tallies.open("x-b-t1.0").await.unwrap_err();
    refuse();
    let adding = tallies.add(name, "{}").await.unwrap_err();
    refuse();
    let counting = tallies.count(name).await.unwrap_err();
    refuse();
    let clearing = tallies.clear("x-a-").await.unwrap_err();

    for (error, operation) in [
        (opening, "open tally"),
        (adding, "add to tally"),
        (counting, "count tally"),
        (clearing, "clear tallies"),
    ] {
        assert_eq!(error.operation, operation);
        assert_eq!(error.recovery, Recovery::Denied, "{error}");
        let cause = "403 AuthorizationFailure: the account key or SAS";
        assert!(error.cause.starts_with(cause), "{error}");
    }
    assert_eq!(tallies.count("x-b-t1.0").await, Ok(None));
    assert_eq!(tallies.count(name).await, Ok(Some(0)));
}

#[tokio::test]
async fn an_entry_without_any_answer_may_be_there_and_is_told_so() {
    let behind = Behind::prepared().await;
    let (tallies, name) = (&behind.tallies, "x-a-t1.0");
    tallies.open(name).await.unwrap();
    behind.spoil(Fate::HangAfter);

    let add = budget::within(Some(Duration::from_secs(1)), tallies.add(name, "{}"));
    let error = add.await.unwrap_err();

    assert_eq!(error.recovery, Recovery::Unanswered, "{error}");
    assert_eq!(tallies.count(name).await, Ok(Some(1)));
}
