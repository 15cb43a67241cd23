//! Account key and SAS, right and wrong.

use std::time::Duration;

use backends::azure::Account;

use super::{connect, document};
use crate::helpers::azurite::{KEY, azurite};
use crate::helpers::queues::{AzureStorage, delete, length, renew};

fn account(text: &str) -> Account {
    Account::from_connection_string(text).unwrap()
}

#[tokio::test]
async fn a_sas_is_enough_for_all_operations() {
    for text in [
        azurite().sas("rwdlacup"),
        azurite().sas("rwdlacup").replace("%2B", "+"),
    ] {
        let azure = connect(&account(&text));
        let tasks = azure.tasks();
        tasks.prepare().await.unwrap();
        tasks.check().await.unwrap();
        let etag = tasks.create("a b", &document("1")).await.unwrap().unwrap();
        assert!(tasks.read("a b").await.unwrap().is_some());
        assert_eq!(tasks.list("a b", None, 5).await.unwrap().items.len(), 1);
        let etag = tasks.replace("a b", &document("2"), &etag).await.unwrap();
        assert!(tasks.delete("a b", etag.as_ref()).await.unwrap());

        let queue = azure.queue();
        queue.prepare().await.unwrap();
        queue.send("x", Duration::ZERO).await.unwrap();
        let hidden = Duration::from_secs(30);
        let message = queue.receive(1, hidden).await.unwrap().remove(0);
        let renewed = renew(&*queue, &message, hidden).await.unwrap();
        assert!(delete(&*queue, &renewed).await);
        assert_eq!(length(&*queue).await, 0);
    }
}

#[tokio::test]
async fn a_sas_that_may_not_create_is_enough_when_all_is_there() {
    let name = "azure-prepared-by-another";
    let owner = AzureStorage::new(&azurite().account(), name);
    let guest = AzureStorage::new(&account(&azurite().sas("rlpu")), name);
    for error in [
        guest.tasks().prepare().await.unwrap_err(),
        guest.queue().prepare().await.unwrap_err(),
    ] {
        assert!(!error.is_transient());
        assert!(error.cause.starts_with("403 "), "{error}");
        assert!(!error.cause.contains("sig="), "{error}");
    }
    owner.tasks().prepare().await.unwrap();
    owner.queue().prepare().await.unwrap();
    guest.tasks().prepare().await.unwrap();
    guest.queue().prepare().await.unwrap();
}

#[tokio::test]
async fn a_wrong_key_is_permanent_and_says_what_to_check() {
    let wrong = "d3JvbmcgYWNjb3VudCBrZXk=";
    let azure = connect(&account(&azurite().connection_string().replace(KEY, wrong)));
    for error in [
        azure.tasks().prepare().await.unwrap_err(),
        azure.tasks().read("x").await.unwrap_err(),
        azure.queue().prepare().await.unwrap_err(),
        azure.queue().length().await.unwrap_err(),
    ] {
        assert!(!error.is_transient());
        assert!(error.cause.contains("key"), "{error}");
        let text = format!("{error} {error:?}");
        assert!(!text.contains(wrong) && !text.contains('\n'), "{text}");
    }
}
