//! What a write of several steps promises.

use std::time::Duration;

use futures_util::StreamExt;
use ports::{Delivery, ETag, Settle, Step, Text, Written};

use super::Subject;
use super::record_store::{create, document};
use crate::helpers::queues::{delete, length, receipt, release, renew};

const NOW: Duration = Duration::ZERO;
const HIDDEN: Duration = Duration::from_secs(60);
/// Whole seconds, the unit of Azure's queues; and past the end of that.
const SHORT: Duration = Duration::from_secs(2);
const PAST_SHORT: Duration = Duration::from_millis(2_500);

pub(super) fn tell(etag: Option<&ETag>) -> String {
    format!("version {}", etag.map_or("none", ETag::as_str))
}

/// A message of what was written before it.
pub(super) fn send(subject: &Subject) -> Step<'_> {
    Step::Send {
        queue: &subject.name,
        text: Text::Of(&tell),
        delay: NOW,
        held: false,
    }
}

/// Sends one that this test holds for so long, if the queue lets it.
async fn held(subject: &Subject, hide: Duration) -> Option<Delivery> {
    let steps = [Step::Send {
        queue: &subject.name,
        text: Text::Fixed("held"),
        delay: hide,
        held: true,
    }];
    match subject.tasks.write(&steps).await.unwrap() {
        Written::Done { held, .. } => held.map(|receipt| Delivery {
            text: "held".to_owned(),
            dequeue_count: 1,
            inserted_at: None,
            receipt: Some(*receipt),
        }),
        other => panic!("not done: {other:?}"),
    }
}

/// Where a queue has one process alone, its message is there for whoever receives it.
async fn is_not_held(subject: &Subject) {
    assert_eq!(texts(subject).await, ["held"]);
}

async fn receive(subject: &Subject) -> Vec<Delivery> {
    subject.queue.receive(32, HIDDEN).await.unwrap()
}

pub(super) async fn texts(subject: &Subject) -> Vec<String> {
    let messages = receive(subject).await.into_iter();
    messages.map(|message| message.text).collect()
}

/// A message that was received.
pub(super) async fn received(subject: &Subject) -> Delivery {
    subject.queue.send("first", NOW).await.unwrap();
    receive(subject).await.remove(0)
}

pub(super) async fn body(subject: &Subject, name: &str) -> Option<String> {
    let stored = subject.tasks.read(name).await.unwrap()?;
    Some(String::from_utf8(stored.body.to_vec()).unwrap())
}

/// All is done, and the receipt was good; gives the version.
pub(super) fn etag(written: Written) -> Option<ETag> {
    match written {
        Written::Done {
            etag,
            settled: true,
            held: None,
        } => etag,
        other => panic!("not done: {other:?}"),
    }
}

pub(super) async fn accepted_work_has_a_record_and_a_message_of_its_version(subject: &Subject) {
    let document = &document("queued", "1");
    let steps = [
        Step::Create {
            name: "a",
            document,
        },
        send(subject),
    ];
    let etag = etag(subject.tasks.write(&steps).await.unwrap()).unwrap();

    let stored = subject.tasks.read("a").await.unwrap().unwrap();
    assert_eq!((&stored.body[..], &stored.etag), (&b"1"[..], &etag));
    assert_eq!(texts(subject).await, [tell(Some(&etag))]);
    let replaced = subject.tasks.replace("a", document, &etag).await.unwrap();
    assert!(replaced.is_some());
}

pub(super) async fn after_a_step_that_does_not_hold_none_is_done(subject: &Subject) {
    let (one, two) = (&document("queued", "1"), &document("queued", "2"));
    let current = create(&*subject.tasks, "a", one).await;
    let stale = create(&*subject.tasks, "b", one).await;
    let now = subject.tasks.replace("b", one, &stale).await.unwrap();
    let message = received(subject).await;
    let settle = Step::Settle {
        receipt: receipt(&message),
        how: Settle::Done,
    };
    for refused in [
        Step::Create {
            name: "a",
            document: two,
        },
        Step::Replace {
            name: "b",
            document: two,
            etag: &stale,
        },
        Step::Replace {
            name: "missing",
            document: two,
            etag: &stale,
        },
        Step::Delete {
            name: "b",
            etag: Some(&stale),
        },
        Step::Delete {
            name: "missing",
            etag: None,
        },
    ] {
        let steps = [refused, send(subject), settle];
        let written = subject.tasks.write(&steps).await.unwrap();
        assert_eq!(written, Written::Not { step: 0 });
    }
    for (name, etag) in [("a", Some(current)), ("b", now)] {
        let stored = subject.tasks.read(name).await.unwrap().unwrap();
        assert_eq!((&stored.body[..], Some(stored.etag)), (&b"1"[..], etag));
    }
    assert_eq!(subject.tasks.read("missing").await, Ok(None));
    assert_eq!(length(&*subject.queue).await, 1);
    assert!(release(&*subject.queue, &message, NOW).await);
}

