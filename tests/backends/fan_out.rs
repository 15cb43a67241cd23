//! What a write of many messages promises: more than go side by side, and than a receive takes.

use ports::{Document, ETag, Settle, Step, Written};

use super::Subject;
use super::record_store::{create, document};
use super::writes::{body, etag, received, send, tell, texts};
use crate::helpers::queues::{length, receipt};

/// The members that one message sends at the most.
const MANY: usize = 256;

/// A record that is replaced, and then many messages.
fn fan_out<'a>(subject: &'a Subject, document: &'a Document, etag: &'a ETag) -> Vec<Step<'a>> {
    let name = "a";
    let mut steps = vec![Step::Replace {
        name,
        document,
        etag,
    }];
    steps.extend([send(subject); MANY]);
    steps
}

pub(super) async fn messages_in_a_row_are_sent_after_their_record_and_before_what_follows(
    subject: &Subject,
) {
    let old = create(&*subject.tasks, "a", &document("running", "1")).await;
    let message = received(subject).await;
    let document = document("running", "2");
    let mut steps = fan_out(subject, &document, &old);
    steps.push(Step::Settle {
        receipt: receipt(&message),
        how: Settle::Done,
    });

    let new = etag(subject.tasks.write(&steps).await.unwrap());

    assert_eq!(body(subject, "a").await.unwrap(), "2");
    assert_eq!(length(&*subject.queue).await, MANY as u64);
    let mut sent = Vec::new();
    while sent.len() < MANY {
        let page = texts(subject).await;
        assert!(!page.is_empty(), "{} of them came", sent.len());
        sent.extend(page);
    }
    assert_eq!(sent, vec![tell(new.as_ref()); MANY]);
}

pub(super) async fn of_a_write_that_does_not_hold_no_message_is_sent(subject: &Subject) {
    create(&*subject.tasks, "a", &document("running", "1")).await;
    let (document, stale) = (document("running", "2"), ETag::new("0x8DE"));

    let steps = fan_out(subject, &document, &stale);
    let written = subject.tasks.write(&steps).await.unwrap();

    assert_eq!(written, Written::Not { step: 0 });
    assert_eq!(length(&*subject.queue).await, 0);
}
