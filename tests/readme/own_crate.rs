//! The crate of one's own that `docs/kinds/rust.md` shows, built as it is, outside this workspace.

use std::fs;

use super::between;
use crate::helpers::handler::{Handler, Serving};
use crate::helpers::own_crate::OwnCrate;

const GUIDE: &str = include_str!("../../docs/kinds/rust.md");

#[tokio::test]
async fn the_crate_in_the_guide_is_tested_and_serves() {
    let own = OwnCrate::new("word-count");
    own.patch();
    let manifest = between(GUIDE, "this `Cargo.toml`:\n\n```toml\n", "```\n");
    fs::write(own.root().join("Cargo.toml"), manifest).unwrap();
    let main = between(GUIDE, "this `src/main.rs`:\n\n```rust,no_run\n", "```\n");
    fs::create_dir(own.root().join("src")).unwrap();
    fs::write(own.root().join("src/main.rs"), main).unwrap();
    let tested = own.build_and_test();
    assert!(
        tested.contains("tests::words_are_counted ... ok"),
        "{tested}"
    );

    let folder = tempfile::tempdir().unwrap();
    let told = "[[kind]]\nname = \"word-count\"\ncommand = [\"cat\"]\n";
    fs::write(folder.path().join("kinds.toml"), told).unwrap();
    let check = ["check-kinds", "kinds.toml"];
    let checked = Handler::start_as(own.binary(), folder.path(), &[], &check);
    let said = checked.ended().await.stderr;
    let reason = "the service has a kind named \"word-count\" of its own";
    assert_eq!(said, format!("error: kinds.toml:2: {reason}\n"));

    let serving = Serving::start_as(own.binary(), folder.path(), &[]);
    let input = between(GUIDE, r#"-d '{"kind": "word-count", "input": "#, "}'\n");
    let body = format!(r#"{{"kind": "word-count", "input": {input}}}"#);
    let id = serving.client.run(&body).await;
    let result = serving.client.result(&id).await;
    let told = format!("The result is `{}`.", result.text());
    assert!(GUIDE.contains(&told), "{told}");
    let wrong = r#"{"kind": "word-count", "input": {"text": 7}}"#;
    let refused = serving.client.submit(wrong).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["error"]["target"], "input.text");
}
