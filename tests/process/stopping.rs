//! Told to stop: whoever waits is answered, no new work, a while for what runs, and nothing lost.

use std::fs;

use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;
use crate::helpers::reply::Reply;

/// Takes a second or so, and more than a stop waits: either way nothing may be lost.
const SHORT: u32 = 5_000_000;
const LONG: u32 = 60_000_000;

/// Takes longer than a test lasts, and is not waited for.
const ENDLESS: u32 = 200_000_000;

/// Takes as long on every machine.
const NAP: &str = r#"
[[kind]]
name = "nap"
command = ["sh", "-c", "sleep 15; echo 1"]
"#;

const LIMIT: (&str, &str) = ("MAX_NUMBER", "200000000");

#[tokio::test]
async fn an_idle_process_stops_at_once() {
    for signal in ["TERM", "INT", "HUP"] {
        let folder = tempfile::tempdir().unwrap();
        let serving = Serving::start(folder.path());
        assert_eq!(serving.client.get("/api/health").await.status, 200);
        let ended = serving.stop(signal).await;
        assert_eq!(ended.code, Some(0), "{signal}");
        let told = format!("stopping: told to by a signal (SIG{signal})\n");
        assert!(ended.stdout.contains(&told), "{}", ended.stdout);
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

/// Keeps a stop from coming to its end while a test looks at it.
const PATIENT: (&str, &str) = ("SHUTDOWN_GRACE", "10m");

/// Opens the metrics, which tell who waits.
const KEY: (&str, &str) = ("API_KEY", "key-of-a-test-that-stops");

fn number(number: u32) -> String {
    format!(r#"{{"number": {number}}}"#)
}

impl Serving {
    /// Waits until the task shows as running.
    async fn running(&self, id: &str) {
        eventually("the task runs", async || {
            let monitor = self.client.monitor(id).await.json();
            (monitor["status"] == "Running").then_some(())
        })
        .await;
    }

    /// Waits until so many clients wait.
    async fn waiting(&self, clients: usize) {
        eventually("clients wait", async || {
            let metrics = self.client.request("GET", "/api/metrics");
            let metrics = self
                .client
                .send(metrics.header("x-functions-key", KEY.1))
                .await;
            let line = format!("waiting_clients {clients}");
            metrics
                .text()
                .lines()
                .any(|shown| shown == line)
                .then_some(())
        })
        .await;
    }

    async fn submit_waiting(&self) -> Reply {
        let request = self.client.post_task().header("prefer", "wait=60");
        self.client.send(request.body(number(ENDLESS))).await
    }

    async fn fetch_waiting(&self, id: &str) -> Reply {
        let request = self.client.request("GET", &format!("/api/tasks/{id}"));
        self.client.send(request.header("prefer", "wait=60")).await
    }
}

#[tokio::test]
async fn who_waits_is_answered_and_told_where_to_look() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start_with(folder.path(), &[LIMIT, PATIENT, KEY]);
    let id = serving.client.accepted(number(ENDLESS)).await;
    serving.running(&id).await;
    let stop = async {
        serving.waiting(2).await;
        serving.handler.signal("TERM");
    };
    let (submitted, fetched, ()) =
        tokio::join!(serving.submit_waiting(), serving.fetch_waiting(&id), stop);
    let monitor = format!("{}/api/operations", serving.client.base());

    assert_eq!(submitted.status, 202);
    let other = submitted.header("operation-id").unwrap();
    assert_eq!(
        submitted.header("operation-location").unwrap(),
        format!("{monitor}/{other}")
    );
    assert_eq!(
        submitted.header("location").unwrap(),
        format!("{monitor}/{other}/result")
    );
    assert!(submitted.header("retry-after").is_some());
    assert_eq!(submitted.header("connection"), Some("close"));

    assert_eq!(fetched.status, 404);
    assert_eq!(fetched.json()["task_id"], id);
    assert_eq!(
        fetched.header("link").unwrap(),
        format!("<{monitor}/{id}>; rel=\"monitor\"")
    );
    assert!(fetched.header("retry-after").is_some());
    assert_eq!(fetched.header("connection"), Some("close"));
}

#[tokio::test]
async fn while_work_comes_to_its_end_the_service_is_not_ready_and_takes_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start_with(folder.path(), &[LIMIT, PATIENT]);
    let client = &serving.client;
    let id = client.accepted(number(ENDLESS)).await;
    serving.running(&id).await;
    serving.handler.signal("HUP");
    serving
        .handler
        .line_with("stopping: told to by a signal (SIGHUP)")
        .await;

    for _ in 0..2 {
        let health = client.get("/api/health").await;
        assert_eq!(
            (health.status, health.problem().0),
            (503, "Stopping".to_owned())
        );
        assert_eq!(health.header("connection"), Some("close"));
    }
    assert_eq!(client.submit(number(24)).await.problem().0, "Stopping");
    // Held until the end, it would have no answer.
    assert_eq!(serving.fetch_waiting(&id).await.status, 404);
    assert_eq!(client.monitor(&id).await.json()["status"], "Running");
    assert_eq!(
        client.request("GET", "/").send().await.unwrap().status(),
        200
    );

    serving.handler.signal("HUP");
    let ended = serving.handler.ended().await;
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .stdout
            .contains("ended at once: told to by a second signal"),
        "{}",
        ended.stdout
    );
}

