//! A disk that is full: what was accepted stays, can be read, and is done when there is room again.
//!
//! A limit on the size of files stands for it. The handler inherits that the signal which comes with
//! it is ignored, so that writing fails, as on a full disk.

use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;

/// In blocks of 512 bytes: 2 MiB.
const FULL: &str = "trap '' XFSZ; ulimit -f 4096";

/// A number whose result has 20,900 digits, and which is there in a moment in a debug build, too.
const LARGE: &str = r#"{"number": 100000}"#;

const SMALL: &str = r#"{"number": 24}"#;

/// Submits until storage takes nothing at all any more, and gives what was accepted.
async fn fill(serving: &Serving) -> Vec<String> {
    let mut accepted = Vec::new();
    eventually("the disk is full", async || {
        loop {
            let reply = serving.client.submit(LARGE).await;
            if reply.status != 202 {
                assert_eq!(reply.status, 503, "{}", reply.text());
                assert_eq!(reply.problem().0, "StorageUnavailable");
                // It is looked at once in a second.
                let health = serving.client.get("/api/health").await;
                return (health.status == 503).then_some(());
            }
            accepted.push(reply.json()["id"].as_str().unwrap().to_owned());
        }
    })
    .await;
    accepted
}

#[tokio::test]
async fn what_was_accepted_outlives_a_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start_after(FULL, folder.path());
    let done = serving.client.run(SMALL).await;
    let accepted = fill(&serving).await;

    assert!(!accepted.is_empty());
    assert_eq!(serving.client.result(&done).await.status, 200);
    for id in &accepted {
        let reply = serving.client.result(id).await;
        assert!(matches!(reply.status, 200 | 202), "{}", reply.text());
    }
    assert_eq!(serving.client.submit(SMALL).await.status, 503);
    let ended = serving.stop("KILL").await;
    assert_eq!(ended.stderr, "");

    let again = Serving::start(folder.path());
    assert_eq!(again.client.fetch(&done).await.status, 200);
    for id in &accepted {
        assert_eq!(again.client.ended(id).await.status, 200);
    }
}
