//! A kinds file that is wrong stops the start, and `check-kinds` says the same.

use std::fs;

use super::examples;
use crate::helpers::handler::Handler;

#[tokio::test]
async fn a_kinds_file_that_is_wrong_stops_the_start_with_file_line_and_reason() {
    let folder = tempfile::tempdir().unwrap();
    for (text, reason) in [
        (
            "[[kind]]\nname = \"a\"\n",
            "kinds.toml:1: the kind \"a\" has neither a command nor a url",
        ),
        (
            "[[kind]]\nname = \"a b\"\ncommand = [\"cat\"]\n",
            "kinds.toml:2: the name \"a b\"",
        ),
        (
            "[[kind]]\nname = \"fibonacci\"\ncommand = [\"cat\"]\n",
            "kinds.toml:2: the service has a kind named \"fibonacci\" of its own",
        ),
        (
            "[[kind]]\nname = \"a\"\ncommand = [\"cat\"]\nattempts = -1\n",
            "kinds.toml:4: attempts is not",
        ),
    ] {
        fs::write(folder.path().join("kinds.toml"), text).unwrap();
        let settings = [
            ("KINDS_FILE", "kinds.toml"),
            ("BIND_ADDRESS", "127.0.0.1:0"),
        ];
        let ended = Handler::start(folder.path(), &settings).ended().await;
        assert_eq!(ended.code, Some(2), "{}", ended.stdout);
        let start = format!("cannot start: KINDS_FILE: {reason}");
        assert!(ended.stdout.contains(&start), "{}", ended.stdout);

        let check = ["check-kinds", "kinds.toml"];
        let checked = Handler::start_with(folder.path(), &[], &check)
            .ended()
            .await;
        assert_eq!(checked.code, Some(1));
        let error = format!("error: {reason}");
        assert!(checked.stderr.starts_with(&error), "{}", checked.stderr);
    }
    // Nothing was served, and so nothing was made.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_kinds_file_that_is_right_is_told_of_without_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = examples();
    let named = [("KINDS_FILE", file.to_str().unwrap())];
    let checked = Handler::start_with(folder.path(), &named, &["check-kinds"])
        .ended()
        .await;
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    let told = format!(
        "{}: word-count, checksum, not-before\nin this binary: fibonacci, process-data\n",
        file.display()
    );
    assert_eq!(checked.stdout, told);
    let none = Handler::start_with(folder.path(), &[], &["check-kinds"])
        .ended()
        .await;
    assert_eq!(none.code, Some(1));
    assert!(none.stderr.contains("KINDS_FILE"), "{}", none.stderr);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
