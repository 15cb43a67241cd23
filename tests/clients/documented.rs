//! The pages on clients show the programs that are run here, to the letter.

use std::fs;
use std::path::Path;

/// Programs, each with the language that its block names and the page that shows it.
const SHOWN: [(&str, &str, &str); 7] = [
    ("curl.sh", "bash", "clients/curl.md"),
    ("client.py", "python", "clients/python.md"),
    ("client.mjs", "javascript", "clients/javascript.md"),
    ("client.rs", "rust", "clients/rust.md"),
    ("lro.py", "python", "clients/azure-sdk.md"),
    ("lro.mjs", "javascript", "clients/azure-sdk.md"),
    ("r0.py", "python", "compatibility/r0.md"),
];

#[test]
fn the_pages_show_the_clients_that_the_tests_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, language, page) in SHOWN {
        let program = fs::read_to_string(root.join("tests/clients").join(name)).unwrap();
        let text = fs::read_to_string(root.join("docs").join(page)).unwrap();
        assert!(
            text.contains(&format!("```{language}\n{program}```\n")),
            "docs/{page} should show tests/clients/{name}, to the letter"
        );
    }
}
