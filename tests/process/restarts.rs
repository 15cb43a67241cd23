//! What was accepted is done, whatever becomes of the process.

use std::fs;

use futures_util::future::join_all;

use crate::helpers::handler::Serving;

#[tokio::test]
async fn accepted_tasks_survive_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let one_at_a_time = [("WORKER_CONCURRENCY", "1")];
    let mut serving = Serving::start_with(folder.path(), &one_at_a_time);
    let mut ids = Vec::new();
    for round in 0..3 {
        let client = &serving.client;
        let submissions = (0..20).map(|number| {
            let body = format!(r#"{{"number": {}}}"#, 1_000_000 + round * 100 + number);
            client.accepted(body)
        });
        ids.extend(join_all(submissions).await);
        let killed = serving.stop("KILL").await;
        assert_eq!(killed.code, None);
        serving = Serving::start(folder.path());
    }
    for id in &ids {
        assert_eq!(serving.client.ended(id).await.status, 200);
        assert_eq!(serving.client.fetch(id).await.status, 200);
    }
    assert_eq!(ids.len(), 60);
}

/// One kind of a file, with a queue of its own.
const APART: &str = r#"
[[kind]]
name = "apart"
queue = "apart-tasks"
command = ["cat"]
"#;

#[tokio::test]
async fn accepted_tasks_of_two_queues_survive_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kinds.toml");
    fs::write(&file, APART).unwrap();
    let path = std::env::var("PATH").unwrap();
    let settings = [
        ("WORKER_CONCURRENCY", "1"),
        ("WORKER_WAITING", "1"),
        ("KINDS_FILE", file.to_str().unwrap()),
        ("PATH", &*path),
    ];
    let data = folder.path();
    let mut serving = Serving::start_with(data, &settings);
    let (mut ids, mut apart) = (Vec::new(), Vec::new());
    for round in 0..3 {
        let client = &serving.client;
        let submissions = (0..20).map(|number| {
            let number = 1_000_000 + round * 100 + number;
            client.accepted(format!(r#"{{"number": {number}}}"#))
        });
        let others = (0..20)
            .map(|number| client.accepted(format!(r#"{{"kind": "apart", "input": {number}}}"#)));
        let (accepted, others) = tokio::join!(join_all(submissions), join_all(others));
        ids.extend(accepted);
        apart.extend(others);
        assert_eq!(serving.stop("KILL").await.code, None);
        serving = Serving::start_with(data, &settings);
    }
    for id in ids.iter().chain(&apart) {
        assert_eq!(serving.client.ended(id).await.status, 200);
    }
    assert_eq!((ids.len(), apart.len()), (60, 60));
}

#[tokio::test]
async fn results_are_kept_for_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path());
    let fetched = serving.client.run(r#"{"number": 24}"#).await;
    let kept = serving.client.run(r#"{"number": 25}"#).await;
    assert_eq!(serving.client.fetch(&fetched).await.status, 200);
    assert_eq!(serving.stop("TERM").await.code, Some(0));

    let again = Serving::start(folder.path());
    assert_eq!(again.client.fetch(&fetched).await.status, 404);
    assert_eq!(
        again.client.fetch(&kept).await.json()["calculation_result"],
        "75025"
    );
}
