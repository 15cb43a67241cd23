//! What the README says, held against the code.

mod word_count;

use async_request_reply::api::rows;
use async_request_reply::config::settings;
use async_request_reply::kinds;
use serde_json::value::RawValue;
use work::any::{self, Prepared, ResultLimit};
use work::{Context, Policy};

const README: &str = include_str!("../../README.md");
const CI: &str = include_str!("../../.ci/run");

#[test]
fn the_table_of_settings_is_the_one_of_the_code() {
    let rows: String = settings()
        .into_iter()
        .map(|setting| {
            let default = setting
                .default
                .map(|value| format!("`{value}`"))
                .unwrap_or_default();
            format!(
                "| `{}` | `--{}` | {default} | {} |\n",
                setting.variable, setting.flag, setting.meaning
            )
        })
        .collect();
    let table = format!("| Variable | Flag | Default | Meaning |\n|---|---|---|---|\n{rows}");
    let told = between("<!-- settings -->\n", "<!-- /settings -->");
    assert!(
        told == table,
        "the README's table of settings should be:\n\n{table}"
    );
}

#[test]
fn the_table_of_routes_is_the_one_of_the_code() {
    let table = format!("| Request | Answer |\n|---|---|\n{}", rows());
    let told = between("<!-- routes -->\n", "<!-- /routes -->");
    assert!(
        told == table,
        "the README's table of routes should be:\n\n{table}"
    );
}

#[test]
fn the_kind_in_the_readme_compiles_and_works() {
    assert!(
        README.contains(&format!("```rust\n{}```", include_str!("word_count.rs"))),
        "tests/readme/word_count.rs should be the file the README shows, to the letter"
    );
    assert!(README.contains(
        "        .with(\"word-count\", any::of_blocking(word_count::WordCount), Policy::default())\n"
    ));
    let word_count = any::of_blocking(word_count::WordCount);
    let kinds = kinds::standard(1).with("word-count", word_count, Policy::default());

    let body = between(r#"-d '{"kind": "word-count", "input": "#, "}'\n");
    let input = RawValue::from_string(body.to_owned()).unwrap();
    let kind = &kinds.get("word-count").unwrap().kind;
    let Prepared::Blocking(run) = kind.clone().prepare(&input).unwrap() else {
        unreachable!("it computes");
    };
    let result = run(&Context::for_test(), ResultLimit::bytes(100)).unwrap();
    assert!(
        README.contains(&format!("The result is `{result}`.")),
        "{result}"
    );
    let wrong = RawValue::from_string(r#"{"text": 7}"#.to_owned()).unwrap();
    assert_eq!(kind.check(&wrong).unwrap_err().field, "text");
}

#[test]
fn the_gate_runs_the_test_command_that_the_readme_names() {
    let command = between("Azurite included:\n\n```sh\n", "\n```");
    assert!(CI.lines().any(|line| line == command), "{command}");
}

fn between(start: &str, end: &str) -> &'static str {
    let from = README
        .find(start)
        .unwrap_or_else(|| panic!("the README lacks {start}"))
        + start.len();
    let length = README[from..]
        .find(end)
        .unwrap_or_else(|| panic!("the README lacks {end}"));
    &README[from..from + length]
}