pub(super) async fn steps_are_done_in_their_order(subject: &Subject) {
    let (one, two) = (&document("queued", "1"), &document("queued", "2"));
    let old = create(&*subject.tasks, "a", one).await;
    let steps = [
        send(subject),
        Step::Delete {
            name: "a",
            etag: Some(&old),
        },
        Step::Create {
            name: "a",
            document: two,
        },
        send(subject),
    ];
    let etag = etag(subject.tasks.write(&steps).await.unwrap()).unwrap();
    assert_eq!(body(subject, "a").await.unwrap(), "2");
    let mut texts = texts(subject).await;
    texts.sort();
    let mut expected = [tell(None), tell(Some(&etag))];
    expected.sort();
    assert_eq!(texts, expected);
}

pub(super) async fn an_ending_takes_its_message_with_it(subject: &Subject) {
    let old = create(&*subject.tasks, "a", &document("running", "1")).await;
    let message = received(subject).await;
    let steps = [
        Step::Replace {
            name: "a",
            document: &document("succeeded", "2"),
            etag: &old,
        },
        Step::Settle {
            receipt: receipt(&message),
            how: Settle::Done,
        },
    ];
    let new = etag(subject.tasks.write(&steps).await.unwrap());
    let stored = subject.tasks.read("a").await.unwrap().unwrap();
    assert_eq!(Some(stored.etag), new);
    assert_eq!(length(&*subject.queue).await, 0);
}

pub(super) async fn a_stale_receipt_does_not_undo_an_ending(subject: &Subject) {
    let old = create(&*subject.tasks, "a", &document("running", "1")).await;
    let stale = received(subject).await;
    assert!(release(&*subject.queue, &stale, NOW).await);
    let steps = [
        Step::Replace {
            name: "a",
            document: &document("succeeded", "2"),
            etag: &old,
        },
        Step::Settle {
            receipt: receipt(&stale),
            how: Settle::Done,
        },
    ];
    let written = subject.tasks.write(&steps).await.unwrap();
    assert!(matches!(written, Written::Done { settled: false, .. }));
    assert_eq!(body(subject, "a").await.unwrap(), "2");
    assert_eq!(texts(subject).await, ["first"]);
}

pub(super) async fn another_attempt_is_one_write(subject: &Subject) {
    let old = create(&*subject.tasks, "a", &document("running", "1")).await;
    let message = received(subject).await;
    let steps = [
        Step::Replace {
            name: "a",
            document: &document("queued", "2"),
            etag: &old,
        },
        send(subject),
        Step::Settle {
            receipt: receipt(&message),
            how: Settle::Done,
        },
    ];
    let new = etag(subject.tasks.write(&steps).await.unwrap());
    assert_eq!(texts(subject).await, [tell(new.as_ref())]);
    assert_eq!(length(&*subject.queue).await, 1);
}

pub(super) async fn a_write_gives_a_message_up(subject: &Subject) {
    let old = create(&*subject.tasks, "a", &document("running", "1")).await;
    let message = received(subject).await;
    let steps = [
        Step::Replace {
            name: "a",
            document: &document("failed", "2"),
            etag: &old,
        },
        Step::Settle {
            receipt: receipt(&message),
            how: Settle::DeadLetter {
                text: &message.text,
                reason: "the last attempt failed",
            },
        },
    ];
    etag(subject.tasks.write(&steps).await.unwrap());
    assert_eq!(length(&*subject.queue).await, 0);
    let letters = subject.poison_queue.receive(32, HIDDEN).await.unwrap();
    assert_eq!((letters.len(), letters[0].text.as_str()), (1, "first"));
}

pub(super) async fn a_message_that_is_held_is_its_senders_to_delete(subject: &Subject) {
    let queue = &*subject.queue;
    let Some(message) = held(subject, HIDDEN).await else {
        return is_not_held(subject).await;
    };
    assert_eq!((texts(subject).await.len(), length(queue).await), (0, 1));

    assert!(delete(queue, &message).await);

    assert_eq!(length(queue).await, 0);
    assert!(!delete(queue, &message).await);
}

pub(super) async fn a_message_that_is_held_is_its_senders_to_renew(subject: &Subject) {
    let queue = &*subject.queue;
    let renew = async || match held(subject, SHORT).await {
        Some(message) => {
            let renewed = renew(queue, &message, HIDDEN).await?;
            Some(Some((message, renewed)))
        }
        None => Some(None),
    };
    let Some((message, renewed)) = subject.within(SHORT, renew).await else {
        return is_not_held(subject).await;
    };

    subject.pass_time(PAST_SHORT).await;

    assert!(texts(subject).await.is_empty());
    assert!(!delete(queue, &message).await);
    assert!(release(queue, &renewed, NOW).await);
    assert_eq!(texts(subject).await, ["held"]);
}

