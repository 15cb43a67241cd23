//! Storage that is away, comes back, or has lost a container.

use std::time::{Duration, Instant};

use backends::azure::Account;

use super::{connect, document};
use crate::helpers::azurite::{Azurite, azurite};
use crate::helpers::queues::length;

#[tokio::test]
async fn a_dead_endpoint_is_transient_and_fails_soon() {
    // Nobody listens on a port this low, and no other test can take it.
    let url = "http://127.0.0.1:1/devstoreaccount1";
    let account = Account::from_connection_string(&format!(
        "BlobEndpoint={url};QueueEndpoint={url};SharedAccessSignature=sv=1&sig=secret"
    ));
    let azure = connect(&account.unwrap());
    let began = Instant::now();
    let error = azure.tasks().read("x").await.unwrap_err();
    let elapsed = began.elapsed();
    assert!(error.is_transient());
    assert!(error.cause.contains("refused"), "{error}");
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    assert!(elapsed < Duration::from_secs(6), "{elapsed:?}");
    assert!(
        elapsed > Duration::from_millis(500),
        "no retries: {elapsed:?}"
    );
}

#[tokio::test]
async fn what_is_missing_is_created_by_the_first_operation() {
    let account = azurite().account();
    assert_eq!(connect(&account).tasks().read("x").await.unwrap(), None);
    let page = connect(&account).tasks().list("", None, 5).await.unwrap();
    assert!(page.items.is_empty() && page.next.is_none());
    let created = connect(&account).tasks().create("x", &document("1")).await;
    assert!(created.unwrap().is_some());
    connect(&account).tasks().check().await.unwrap();
    assert!(!connect(&account).tasks().delete("x", None).await.unwrap());
    assert_eq!(length(&*connect(&account).queue()).await, 0);
    let hidden = Duration::from_secs(1);
    let received = connect(&account).queue().receive(1, hidden).await.unwrap();
    assert!(received.is_empty());
    let sent = connect(&account)
        .poison_queue()
        .send("x", Duration::ZERO)
        .await;
    sent.unwrap();
}

#[tokio::test]
async fn preparing_twice_is_fine() {
    let azure = connect(&azurite().account());
    for _ in 0..2 {
        azure.tasks().prepare().await.unwrap();
        azure.queue().prepare().await.unwrap();
    }
}

#[tokio::test]
async fn records_and_messages_outlive_an_outage() {
    let mut storage = Azurite::start();
    let azure = connect(&storage.account());
    azure.tasks().create("a", &document("1")).await.unwrap();
    azure.queue().send("m", Duration::ZERO).await.unwrap();

    storage.stop();
    let error = azure.tasks().read("a").await.unwrap_err();
    assert!(error.is_transient(), "{error}");

    storage.restart();
    let stored = azure.tasks().read("a").await.unwrap();
    assert_eq!(stored.unwrap().body, "1");
    assert_eq!(length(&*azure.queue()).await, 1);
}

#[tokio::test]
async fn a_pause_shorter_than_the_timeout_goes_unnoticed() {
    let storage = Azurite::start();
    let tasks = connect(&storage.account()).tasks();
    tasks.create("a", &document("1")).await.unwrap();
    storage.pause();
    let paused = Duration::from_secs(1);
    let resume = async {
        tokio::time::sleep(paused).await;
        storage.resume();
    };
    let began = Instant::now();
    let (read, ()) = tokio::join!(tasks.read("a"), resume);
    assert!(read.unwrap().is_some());
    assert!(began.elapsed() >= paused);
}
