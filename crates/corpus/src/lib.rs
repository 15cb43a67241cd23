//! Hostile inputs for the tests of every parser: those of `inputs`, some that are too large to
//! keep, and random ones. Whatever a parser is for, it gets all of them.

#![expect(clippy::unwrap_used, reason = "it is for tests, which fail so")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;

/// Far longer than any parser may take for one input, so that a busy machine fails no test; far
/// shorter than what goes quadratic takes for 2 MB.
const BOUND: Duration = Duration::from_secs(5);

/// Calls a parser with every input that is text. It must return, and soon.
pub fn each_text(mut parse: impl FnMut(&str)) {
    each(|bytes| parse(&String::from_utf8_lossy(bytes)));
}

/// Calls a parser with every input.
pub fn each(mut parse: impl FnMut(&[u8])) {
    for (name, bytes) in files().into_iter().chain(large()) {
        let begun = Instant::now();
        parse(&bytes);
        let took = begun.elapsed();
        assert!(took < BOUND, "{name} took {took:?}");
    }
}

fn files() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("inputs");
    let mut found = Vec::new();
    for folder in fs::read_dir(root).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    assert!(found.len() > 100, "the corpus is gone");
    found
}

/// What a body of the default size can hold, and a little more.
fn large() -> Vec<(String, Vec<u8>)> {
    let size = 2 * 1024 * 1024;
    let around = |start: &str, repeated: &str, count: usize, end: &str| {
        let name = format!("{start}{repeated}{repeated}…{end}");
        (
            name,
            [start, &repeated.repeat(count), end].concat().into_bytes(),
        )
    };
    vec![
        around("", "a", 64 * 1024, ""),
        around("", "\u{202e}", 64 * 1024, ""),
        around("", "%2e%2e%2f", 22 * 1024, ""),
        around(r#"{"number":"#, "9", size, "}"),
        around(r#"{"number":""#, "9", size, "\"}"),
        around(r#"{"number":0."#, "0", size, "1}"),
        around(r#"{"number":"#, "[", 100_000, ""),
        around(r#"{"number":"#, "[", 100_000, &("]".repeat(100_000) + "}")),
        around(
            r#"{"kind":"a","input":"#,
            r#"{"a":"#,
            100_000,
            &("1".to_owned() + &"}".repeat(100_001)),
        ),
        around(
            r#"{"Data":{"m":"#,
            "[",
            100_000,
            &("]".repeat(100_000) + "}}"),
        ),
        around(r#"{"kind":""#, r"\u0061", 300_000, r#"","input":1}"#),
        around("{", r#""a":1,"#, 300_000, r#""number":1}"#),
        around("", "\\", size, ""),
        around("", "\"", size, ""),
        around("AccountName=", "a", size, ";AccountKey=QQ=="),
        around("", "a=b;", size / 4, ""),
        around("", "wait=1,", size / 7, ""),
        around("", "1y ", size / 3, ""),
    ]
}

/// Texts that look like what a parser here takes, and texts that look like nothing.
pub fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".*",
        "[\\x00-\\x7f]*",
        r#"[{}\[\]":,0-9eE+.\\a-z -]{0,60}"#,
        r#"\{"(id|number|kind|input|etag|attempts|Data)":("[^"]*"|-?[0-9.e]{1,30}|null|\[\]|\{\})(,"(number|kind|input|spent|Metadata)":("[^"]*"|-?[0-9.e]{1,30}|null))?\}"#,
        r#"(Account(Name|Key)|BlobEndpoint|QueueEndpoint|SharedAccessSignature|UseDevelopmentStorage|EndpointSuffix)=[^;]{0,20}(;[A-Za-z]{1,15}=[^;]{0,20}){0,4}"#,
        "[0-9A-Fa-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,12})?(Z|[+-][0-9]{2}:[0-9]{2})",
        r#"(W/)?"[^"]*"(, *(W/)?"[^"]*")*"#,
        r"(https?://)?[a-z0-9.:\[\]@/-]{0,40}",
        "[0-9]{1,30}[a-z]{0,3}( [0-9]{1,30}[a-z]{0,3})?",
    ]
}