pub(super) async fn a_message_that_was_held_comes_as_if_it_had_just_been_sent(subject: &Subject) {
    let queue = &*subject.queue;
    let Some(message) = held(subject, SHORT).await else {
        return is_not_held(subject).await;
    };

    subject.pass_time(PAST_SHORT).await;

    let received = receive(subject).await.remove(0);
    assert_eq!(
        (received.text.as_str(), received.dequeue_count),
        ("held", 1)
    );
    assert_eq!(received.id(), message.id());
    assert_ne!(received.receipt, message.receipt);
    // It is the receiver's from then on.
    assert!(renew(queue, &message, HIDDEN).await.is_none());
    assert!(!release(queue, &message, NOW).await);
    assert!(!delete(queue, &message).await);
    assert!(delete(queue, &received).await);
}

pub(super) async fn a_record_and_the_message_that_is_held_for_it_are_one_write(subject: &Subject) {
    let old = create(&*subject.tasks, "a", &document("running", "1")).await;
    let first = received(subject).await;
    let steps = [
        Step::Replace {
            name: "a",
            document: &document("queued", "2"),
            etag: &old,
        },
        Step::Send {
            queue: &subject.name,
            text: Text::Of(&tell),
            delay: SHORT,
            held: true,
        },
        Step::Settle {
            receipt: receipt(&first),
            how: Settle::Done,
        },
    ];
    let written = subject.tasks.write(&steps).await.unwrap();
    let Written::Done {
        etag,
        settled: true,
        ..
    } = written
    else {
        panic!("not done: {written:?}");
    };
    subject.pass_time(PAST_SHORT).await;
    assert_eq!(texts(subject).await, [tell(etag.as_ref())]);
    assert_eq!(length(&*subject.queue).await, 1);
}

pub(super) async fn what_is_put_is_there_whatever_was_before(subject: &Subject) {
    let (one, two) = (&document("queued", "1"), &document("failed", "2"));
    let put = |document| Step::Put {
        name: "a",
        document,
    };
    let first = etag(subject.tasks.write(&[put(one)]).await.unwrap()).unwrap();
    let second = etag(subject.tasks.write(&[put(two)]).await.unwrap()).unwrap();

    assert_ne!(first, second);
    let stored = subject.tasks.read("a").await.unwrap().unwrap();
    assert_eq!((&stored.body[..], &stored.etag), (&b"2"[..], &second));
    let listed = subject.tasks.list("a", None, 10).await.unwrap().items;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].head.as_ref(), Some(&two.head));
}

pub(super) async fn an_ending_that_does_not_hold_is_not_done_after_its_entry(subject: &Subject) {
    let old = create(&*subject.tasks, "a", &document("running", "1")).await;
    let entry = &document("dead-task", "entry");
    let ending = |etag| {
        [
            Step::Put {
                name: "f-a",
                document: entry,
            },
            Step::Replace {
                name: "a",
                document: entry,
                etag,
            },
        ]
    };
    let stale = ETag::new("0x8DE");
    let written = subject.tasks.write(&ending(&stale)).await.unwrap();
    assert_eq!(written, Written::Not { step: 1 });
    assert_eq!(body(subject, "a").await.unwrap(), "1");

    let new = etag(subject.tasks.write(&ending(&old)).await.unwrap());
    // The version is that of the record, which was written last.
    let stored = subject.tasks.read("a").await.unwrap().unwrap();
    assert_eq!((&stored.body[..], Some(stored.etag)), (&b"entry"[..], new));
    assert_eq!(body(subject, "f-a").await.unwrap(), "entry");
}

pub(super) async fn of_many_writes_each_has_its_own_end(subject: &Subject) {
    let (one, two) = (&document("queued", "1"), &document("queued", "2"));
    let taken = create(&*subject.tasks, "taken", one).await;
    let create = |name| Step::Create {
        name,
        document: two,
    };
    let replace = Step::Replace {
        name: "taken",
        document: two,
        etag: &taken,
    };
    let names: Vec<_> = (0..40).map(|n| format!("new-{n}")).collect();
    let mut steps: Vec<_> = names
        .iter()
        .map(|name| [create(name), send(subject)])
        .collect();
    steps[7] = [create("taken"), send(subject)];
    steps[8] = [replace, create("alone")];
    let mut writes: Vec<_> = steps.iter().map(|steps| &steps[..]).collect();
    writes[9] = &[];

    let mut answers: Vec<_> = subject.tasks.write_each(&writes).collect().await;

    answers.sort_by_key(|(place, _)| *place);
    assert_eq!(answers.len(), 40);
    let mut sent = Vec::new();
    for (index, (place, written)) in answers.into_iter().enumerate() {
        assert_eq!(index, place);
        match place {
            7 => assert_eq!(written, Ok(Written::Not { step: 0 })),
            9 => assert_eq!(etag(written.unwrap()), None),
            _ => {
                let etag = etag(written.unwrap());
                sent.extend((place != 8).then(|| tell(etag.as_ref())));
            }
        }
    }
    assert_eq!(body(subject, "taken").await.unwrap(), "2");
    assert_eq!(body(subject, "alone").await.unwrap(), "2");
    assert_eq!(body(subject, "new-7").await, None);
    let mut received = texts(subject).await;
    received.extend(texts(subject).await);
    received.sort();
    sent.sort();
    assert_eq!(received, sent);
}
