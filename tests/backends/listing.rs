//! What a task store promises about lists of records.

use std::time::Duration;

use ports::{Further, HeadError, Listed, Page, TaskStore};

use super::Subject;
use super::record_store::{create, document};

async fn create_all(tasks: &dyn TaskStore, names: &[&str]) {
    for name in names {
        create(tasks, name, &document("queued", "1")).await;
    }
}

/// What is left from a page on, following every `next`.
async fn rest(
    tasks: &dyn TaskStore,
    prefix: &str,
    after: Option<String>,
    limit: u32,
) -> Vec<Listed> {
    let mut rows = Vec::new();
    let mut after = after;
    // Far more pages than any test needs: a `next` that leads in circles must not hang the suite.
    for _ in 0..100 {
        let page = tasks.list(prefix, after.as_deref(), limit).await.unwrap();
        assert!(page.items.len() <= limit as usize, "{page:?}");
        rows.extend(page.items);
        after = page.next;
        if after.is_none() {
            return rows;
        }
    }
    panic!("the pages do not end");
}

fn names(rows: &[Listed]) -> Vec<&str> {
    rows.iter().map(|row| row.name.as_str()).collect()
}

pub(super) async fn an_empty_store_lists_nothing(subject: &Subject) {
    assert_eq!(subject.tasks.list("", None, 10).await, Ok(Page::default()));
}

pub(super) async fn names_come_in_bytewise_order(subject: &Subject) {
    let tasks = &*subject.tasks;
    create_all(tasks, &["b", "a", "a-1", "a1", "B", "10", "2", "a.1"]).await;

    let rows = rest(tasks, "", None, 100).await;

    assert_eq!(names(&rows), ["10", "2", "B", "a", "a-1", "a.1", "a1", "b"]);
}

pub(super) async fn only_names_with_the_prefix_come(subject: &Subject) {
    let tasks = &*subject.tasks;
    create_all(tasks, &["019a-1", "019a-2", "019b-1", "018f-1", "019a"]).await;

    assert_eq!(
        names(&rest(tasks, "019a", None, 100).await),
        ["019a", "019a-1", "019a-2"]
    );
    assert_eq!(
        names(&rest(tasks, "019a-", None, 1).await),
        ["019a-1", "019a-2"]
    );
    assert!(rest(tasks, "020", None, 100).await.is_empty());
}

pub(super) async fn pages_lead_on_to_the_end(subject: &Subject) {
    let tasks = &*subject.tasks;
    let expected = ["a", "b", "c", "d", "e", "f"];
    create_all(tasks, &expected).await;

    // Limits that divide the rows and that do not, one row a page and all in one.
    for limit in [1, 2, 4, 6, 7] {
        assert_eq!(names(&rest(tasks, "", None, limit).await), expected);
    }
}

pub(super) async fn a_page_leads_on_after_deletions(subject: &Subject) {
    let tasks = &*subject.tasks;
    create_all(tasks, &["a", "b", "c", "d", "e", "f"]).await;
    let page = tasks.list("", None, 2).await.unwrap();
    assert_eq!(names(&page.items), ["a", "b"]);

    // The ends of this page and of the next one: whichever name the backend goes on from.
    for name in ["a", "b", "c", "d"] {
        assert_eq!(tasks.delete(name, None).await, Ok(true));
    }

    assert_eq!(names(&rest(tasks, "", page.next, 2).await), ["e", "f"]);
}

pub(super) async fn a_row_shows_the_record_it_stands_for(subject: &Subject) {
    let tasks = &*subject.tasks;
    let first = create(tasks, "a", &document("queued", "1")).await;
    create(tasks, "b", &document("queued", "1")).await;
    subject.pass_time(Duration::from_millis(1500)).await;
    let replacement = document("succeeded", "2");
    let second = tasks.replace("a", &replacement, &first).await;

    let rows = rest(tasks, "", None, 100).await;

    assert_eq!(names(&rows), ["a", "b"]);
    assert_eq!(Some(&rows[0].etag), second.unwrap().as_ref());
    assert_eq!(rows[0].head.as_ref(), Some(&replacement.head));
    assert_eq!(rows[1].head, Some(document("queued", "1").head));
    assert!(rows[0].modified_at > rows[1].modified_at);
    for row in rows {
        let stored = tasks.read(&row.name).await.unwrap().unwrap();
        assert_eq!(
            (row.etag, row.modified_at),
            (stored.etag, stored.modified_at)
        );
    }
}

pub(super) async fn a_row_shows_why_a_task_failed(subject: &Subject) {
    let tasks = &*subject.tasks;
    let first = create(tasks, "a", &document("queued", "1")).await;
    let mut failed = document("failed", "2");
    failed.head.error = Some(Box::new(HeadError {
        code: "TooLate".to_owned(),
        message: "100 % of <a href=\"x\"> & 'y', caf\u{e9} \u{1F600} %41; a=b".to_owned(),
    }));
    let second = tasks.replace("a", &failed, &first).await.unwrap().unwrap();

    let rows = rest(tasks, "", None, 100).await;
    assert_eq!(rows[0].head.as_ref(), Some(&failed.head));

    // The task was retried.
    let queued = document("queued", "3");
    tasks.replace("a", &queued, &second).await.unwrap().unwrap();
    let rows = rest(tasks, "", None, 100).await;
    assert_eq!(rows[0].head.as_ref(), Some(&queued.head));
}

pub(super) async fn a_row_shows_when_a_task_is_due_and_what_it_is_called(subject: &Subject) {
    let tasks = &*subject.tasks;
    let mut waiting = document("queued", "1");
    let due_at = waiting.head.created_at + Duration::from_millis(86_400_123);
    let labels = Some("customer:4711,env=prod,a@b/c+d_e-f.g");
    waiting.head.further = Further::of(Some(due_at), labels);
    let first = create(tasks, "a", &waiting).await;
    let rows = rest(tasks, "", None, 100).await;
    assert_eq!(rows[0].head.as_ref(), Some(&waiting.head));

    // It has begun.
    let mut running = document("running", "2");
    running.head.further = Further::of(None, labels);
    tasks.replace("a", &running, &first).await.unwrap().unwrap();
    let rows = rest(tasks, "", None, 100).await;
    assert_eq!(rows[0].head.as_ref(), Some(&running.head));
}
