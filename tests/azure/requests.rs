//! What each operation costs: one request, whatever the size of the record.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use backends::azure::Account;

use super::{connect, document};
use crate::helpers::azurite::azurite;
use crate::helpers::proxy::{Fate, Proxy};
use crate::helpers::queues::{delete, length, renew};

/// The requests that a proxy has seen.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    /// Those to this endpoint from now on.
    fn at(endpoint: &mut String) -> Self {
        let seen = Self::default();
        let noted = seen.clone();
        Proxy::before(endpoint, move |request| {
            noted.0.lock().unwrap().push(request.to_owned());
            Fate::Forward
        });
        seen
    }

    /// The requests since the last call: method and path with query.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// The shared instance, and what is asked of its blobs and of its queues.
fn counted() -> (Account, Seen, Seen) {
    let mut account = azurite().account();
    let blobs = Seen::at(&mut account.blob_endpoint);
    let queues = Seen::at(&mut account.queue_endpoint);
    (account, blobs, queues)
}

#[tokio::test]
async fn an_operation_on_a_record_is_one_request_at_any_size() {
    let (account, blobs, _) = counted();
    let tasks = connect(&account).tasks();
    tasks.prepare().await.unwrap();
    blobs.take();
    for size in [0, 1_000, 2_000_000, 20_000_000] {
        let body = document("x".repeat(size));
        let etag = tasks.create("a", &body).await.unwrap().unwrap();
        assert_eq!(blobs.take().len(), 1, "create {size}");
        let stored = tasks.read("a").await.unwrap().unwrap();
        assert_eq!(stored.body, body.body);
        // The crate asks for a range, which an empty blob does not have, and asks again.
        let reads = if size == 0 { 2 } else { 1 };
        assert_eq!(blobs.take().len(), reads, "read {size}");
        let etag = tasks.replace("a", &body, &etag).await.unwrap();
        assert_eq!(blobs.take().len(), 1, "replace {size}");
        tasks.list("a", None, 10).await.unwrap();
        assert_eq!(blobs.take().len(), 1, "list {size}");
        assert!(tasks.delete("a", etag.as_ref()).await.unwrap());
        assert_eq!(blobs.take().len(), 1, "delete {size}");
    }
    assert_eq!(tasks.read("a").await.unwrap(), None);
    assert_eq!(blobs.take().len(), 1, "read what is not there");
    tasks.check().await.unwrap();
    assert_eq!(blobs.take().len(), 1, "check");
}

#[tokio::test]
async fn an_operation_on_a_message_is_one_request() {
    let (account, _, queues) = counted();
    let queue = connect(&account).queue();
    queue.prepare().await.unwrap();
    queues.take();
    queue.send("x", Duration::from_millis(1)).await.unwrap();
    let sent = queues.take();
    assert_eq!(sent.len(), 1, "send");
    assert!(sent[0].contains("messagettl=-1"), "{sent:?}");
    assert!(sent[0].contains("visibilitytimeout=1"), "{sent:?}");
    queue.send("y", Duration::ZERO).await.unwrap();
    queues.take();
    let hidden = Duration::from_secs(30);
    let message = queue.receive(32, hidden).await.unwrap().remove(0);
    assert_eq!(queues.take().len(), 1, "receive");
    let renewed = renew(&*queue, &message, hidden).await.unwrap();
    assert_eq!(queues.take().len(), 1, "update");
    assert!(delete(&*queue, &renewed).await);
    assert_eq!(queues.take().len(), 1, "delete");
    assert_eq!(length(&*queue).await, 1);
    assert_eq!(queues.take().len(), 1, "length");
}
