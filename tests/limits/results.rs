//! A result that is large, and what it takes of memory on its way into the store and out of it.

use std::fs;

use crate::helpers::handler::Serving;

/// In bytes.
const RESULT: usize = 48_000_000;

/// The most memory that it may take, in bytes: it is there twice, as the text and as the record that is
/// written, or that was read; and what comes with each of them.
const MOST: usize = RESULT / 2 * 5;

/// The most memory that the process ever had, in bytes.
fn peak(serving: &Serving) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", serving.handler.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let words: Vec<&str> = line.unwrap().split_whitespace().collect();
    words[1].parse::<usize>().unwrap() * 1024
}

#[tokio::test]
async fn a_large_result_is_never_in_memory_more_than_two_and_a_half_times() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = folder.path().join("kinds.toml");
    let script = format!(r#"printf '"'; head -c {RESULT} /dev/zero | tr '\0' x; printf '"'"#);
    let kind = format!("[[kind]]\nname = \"large\"\ncommand = [\"sh\", \"-c\", '''{script}''']\n");
    fs::write(&kinds, kind).unwrap();
    let path = std::env::var("PATH").unwrap();
    let settings = [("PATH", &*path), ("KINDS_FILE", kinds.to_str().unwrap())];
    let serving = Serving::start_with(folder.path(), &settings);
    // Not by its monitor: whoever looks at the wrong time reads it while it is being written.
    let run = async |body: &'static str| {
        let id = serving.client.accepted(body).await;
        serving.handler.line_with("task succeeded").await;
        id
    };
    run(r#"{"number": 24}"#).await;
    let before = peak(&serving);

    let id = run(r#"{"kind": "large", "input": 0}"#).await;
    let computed = peak(&serving) - before;
    assert!(computed <= MOST, "{computed} bytes to compute it");

    let reply = serving.client.result(&id).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.text().len(), RESULT + 2);
    let fetched = serving.client.fetch(&id).await;
    assert_eq!(fetched.json()["result"].as_str().unwrap().len(), RESULT);
    let read = peak(&serving) - before;
    assert!(read <= MOST, "{read} bytes to read it");
}
