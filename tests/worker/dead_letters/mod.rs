//! Dead letters: found by their entries, replayed once, and never removed before what follows them is stored.

mod bulk;
mod replays;

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use engine::limits::{LETTER_WHOLE, SWEEP_INTERVAL};
use engine::{DeadLetter, Edit, LetterBody, LetterFilter, LetterPosition, TaskId, TaskStatus};
use futures_util::future::join_all;
use ports::{Clock, Document};

use super::bench::{Bench, json};
use crate::helpers::calls::{Call, Moment};

const JUST_AFTER: Duration = Duration::from_millis(1);

impl Bench {
    /// A task that has failed, and after it some time.
    async fn hopeless(&self) -> TaskId {
        let id = self.submit("hopeless", r#"{"who": "Ada"}"#).await;
        self.deliver().await;
        assert_eq!(self.status(id).await, Some(TaskStatus::Failed));
        self.clock.advance(JUST_AFTER);
        id
    }

    /// A message that names no task, and was given up.
    async fn unreadable(&self, text: &str) -> TaskId {
        self.poison_queue.send(text, Duration::ZERO).await.unwrap();
        self.maintenance.sweep_beside_loop().await.unwrap();
        self.clock.advance(JUST_AFTER);
        let letters = self.letters(&LetterFilter::default()).await;
        letters[0].id
    }

    async fn letters(&self, filter: &LetterFilter) -> Vec<DeadLetter> {
        let (mut letters, mut position) = (Vec::new(), None::<LetterPosition>);
        loop {
            let page = self.tasks.dead_letters(filter, 2, position.as_ref());
            let page = page.await.unwrap();
            assert!(page.letters.len() <= 2);
            letters.extend(page.letters);
            match page.next {
                Some(next) => position = Some(next),
                None => return letters,
            }
        }
    }

    async fn ids(&self, filter: &LetterFilter) -> Vec<TaskId> {
        let letters = self.letters(filter).await;
        assert_eq!(
            self.tasks.count_dead_letters(filter).await.unwrap(),
            letters.len()
        );
        letters.iter().map(|letter| letter.id).collect()
    }

    /// So many more entries as there is one now, of older failures of tasks that nobody has.
    async fn more_entries(&self, count: u64) {
        let page = self.store.list("f-", None, 1).await.unwrap();
        let entry = page.items.into_iter().next().unwrap();
        let stored = self.store.read(&entry.name).await.unwrap().unwrap();
        let document = Document {
            head: entry.head.unwrap(),
            body: stored.body,
        };
        let left = u64::from_str_radix(&entry.name[2..14], 16).unwrap();
        let names: Vec<_> = (1..=count)
            .map(|older| format!("f-{:012x}-{}", left + older, self.tasks.new_id()))
            .collect();
        for some in names.chunks(256) {
            let created = some.iter().map(|name| self.store.create(name, &document));
            for created in join_all(created).await {
                assert!(created.unwrap().is_some());
            }
        }
    }

    /// The entries there are, stale ones included.
    async fn entries(&self) -> usize {
        self.store.list("f-", None, 100).await.unwrap().items.len()
    }
}

fn all() -> LetterFilter {
    LetterFilter::default()
}

fn edit(kind: Option<&str>, input: &str) -> Option<Edit> {
    Some(Edit {
        kind: kind.map(str::to_owned),
        input: json(input),
    })
}

#[tokio::test]
async fn failures_are_found_newest_first_by_each_filter() {
    let bench = Bench::new();
    bench.submit("echo", "1").await;
    bench.deliver().await;
    let first = bench.hopeless().await;
    let between = bench.clock.now();
    bench.clock.advance(JUST_AFTER);
    let second = bench.submit("panics", r#""ada""#).await;
    bench.deliver_to_the_end().await;
    bench.clock.advance(JUST_AFTER);
    let third = bench.unreadable("hello").await;

    assert_eq!(bench.ids(&all()).await, [third, second, first]);
    let kind = |kind: &str| LetterFilter {
        kind: Some(kind.to_owned()),
        ..all()
    };
    assert_eq!(bench.ids(&kind("panics")).await, [second]);
    assert!(bench.ids(&kind("echo")).await.is_empty());
    let code = |code: &str| LetterFilter {
        code: Some(code.to_owned()),
        ..all()
    };
    assert_eq!(bench.ids(&code("NoHope")).await, [first]);
    assert_eq!(bench.ids(&code("UnreadableMessage")).await, [third]);
    assert!(bench.ids(&code("NoHopeAtAll")).await.is_empty());
    let after = LetterFilter {
        failed_after: Some(between),
        ..all()
    };
    assert_eq!(bench.ids(&after).await, [third, second]);
    let before = LetterFilter {
        failed_before: Some(between),
        ..all()
    };
    assert_eq!(bench.ids(&before).await, [first]);
    let text = |text: &str| LetterFilter {
        text: Some(text.to_owned()),
        ..all()
    };
    // In an error, in an input, in a message.
    for (wanted, expected) in [
        ("never was any", vec![first]),
        ("Ada", vec![first]),
        ("hello", vec![third]),
        ("nowhere", vec![]),
    ] {
        assert_eq!(bench.ids(&text(wanted)).await, expected, "{wanted}");
    }
}

#[tokio::test]
async fn a_dead_letter_tells_why() {
    let bench = Bench::new();
    let id = bench.hopeless().await;
    let letter = bench.tasks.dead_letter(id).await.unwrap().unwrap();
    assert_eq!(letter.kind.as_deref(), Some("hopeless"));
    assert_eq!((&*letter.error.code, letter.attempts), ("NoHope", 1));
    assert_eq!(letter.error.message, "there never was any");
    assert!(
        matches!(letter.body, LetterBody::Task { input: Some(input) } if input.get() == r#"{"who": "Ada"}"#)
    );
    let unreadable = bench.unreadable("hello").await;
    let letter = bench.tasks.dead_letter(unreadable).await.unwrap().unwrap();
    assert_eq!(letter.error.message, "the message is not a JSON object");
    assert!(
        bench
            .tasks
            .dead_letter(bench.tasks.new_id())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn what_is_found_in_a_large_input_is_listed_without_it() {
    let bench = Bench::new();
    let input = format!(r#"{{"pad":"{}","who":"Grace"}}"#, "x".repeat(LETTER_WHOLE));
    let id = bench.submit("hopeless", &input).await;
    bench.deliver().await;
    bench.hopeless().await;
    let filter = LetterFilter {
        text: Some("Grace".to_owned()),
        ..all()
    };
    let letters = bench.letters(&filter).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].id, id);
    assert!(matches!(letters[0].body, LetterBody::LargeTask));
    let whole = bench.tasks.dead_letter(id).await.unwrap().unwrap();
    let LetterBody::Task { input: Some(held) } = whole.body else {
        panic!("the letter has its input");
    };
    assert_eq!(held.get(), input);
}

#[tokio::test]
async fn a_task_whose_id_tells_no_time_is_found() {
    let bench = Bench::new();
    let id = "6f1c2b3e-1d2c-4b3a-8f4e-000000000007";
    let text = format!(r#"{{"id": "{id}", "number": 24}}"#);
    bench
        .poison_queue
        .send(&text, Duration::ZERO)
        .await
        .unwrap();
    bench.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(bench.ids(&all()).await, [id.parse().unwrap()]);
}

#[tokio::test]
async fn a_death_between_an_entry_and_its_record_leaves_an_entry_that_counts_for_nothing() {
    let bench = Bench::new();
    let id = bench.submit("hopeless", "1").await;
    // The record is read after a write whose answer is lost; here storage is away for all of it.
    bench.calls.fail(Call::Replace, Moment::Before);
    bench.deliver().await;
    assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
    assert_eq!(bench.entries().await, 1);
    assert!(bench.ids(&all()).await.is_empty());

    bench.clock.advance(Duration::from_secs(60));
    bench.deliver().await;
    assert_eq!(bench.status(id).await, Some(TaskStatus::Failed));
    assert_eq!(bench.ids(&all()).await, [id]);
}

#[tokio::test]
async fn a_task_that_cannot_be_noted_as_a_dead_letter_has_not_failed() {
    let bench = Bench::new();
    let id = bench.submit("hopeless", "1").await;
    bench.calls.fail(Call::Put, Moment::Before);
    bench.deliver().await;
    assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
}

#[tokio::test]
async fn what_is_retried_or_deleted_is_listed_no_more() {
    let bench = Bench::new();
    let (one, two) = (bench.hopeless().await, bench.hopeless().await);
    bench.tasks.retry(one).await.unwrap();
    assert_eq!(bench.ids(&all()).await, [two]);
    bench.tasks.delete(two).await.unwrap();
    assert_eq!(
        (bench.ids(&all()).await.len(), bench.entries().await),
        (0, 0)
    );
}

#[tokio::test]
async fn an_entry_that_stays_is_passed_over_and_goes_when_its_time_is_over() {
    let bench = Bench::new();
    let id = bench.hopeless().await;
    bench.calls.fail(Call::DeleteRecord, Moment::Before);
    bench.tasks.retry(id).await.unwrap();
    assert_eq!(
        (bench.ids(&all()).await.len(), bench.entries().await),
        (0, 1)
    );

    let retention = bench.process.engine.settings.retention;
    bench.clock.advance(retention + SWEEP_INTERVAL);
    bench.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(bench.entries().await, 0);
}

#[tokio::test]
async fn pages_go_on_while_more_fails() {
    let bench = Bench::new();
    let mut before = Vec::new();
    for _ in 0..5 {
        before.insert(0, bench.hopeless().await);
    }
    let (mut listed, mut position) = (Vec::new(), None::<LetterPosition>);
    loop {
        let page = bench
            .tasks
            .dead_letters(&all(), 2, position.as_ref())
            .await
            .unwrap();
        listed.extend(page.letters.iter().map(|letter| letter.id));
        bench.hopeless().await;
        match page.next {
            Some(next) => position = Some(next),
            None => break,
        }
    }
    // Each once, and none that came later.
    assert_eq!(listed, before);
}

#[tokio::test]
async fn a_text_is_found_that_its_client_wrote_with_escapes() {
    let bench = Bench::new();
    let input = r#"{"who": "Zo\u00eb \"Z\" M\u00fcller", "\u00fc": [1]}"#;
    let id = bench.submit("hopeless", input).await;
    bench.deliver().await;
    for (wanted, is_found) in [
        ("Zoë", true),
        (r#""Z" Müller"#, true),
        ("ü", true),
        ("u00eb", true),
        ("Zoe", false),
    ] {
        let filter = LetterFilter {
            text: Some(wanted.to_owned()),
            ..all()
        };
        let found = bench.ids(&filter).await;
        assert_eq!(found, [id][usize::from(!is_found)..], "{wanted}");
    }
}

#[tokio::test]
async fn a_text_is_found_in_a_message_as_it_was_sent_and_in_what_it_wraps() {
    let bench = Bench::new();
    let sent = BASE64_STANDARD.encode(r#"{"who": "Zo\u00eb"}"#);
    let id = bench.unreadable(&sent).await;
    for (wanted, is_found) in [
        ("Zoë", true),
        ("u00eb", true),
        (&sent[2..12], true),
        ("Zoe", false),
    ] {
        let filter = LetterFilter {
            text: Some(wanted.to_owned()),
            ..all()
        };
        let found = bench.ids(&filter).await;
        assert_eq!(found, [id][usize::from(!is_found)..], "{wanted}");
    }
}

#[tokio::test]
async fn a_code_that_others_begin_with_counts_none_of_these_behind_the_first_thousand() {
    let bench = Bench::new();
    bench.hopeless().await;
    bench.more_entries(1_500).await;
    // Those that are looked at have no tasks but for one, and the entries behind these count.
    for (wanted, count) in [("NoHope", 1 + 501), ("NoHopeAtAll", 0), ("NoHop", 0)] {
        let filter = LetterFilter {
            code: Some(wanted.to_owned()),
            ..all()
        };
        let counted = bench.tasks.count_dead_letters(&filter).await.unwrap();
        assert_eq!(counted, count, "{wanted}");
    }
}
