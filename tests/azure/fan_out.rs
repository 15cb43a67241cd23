//! Messages that are sent side by side, of which one meets a fault.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ports::{Queue, Step, Text, Written};

use super::{connect, document};
use crate::helpers::azurite::azurite;
use crate::helpers::proxy::{Fate, Proxy};

const MANY: usize = 100;

/// The request that meets the fault: in the second round.
const FAULT: usize = 20;

async fn texts(queue: &dyn Queue) -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    loop {
        let page = queue.receive(32, Duration::from_secs(60)).await.unwrap();
        if page.is_empty() {
            return texts;
        }
        texts.extend(page.into_iter().map(|message| message.text));
    }
}

#[tokio::test]
async fn a_fan_out_breaks_off_at_a_message_that_is_refused_and_says_how_far_it_came() {
    let mut account = azurite().account();
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    Proxy::before(&mut account.queue_endpoint, move |request| {
        let is_send = request.starts_with("POST ");
        match is_send.then(|| counted.fetch_add(1, Ordering::Relaxed)) {
            Some(FAULT) => Fate::Refuse("AuthorizationFailure"),
            _ => Fate::Forward,
        }
    });
    let azure = connect(&account);
    azure.tasks().prepare().await.unwrap();
    azure.queue().prepare().await.unwrap();
    let (document, all) = (document("1"), (0..MANY).map(|number| format!("{number}")));
    let all: Vec<_> = all.collect();
    let mut steps = vec![Step::Create {
        name: "a",
        document: &document,
    }];
    steps.extend(all.iter().map(|text| Step::Send {
        queue: &azure.name,
        text: Text::Fixed(text),
        delay: Duration::ZERO,
        held: false,
    }));

    let written = azure.tasks().write(&steps).await.unwrap();

    let stored = azure.tasks().read("a").await.unwrap().unwrap();
    let Written::Partly { steps, etag, cause } = written else {
        panic!("it should break off: {written:?}");
    };
    assert_eq!(etag, Some(stored.etag));
    assert_eq!(cause.operation, "send message");
    assert!(!cause.is_unanswered(), "{cause}");
    // The first one is the record.
    let known = steps - 1;
    assert!(
        known > 0 && known < FAULT + 16,
        "{known} are known to be sent"
    );
    let queue = azure.queue();
    let texts = texts(&*queue).await;
    assert!(all[..known].iter().all(|text| texts.contains(text)));
    assert!(!texts.contains(&all[known]), "{known}");
    let begun = sent.load(Ordering::Relaxed);
    assert_eq!(texts.len(), begun - 1);
    assert!(begun <= FAULT + 16, "{begun} were begun");
}
