//! The example of a service: `examples/http`.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::{monitor, serving};
use crate::helpers::lines::Lines;

/// The example's service, on a free port. Killed when dropped.
struct Running {
    child: Child,
    address: String,
}

impl Running {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new("python3")
            .arg(folder.join("service.py"))
            .arg("0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`python3` should be installed");
        let line = Lines::of(child.stdout.take().unwrap()).next().unwrap();
        let (_, address) = line.split_once("http://").expect(&line);
        Self {
            address: address.to_owned(),
            child,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_example_answers_at_once_or_reports_later() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/http");
    let (folder, kinds) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let service = Running::start(&examples);
    let text = fs::read_to_string(examples.join("kinds.toml")).unwrap();
    let file = kinds.path().join("kinds.toml");
    fs::write(&file, text.replace("127.0.0.1:8099", &service.address)).unwrap();
    let serving = serving(folder.path(), &file, &[]);
    let client = &serving.client;

    for (kind, input, result) in [
        ("initials", "to be or", json!({ "initials": "tbo" })),
        ("backwards", "Straße", json!({ "text": "eßartS" })),
    ] {
        let body = json!({ "kind": kind, "input": { "text": input } }).to_string();
        let id = client.run(&body).await;
        let monitor = monitor(client, &id).await;
        assert_eq!(monitor["result"], result, "{monitor}");
        assert_eq!(monitor["attempts"], 1);
    }
    let id = client.run(r#"{"kind":"initials","input":{}}"#).await;
    let error = json!({ "code": "NoText", "message": "the input has no text" });
    assert_eq!(monitor(client, &id).await["error"], error);
}
