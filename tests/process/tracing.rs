//! A client's trace is in every line about its task.

use serde_json::Value;

use crate::helpers::handler::Serving;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Submits with a trace, or with what is none, and gives the id.
async fn submit(serving: &Serving, body: &'static str, parent: &str) -> String {
    let request = serving.client.post_task().header("traceparent", parent);
    let reply = serving.client.send(request.body(body)).await;
    reply.header("operation-id").unwrap().to_owned()
}

#[tokio::test]
async fn a_trace_is_logged_with_every_line_about_its_task() {
    let folder = tempfile::tempdir().unwrap();
    let json = [("LOG_FORMAT", "json"), ("MAX_NUMBER", "100000000")];
    let serving = Serving::start_with(folder.path(), &json);
    let client = &serving.client;
    let done = submit(&serving, r#"{"number": 24}"#, PARENT).await;
    client.ended(&done).await;
    let canceled = submit(&serving, r#"{"number": 99999999}"#, PARENT).await;
    let path = format!("/api/operations/{canceled}:cancel");
    client.send(client.request("POST", &path)).await;
    let plain = submit(&serving, r#"{"number": 24}"#, "00-x-y-01").await;
    client.ended(&plain).await;

    let log = serving.stop("TERM").await.stdout;
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let about = |id: &str| -> Vec<&Value> {
        let lines = lines.iter().filter(|line| line["task.id"] == id);
        lines.collect()
    };
    for (id, messages) in [
        (&done, ["task accepted", "task succeeded"]),
        (&canceled, ["task accepted", "task canceled"]),
    ] {
        for message in messages {
            let said = about(id).iter().any(|line| line["message"] == message);
            assert!(said, "{message} is not in\n{log}");
        }
        for line in about(id) {
            assert_eq!(line["trace.id"], TRACE, "{line}");
        }
    }
    assert_eq!(about(&plain).len(), 2);
    for line in about(&plain) {
        assert_eq!(line["trace.id"], Value::Null, "{line}");
    }
}
