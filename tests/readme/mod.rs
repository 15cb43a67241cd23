//! What the README and the pages in `docs` say, held against the code.

mod commands;
mod links;
mod own_crate;
mod workflows;

use async_request_reply::api::{code_rows, rows};
use async_request_reply::config::settings;

const README: &str = include_str!("../../README.md");
const API: &str = include_str!("../../docs/api.md");
const ERRORS: &str = include_str!("../../docs/clients/errors.md");
const SETTINGS: &str = include_str!("../../docs/settings.md");
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
    let told = between(SETTINGS, "<!-- settings -->\n", "<!-- /settings -->");
    assert!(
        told == table,
        "the table of docs/settings.md should be:\n\n{table}"
    );
}

#[test]
fn the_table_of_routes_is_the_one_of_the_code() {
    let table = format!("| Request | Answer |\n|---|---|\n{}", rows());
    let told = between(API, "<!-- routes -->\n", "<!-- /routes -->");
    assert!(
        told == table,
        "the table of docs/api.md should be:\n\n{table}"
    );
}

#[test]
fn the_table_of_codes_is_the_one_of_the_code() {
    let table = format!("| Code | Status | When |\n|---|---|---|\n{}", code_rows());
    let told = between(ERRORS, "<!-- codes -->\n", "<!-- /codes -->");
    assert!(
        told == table,
        "the table of docs/clients/errors.md should be:\n\n{table}"
    );
}

#[test]
fn the_gate_runs_the_test_command_that_the_readme_names() {
    let command = between(README, "Azurite included:\n\n```sh\n", "\n```");
    assert!(CI.lines().any(|line| line == command), "{command}");
}

/// What a text has between two pieces of it.
fn between(text: &'static str, start: &str, end: &str) -> &'static str {
    let from = text
        .find(start)
        .unwrap_or_else(|| panic!("the text lacks {start}"))
        + start.len();
    let length = text[from..]
        .find(end)
        .unwrap_or_else(|| panic!("the text lacks {end}"));
    &text[from..from + length]
}
