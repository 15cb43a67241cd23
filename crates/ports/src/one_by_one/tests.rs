//! The order of steps, and what is known after a fault among messages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use time::OffsetDateTime;

use super::*;
use crate::{Document, Head, QueueName, Receipt, Settle};

/// How long a message takes; by the clock of a test, which goes as fast as nothing is left to do.
const ROUND_TRIP: Duration = Duration::from_millis(10);

/// A store that notes what is asked of it.
#[derive(Default)]
struct Noted {
    /// What has begun and what has ended, in that order.
    log: Mutex<Vec<String>>,
    /// Messages that fail, by what they say, after so many round trips.
    faults: BTreeMap<&'static str, u32>,
}

impl Noted {
    fn failing(faults: impl IntoIterator<Item = (&'static str, u32)>) -> Self {
        Self {
            faults: faults.into_iter().collect(),
            ..Self::default()
        }
    }

    fn log(&self) -> MutexGuard<'_, Vec<String>> {
        self.log.lock().unwrap()
    }

    /// The texts of the messages that were sent.
    fn sent(&self) -> BTreeSet<String> {
        let log = self.log();
        let sent = log.iter().filter_map(|line| line.strip_prefix("sent "));
        sent.map(str::to_owned).collect()
    }

    /// How many messages were under way at once, at the most.
    fn most_at_once(&self) -> usize {
        let (mut now, mut most) = (0_usize, 0);
        for line in &*self.log() {
            if line.starts_with("begun ") {
                now += 1;
            } else if line.starts_with("sent ") || line.starts_with("failed ") {
                now -= 1;
            }
            most = most.max(now);
        }
        most
    }
}

impl OneStep for Noted {
    async fn step(&self, step: Step<'_>) -> Result<Written, StorageError> {
        let mut etag = None;
        match step {
            Step::Send {
                text: Text::Fixed(text),
                ..
            } => {
                self.log().push(format!("begun {text}"));
                let fault = self.faults.get(text);
                tokio::time::sleep(ROUND_TRIP * fault.copied().unwrap_or(1)).await;
                if fault.is_some() {
                    self.log().push(format!("failed {text}"));
                    return Err(StorageError::transient("send message", text));
                }
                self.log().push(format!("sent {text}"));
            }
            Step::Put { name, .. } => {
                etag = Some(ETag::new(name));
                self.log().push(format!("put {name}"));
            }
            Step::Delete { name, .. } => {
                self.log().push(format!("delete {name}"));
                return Ok(Written::Not { step: 0 });
            }
            Step::Settle { .. } => self.log().push("settle".to_owned()),
            Step::Send { .. } | Step::Create { .. } | Step::Replace { .. } => {
                return Err(StorageError::permanent("write", "no test does that"));
            }
        }
        Ok(Written::Done {
            etag,
            settled: true,
            held: None,
        })
    }
}

fn document() -> Document {
    Document {
        head: Head {
            kind: "k".to_owned(),
            status: "queued".to_owned(),
            created_at: OffsetDateTime::UNIX_EPOCH,
            updated_at: OffsetDateTime::UNIX_EPOCH,
            attempts: 0,
            further: None,
            error: None,
        },
        body: Bytes::new(),
    }
}

fn queue() -> QueueName {
    QueueName::try_from("tasks").unwrap()
}

fn send<'a>(queue: &'a QueueName, text: Text<'a>) -> Step<'a> {
    Step::Send {
        queue,
        text,
        delay: Duration::ZERO,
        held: false,
    }
}

fn tell(etag: Option<&ETag>) -> String {
    format!("of {}", etag.map_or("none", ETag::as_str))
}

/// So many texts, none alike.
fn texts(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{number}")).collect()
}

fn sends<'a>(queue: &'a QueueName, texts: &'a [String]) -> Vec<Step<'a>> {
    let text = |text: &'a String| send(queue, Text::Fixed(text));
    texts.iter().map(text).collect()
}

#[tokio::test(start_paused = true)]
async fn a_fan_out_takes_few_round_trips() {
    let (store, queue, texts) = (Noted::default(), queue(), texts(256));
    let begun = tokio::time::Instant::now();

    let written = one_by_one(&store, &sends(&queue, &texts)).await;

    assert!(matches!(written, Ok(Written::Done { .. })), "{written:?}");
    assert_eq!(begun.elapsed(), ROUND_TRIP * 16);
    assert_eq!(store.most_at_once(), SIDE_BY_SIDE);
    assert_eq!(store.sent(), BTreeSet::from_iter(texts));
}

