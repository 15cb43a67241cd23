//! `Retry-After`: a guess that grows with what waits.

use crate::helpers::app::spawn_app_with;

#[tokio::test]
async fn a_longer_queue_means_a_longer_wait() {
    let app = spawn_app_with(|config| config.worker_concurrency = 1);
    let sleeps = r#"{"kind": "sleeps", "input": {"milliseconds": 1200}}"#;
    // Nothing is known of the kind yet.
    let first = app.client.submit(sleeps).await;
    assert_eq!(first.header("retry-after"), Some("1"));
    app.client
        .ended(first.header("operation-id").unwrap())
        .await;

    let mut waits = Vec::new();
    for _ in 0..6 {
        let reply = app.client.submit(sleeps).await;
        waits.push(reply.header("retry-after").unwrap().parse::<u64>().unwrap());
    }
    assert!(waits.is_sorted(), "{waits:?}");
    assert!(waits[0] >= 2 && waits[5] >= waits[0] + 3, "{waits:?}");
    assert!(waits.iter().all(|wait| *wait <= 60));
    // Another kind, of which nothing is known but that it waits behind these.
    let other = app.client.submit(r#"{"number": 24}"#).await;
    let other = other.header("retry-after").unwrap().parse::<u64>().unwrap();
    assert!(other >= waits[0], "{other} of {waits:?}");
}
