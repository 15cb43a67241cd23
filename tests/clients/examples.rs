//! The examples of `docs/clients`: a whole conversation each, and how each tells a failure.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::client;
use super::front::Front;
use super::programs::{self, Ended};
use crate::helpers::app::{App, spawn_app, spawn_app_with};
use crate::helpers::eventually::DEADLINE;

/// The smallest number that is not quick, and so waits for the one worker; and what comes of it.
const NUMBER: &str = "1001";
const FIBONACCI: &str = "7033036771142281582183525487718354977018126983635873274260490508715453\
    71181969335797422494945626117334877504492417659910881863632654502236471060120533\
    74121273867339111198139373125598767690091902245245323403501";

/// A client that has a piece of work done.
#[derive(Clone, Copy)]
enum Example {
    Script(&'static str),
    Rust,
}

const CURL: Example = Example::Script("curl.sh");
const PYTHON: Example = Example::Script("client.py");
const JAVASCRIPT: Example = Example::Script("client.mjs");

impl Example {
    /// Runs it to its end. Once it has to ask again, the service's gate opens.
    async fn run(self, app: &App, base: &str, work: &str) -> Ended {
        let watch = |line: &str| {
            if line.starts_with("not yet") {
                app.kinds.open_gate();
            }
        };
        match self {
            Self::Script(script) => programs::run(script, &[base, work], watch).await,
            Self::Rust => {
                let mut out = Watched(String::new(), watch);
                let http = reqwest::Client::builder()
                    .no_proxy()
                    .tls_certs_only([])
                    .build()
                    .unwrap();
                let conversation = client::converse(&http, base, work, &mut out);
                let outcome = timeout(DEADLINE, conversation).await.unwrap();
                Ended {
                    succeeded: outcome.is_ok(),
                    stdout: out.0,
                    stderr: outcome.map_or_else(|error| error.to_string(), |()| String::new()),
                }
            }
        }
    }

    /// It waits as long as it is told, survives a lost reply, and gets what it asked for.
    async fn has_a_whole_conversation(self) {
        let app = spawn_app_with(|config| config.worker_concurrency = 1);
        // The one worker is busy until the gate opens.
        app.client
            .accepted(r#"{"kind": "waits", "input": 0}"#)
            .await;
        let front = Front::losing_before(app.address);
        let begun = Instant::now();
        let work = format!(r#"{{"number": {NUMBER}}}"#);
        let ended = self.run(&app, &front.base, &work).await;
        assert!(ended.succeeded, "{}{}", ended.stdout, ended.stderr);

        let (pauses, results): (Vec<_>, Vec<_>) = ended
            .stdout
            .lines()
            .partition(|line| line.starts_with("not yet"));
        let told: u64 = pauses
            .iter()
            .map(|line| line.split(' ').nth(4).unwrap().parse::<u64>().unwrap())
            .sum();
        assert!(told > 0, "{}", ended.stdout);
        // And a second for the reply that was lost.
        assert!(begun.elapsed() >= Duration::from_secs(told + 1));
        let [patient, prompt] = results[..] else {
            panic!("{}", ended.stdout);
        };
        let fields = format!(r#""number":{NUMBER},"calculation_result":"{FIBONACCI}"}}"#);
        assert_eq!(patient, format!("{{{fields}"));
        let (id, rest) = prompt.split_at(prompt.find(',').unwrap());
        assert!(id.starts_with(r#"{"task_id":""#), "{prompt}");
        assert_eq!(rest, format!(",{fields}"));

        let posts = front.requests();
        let posts = posts.iter().filter(|line| line.starts_with("POST"));
        assert_eq!(posts.count(), 3);
        app.client.has_taken(3).await;
    }

    /// It tells the service's own code and sentence, and does not succeed.
    async fn tells_what_went_wrong(self) {
        let app = spawn_app();
        for (work, code, message) in [
            (
                r#"{"number": "x"}"#,
                "InvalidNumber",
                "number must be an integer; the string does not hold one",
            ),
            (
                r#"{"kind": "hopeless", "input": 0}"#,
                "NoHope",
                "there never was any",
            ),
        ] {
            let ended = self.run(&app, app.client.base(), work).await;
            assert!(!ended.succeeded, "{}", ended.stdout);
            assert!(ended.stderr.contains(code), "{}", ended.stderr);
            assert!(ended.stderr.contains(message), "{}", ended.stderr);
            assert!(!ended.stderr.contains("Traceback"), "{}", ended.stderr);
        }
    }
}

/// A text that grows under someone's eyes.
struct Watched<F>(String, F);

impl<F: Fn(&str)> Write for Watched<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += str::from_utf8(bytes).unwrap();
        self.1(self.0.lines().next_back().unwrap_or_default());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_curl_client_has_a_whole_conversation() {
    CURL.has_a_whole_conversation().await;
}

#[tokio::test]
async fn the_curl_client_tells_what_went_wrong() {
    CURL.tells_what_went_wrong().await;
}

#[tokio::test]
async fn the_python_client_has_a_whole_conversation() {
    PYTHON.has_a_whole_conversation().await;
}

#[tokio::test]
async fn the_python_client_tells_what_went_wrong() {
    PYTHON.tells_what_went_wrong().await;
}

#[tokio::test]
async fn the_javascript_client_has_a_whole_conversation() {
    JAVASCRIPT.has_a_whole_conversation().await;
}

#[tokio::test]
async fn the_javascript_client_tells_what_went_wrong() {
    JAVASCRIPT.tells_what_went_wrong().await;
}

#[tokio::test]
async fn the_rust_client_has_a_whole_conversation() {
    Example::Rust.has_a_whole_conversation().await;
}

#[tokio::test]
async fn the_rust_client_tells_what_went_wrong() {
    Example::Rust.tells_what_went_wrong().await;
}

#[tokio::test]
async fn a_client_of_the_python_sample_is_served_as_before() {
    let app = spawn_app_with(|config| config.worker_concurrency = 1);
    app.client
        .accepted(r#"{"kind": "waits", "input": 0}"#)
        .await;
    let watch = |line: &str| {
        if line == "not yet" {
            app.kinds.open_gate();
        }
    };
    let ended = programs::run("r0.py", &[app.client.base(), NUMBER], watch).await;
    assert!(ended.succeeded, "{}", ended.stderr);
    let result = ended.stdout.trim_start_matches("not yet\n");
    assert_eq!(result, format!("{FIBONACCI}\n"));
    assert!(ended.stdout.starts_with("not yet\n"));
}
