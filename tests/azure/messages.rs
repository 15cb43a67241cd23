//! Texts and names that must survive XML, URLs and signatures.

use std::time::Duration;

use ports::{ETag, Receipt};

use super::{connect, document};
use crate::helpers::azurite::azurite;
use crate::helpers::queues::{delete, length, renew};

const HIDDEN: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_text_comes_back_as_it_was_sent() {
    let queue = connect(&azurite().account()).queue();
    for text in [
        r#"{"id": "1", "input": "<&>\"'"}"#,
        "two\nlines",
        "a carriage\r\nreturn\r",
        "a\ttab",
        "é, 漢字 and 🎉",
        "]]> and <![CDATA[x]]> and &amp; and &#10;",
        "  spaces around  ",
        "aGVsbG8=",
        "",
    ] {
        queue.send(text, Duration::ZERO).await.unwrap();
        let messages = queue.receive(32, HIDDEN).await.unwrap();
        let texts: Vec<_> = messages.iter().map(|message| &message.text).collect();
        assert_eq!(texts, [text]);
        assert!(delete(&*queue, &messages[0]).await);
    }
}

#[tokio::test]
async fn a_renewed_message_keeps_its_text_and_gets_a_new_receipt() {
    let queue = connect(&azurite().account()).queue();
    queue.send("kept", Duration::ZERO).await.unwrap();
    let first = queue.receive(1, HIDDEN).await.unwrap().remove(0);
    let renewed = renew(&*queue, &first, Duration::ZERO).await;
    let renewed = renewed.expect("the receipt was fresh");
    assert_ne!(renewed.receipt, first.receipt);
    let second = queue.receive(1, HIDDEN).await.unwrap().remove(0);
    assert_eq!((second.text.as_str(), second.dequeue_count), ("kept", 2));
}

#[tokio::test]
async fn an_awkward_pop_receipt_is_signed_and_is_stale() {
    let queue = connect(&azurite().account()).queue();
    queue.send("x", Duration::ZERO).await.unwrap();
    let message = queue.receive(1, HIDDEN).await.unwrap().remove(0);
    let with = |change: fn(&mut Receipt, &str), text| {
        let mut message = message.clone();
        change(message.receipt.as_mut().unwrap(), text);
        message
    };
    for token in ["AgAAAAM+AAAA/AA==", "a b&c=d?e#f", "é%2B+%20"] {
        let awkward = with(|receipt, token| receipt.token = token.to_owned(), token);
        assert!(!delete(&*queue, &awkward).await);
        assert_eq!(renew(&*queue, &awkward, HIDDEN).await, None);
    }
    let gone = "00000000-0000-0000-0000-000000000000";
    let gone = with(|receipt, id| receipt.id = id.to_owned(), gone);
    assert!(!delete(&*queue, &gone).await);
    assert_eq!(length(&*queue).await, 1);
}

#[tokio::test]
async fn an_awkward_name_or_prefix_is_signed() {
    let tasks = connect(&azurite().account()).tasks();
    for name in ["plain", "a b+c", "d&e=f?g#h", "i%20j", "k'(l)*,;:@$!~"] {
        let created = tasks.create(name, &document("{}")).await.unwrap();
        let etag = created.expect("the name was free");
        let page = tasks.list(name, None, 10).await.unwrap();
        assert_eq!(page.items.len(), 1, "{name}");
        assert_eq!(page.items[0].name, name);
        assert_eq!(page.items[0].etag, etag);
        assert_eq!(page.items[0].head, Some(document("").head));
        assert!(tasks.delete(name, Some(&etag)).await.unwrap());
    }
    let page = tasks
        .list("+ &/é", Some("no such marker"), 1)
        .await
        .unwrap();
    assert!(page.items.is_empty());
}

#[tokio::test]
async fn a_stale_etag_changes_nothing() {
    let tasks = connect(&azurite().account()).tasks();
    let first = tasks.create("a", &document("1")).await.unwrap().unwrap();
    assert_eq!(tasks.create("a", &document("x")).await.unwrap(), None);
    let second = tasks.replace("a", &document("2"), &first).await.unwrap();
    let second = second.expect("the ETag was fresh");
    for stale in [&first, &ETag::new("0x0")] {
        let replaced = tasks.replace("a", &document("x"), stale).await.unwrap();
        assert_eq!(replaced, None);
        assert!(!tasks.delete("a", Some(stale)).await.unwrap());
    }
    let stored = tasks.read("a").await.unwrap().unwrap();
    assert_eq!(
        (stored.body.as_ref(), stored.etag),
        (b"2".as_ref(), second.clone())
    );
    assert!(tasks.delete("a", None).await.unwrap());
    let replaced = tasks.replace("a", &document("x"), &second).await.unwrap();
    assert_eq!(replaced, None);
    assert!(!tasks.delete("a", None).await.unwrap());
}
