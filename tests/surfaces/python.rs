//! What `process-data` gives is what Python prints.

use std::process::Stdio;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::{enqueue, enqueued, has_status};
use crate::helpers::app::spawn_app;

/// Reads a document from each line, and writes what the sample makes of it as JSON.
const SAMPLE: &str = r#"
import json, sys
for line in sys.stdin:
    print(json.dumps(f"Processed data: {json.loads(line)}"))
"#;

#[tokio::test]
async fn data_is_printed_as_by_the_sample_itself() {
    let letters: String = (0..0x250).filter_map(char::from_u32).collect();
    let others = "\u{5d0}\u{301}中\u{1f600}\u{200b}\u{2028}\u{3000}\u{feff}\u{e000}\u{10ffff}";
    let documents = [
        json!({ "key1": "value1", "n": 1, "b": true, "x": null }).to_string(),
        json!({ "letters": letters, "others": others, "it's": "\"'" }).to_string(),
        r#"{"z": [0, -0, -0.0, 1e5, 1E400, 1e16, 123456789.125, 1e-5, 12345678901234567890123], "a": {}}"#
            .to_owned(),
        r#"{"half": "\ud83d", "pair": "\ud83d\ude00", "slash": "\/\\\b\f\n\r\t\u00e9"}"#.to_owned(),
    ];
    let mut python = Command::new("python3")
        .args(["-c", SAMPLE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python should be installed");
    let mut stdin = python.stdin.take().unwrap();
    stdin
        .write_all((documents.join("\n") + "\n").as_bytes())
        .await
        .unwrap();
    drop(stdin);
    let said = python.wait_with_output().await.unwrap().stdout;
    let said = String::from_utf8(said).unwrap();
    assert_eq!(said.lines().count(), documents.len());

    let app = spawn_app();
    for (document, printed) in documents.iter().zip(said.lines()) {
        let request = enqueue(&app.client, "application/json", document.clone());
        let id = enqueued(&app.client, request).await;
        let told = has_status(&app.client, &id, "SUCCESS").await;
        let expected: serde_json::Value = serde_json::from_str(printed).unwrap();
        assert_eq!(told["result"], expected, "{document}");
    }
}