#[tokio::test]
async fn the_grace_is_what_the_setting_says() {
    let log = async |grace, work: String| {
        let folder = tempfile::tempdir().unwrap();
        let (file, path) = (
            folder.path().join("kinds.toml"),
            std::env::var("PATH").unwrap(),
        );
        fs::write(&file, NAP).unwrap();
        let settings = [
            LIMIT,
            ("PATH", &*path),
            ("KINDS_FILE", file.to_str().unwrap()),
            ("SHUTDOWN_GRACE", grace),
        ];
        let serving = Serving::start_with(folder.path(), &settings);
        let id = serving.client.accepted(work).await;
        serving.running(&id).await;
        let ended = serving.stop("TERM").await;
        assert_eq!(ended.code, Some(0));
        ended.stdout
    };
    let patient = log(PATIENT.1, r#"{"kind": "nap", "input": 0}"#.to_owned()).await;
    assert!(patient.contains("task succeeded"), "{patient}");
    assert!(!patient.contains("the grace is over"), "{patient}");

    let hasty = log("0s", number(ENDLESS)).await;
    assert!(!hasty.contains("task succeeded"), "{hasty}");
    let stopped = hasty
        .lines()
        .find(|line| line.contains("attempt given back, and not counted: the process is stopping"));
    let stopped = stopped.expect(&hasty);
    assert!(
        stopped.contains(" INFO ") && stopped.contains("attempt=1"),
        "{stopped}"
    );
    assert!(!hasty.contains("attempt failed"), "{hasty}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_process_that_is_to_outlive_its_terminal_does() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start_after("trap '' HUP", folder.path());
    assert_eq!(serving.client.get("/api/health").await.status, 200);
    serving.handler.signal("HUP");
    let ended = serving.stop("TERM").await;
    assert_eq!(ended.code, Some(0));
    assert!(
        ended.stdout.contains("told to by a signal (SIGTERM)"),
        "{}",
        ended.stdout
    );
}

#[tokio::test]
async fn no_new_task_is_accepted_after_the_signal() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start_with(folder.path(), &[LIMIT]);
    serving.client.accepted(number(SHORT)).await;
    serving.handler.signal("TERM");
    serving.handler.line_with("stopping").await;
    eventually("the port is closed", async || {
        match serving
            .client
            .try_send(serving.client.post_task().body(number(24)))
            .await
        {
            Ok(reply) => {
                assert_eq!(reply.problem().0, "Stopping");
                None
            }
            Err(error) => error.is_connect().then_some(()),
        }
    })
    .await;
    assert_eq!(serving.handler.ended().await.code, Some(0));
}
