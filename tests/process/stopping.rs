//! Told to stop: no new work, a while for what runs, and nothing lost.

use crate::helpers::handler::Serving;

/// Takes a second or so, and more than a stop waits: either way nothing may be lost.
const SHORT: u32 = 5_000_000;
const LONG: u32 = 60_000_000;

const LIMIT: (&str, &str) = ("MAX_NUMBER", "100000000");

#[tokio::test]
async fn an_idle_process_stops_at_once() {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let serving = Serving::start(folder.path());
        assert_eq!(serving.client.get("/api/health").await.status, 200);
        let ended = serving.stop(signal).await;
        assert_eq!(ended.code, Some(0), "{signal}");
        assert!(ended.stdout.contains("stopping: told to by a signal"));
        assert!(ended.stdout.ends_with("stopped\n"), "{}", ended.stdout);
        assert_eq!(ended.stderr, "");
    }
}

#[tokio::test]
async fn a_task_that_runs_is_finished_then_or_after_the_next_start() {
    for (signal, number) in [("TERM", SHORT), ("INT", LONG)] {
        let folder = tempfile::tempdir().unwrap();
        let serving = Serving::start_with(folder.path(), &[LIMIT]);
        let body = format!(r#"{{"number": {number}}}"#);
        let id = serving.client.accepted(body).await;
        let ended = serving.stop(signal).await;
        assert_eq!(ended.code, Some(0), "{signal}");
        assert_eq!(ended.stderr, "");

        let again = Serving::start_with(folder.path(), &[LIMIT]);
        assert_eq!(again.client.ended(&id).await.status, 200, "{signal}");
    }
}

#[tokio::test]
async fn no_new_task_is_accepted_after_the_signal() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start_with(folder.path(), &[LIMIT]);
    let body = format!(r#"{{"number": {SHORT}}}"#);
    serving.client.accepted(body).await;
    serving.handler.signal("TERM");
    while let Some(line) = serving.handler.line() {
        if line.contains("stopping") {
            break;
        }
    }
    let port = serving.client.base().trim_start_matches("http://");
    crate::helpers::eventually::eventually("the port is closed", async || {
        std::net::TcpStream::connect(port).err()
    })
    .await;
    assert_eq!(serving.handler.ended().await.code, Some(0));
}