#[tokio::test(start_paused = true)]
async fn what_is_before_messages_is_done_before_and_what_is_behind_them_after_all() {
    let (store, queue, document) = (Noted::default(), queue(), document());
    let put = |name| Step::Put {
        name,
        document: &document,
    };
    let receipt = Receipt {
        queue: queue.shared(),
        id: "1".to_owned(),
        token: String::new(),
    };
    let settle = Step::Settle {
        receipt: &receipt,
        how: Settle::Done,
    };
    let steps = [
        send(&queue, Text::Of(&tell)),
        put("a"),
        send(&queue, Text::Of(&tell)),
        send(&queue, Text::Fixed("1")),
        send(&queue, Text::Of(&tell)),
        put("b"),
        send(&queue, Text::Of(&tell)),
        settle,
    ];

    let written = one_by_one(&store, &steps).await.unwrap();

    let done = Written::Done {
        etag: Some(ETag::new("b")),
        settled: true,
        held: None,
    };
    assert_eq!(written, done);
    let expected = [
        "begun of none",
        "sent of none",
        "put a",
        "begun of a",
        "begun 1",
        "begun of a",
        "sent of a",
        "sent 1",
        "sent of a",
        "put b",
        "begun of b",
        "sent of b",
        "settle",
    ];
    assert_eq!(*store.log(), expected);
}

/// The later one fails first, and is not the one that is told of.
#[tokio::test(start_paused = true)]
async fn after_a_fault_the_first_message_is_named_that_is_not_known_to_be_sent() {
    let (store, queue, texts) = (Noted::failing([("18", 4), ("20", 1)]), queue(), texts(40));
    let document = document();
    let put = Step::Put {
        name: "a",
        document: &document,
    };
    let mut steps = sends(&queue, &texts);
    steps.insert(0, put);
    steps.push(put);

    let written = one_by_one(&store, &steps).await.unwrap();

    let partly = Written::Partly {
        steps: 19,
        etag: Some(ETag::new("a")),
        cause: StorageError::transient("send message", "18"),
    };
    assert_eq!(written, partly);
    let sent = store.sent();
    assert!(texts[..18].iter().all(|text| sent.contains(text)));
    // What was begun has ended, and nothing was begun after that.
    let log = store.log();
    let begun = log.iter().filter(|line| line.starts_with("begun ")).count();
    let ended = |line: &&String| line.starts_with("sent ") || line.starts_with("failed ");
    assert_eq!(begun, log.iter().filter(ended).count());
    assert!(begun < texts.len(), "{begun} were begun");
    assert_eq!(log.iter().filter(|line| *line == "put a").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn when_the_first_message_fails_nothing_is_known_to_be_done() {
    let (store, queue, texts) = (Noted::failing([("0", 1)]), queue(), texts(3));

    let written = one_by_one(&store, &sends(&queue, &texts)).await;

    let cause = StorageError::transient("send message", "0");
    assert_eq!(written, Err(cause));
    assert_eq!(store.sent().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_step_behind_messages_that_does_not_hold_is_told_by_its_own_number() {
    let (store, queue, texts) = (Noted::default(), queue(), texts(5));
    let mut steps = sends(&queue, &texts);
    steps.push(Step::Delete {
        name: "a",
        etag: None,
    });

    let written = one_by_one(&store, &steps).await;

    assert_eq!(written, Ok(Written::Not { step: 5 }));
}

#[tokio::test(start_paused = true)]
async fn messages_that_their_sender_holds_go_one_after_another() {
    let (store, queue, texts) = (Noted::default(), queue(), texts(3));
    let mut steps = sends(&queue, &texts);
    for step in &mut steps {
        let Step::Send { held, .. } = step else {
            panic!("not a message");
        };
        *held = true;
    }

    let written = one_by_one(&store, &steps).await;

    assert!(matches!(written, Ok(Written::Done { .. })), "{written:?}");
    assert_eq!(store.most_at_once(), 1);
}
