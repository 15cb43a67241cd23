//! What taking in work promises: a record and its message, or neither.

use std::time::Duration;

use ports::ETag;

use super::Subject;
use super::record_store::{create, document};

const HIDDEN: Duration = Duration::from_secs(60);

fn tell(etag: &ETag) -> String {
    format!("version {}", etag.as_str())
}

pub(super) async fn accepted_work_has_a_record_and_a_message_of_its_version(subject: &Subject) {
    let document = document("queued", "1");
    let accepted = subject.intake.accept("a", &document, &tell);
    let etag = accepted.await.unwrap().unwrap();

    let stored = subject.tasks.read("a").await.unwrap().unwrap();
    assert_eq!((&stored.body[..], &stored.etag), (&b"1"[..], &etag));
    let messages = subject.queue.receive(32, HIDDEN).await.unwrap();
    let texts: Vec<_> = messages.iter().map(|message| &*message.text).collect();
    assert_eq!(texts, [tell(&etag)]);
    let replaced = subject.tasks.replace("a", &document, &etag).await.unwrap();
    assert!(replaced.is_some());
}

pub(super) async fn work_under_a_taken_name_is_not_accepted(subject: &Subject) {
    let etag = create(&*subject.tasks, "a", &document("queued", "1")).await;

    let other = document("queued", "2");
    let accepted = subject.intake.accept("a", &other, &tell);
    assert_eq!(accepted.await, Ok(None));

    let stored = subject.tasks.read("a").await.unwrap().unwrap();
    assert_eq!((&stored.body[..], stored.etag), (&b"1"[..], etag));
    assert_eq!(subject.queue.length().await, Ok(0));
}
