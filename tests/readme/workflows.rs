//! What docs/workflows.md shows of workflows, held against the example that is compiled and tested.

use std::fs;
use std::path::Path;

const GUIDE: &str = include_str!("../../docs/workflows.md");

/// The pieces of code in the guide, each with the file that it is said to be of.
fn pieces() -> Vec<(&'static str, &'static str)> {
    let mut before = "";
    let mut pieces = Vec::new();
    for (index, part) in GUIDE.split("\n```").enumerate() {
        // Text and code take turns.
        if index % 2 == 1 && !part.starts_with("sh\n") {
            let code = part.strip_prefix("rust\n");
            let code = code.expect("all is Rust but what a shell does");
            let line = before.lines().last().unwrap_or_default();
            let file = line
                .strip_prefix("<!-- ")
                .and_then(|line| line.strip_suffix(" -->"));
            pieces.push((file.expect("a file is named before each piece"), code));
        }
        before = part;
    }
    pieces
}

#[test]
fn the_code_in_the_guide_to_workflows_is_that_of_the_example() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/workflows");
    let pieces = pieces();
    assert!(pieces.len() > 10, "{pieces:?}");
    for (file, piece) in pieces {
        let code = fs::read_to_string(example.join(file)).unwrap();
        assert!(
            code.contains(&format!("\n{piece}\n")),
            "not in {file}:\n{piece}"
        );
    }
}
