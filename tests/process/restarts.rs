//! What was accepted is done, whatever becomes of the process.

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
