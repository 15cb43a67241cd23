//! What may stand where in a kinds file. Every value knows its place, so that a refusal can name the line.

use serde::Deserialize;
use toml::Spanned;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) kind: Vec<Spanned<Entry>>,
}

/// One `[[kind]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) name: Spanned<String>,
    pub(super) description: Option<String>,
    pub(super) input: Option<Spanned<String>>,
    pub(super) output: Option<Spanned<String>>,
    pub(super) time_limit: Option<Spanned<String>>,
    pub(super) attempts: Option<Spanned<i64>>,
    pub(super) back_off: Option<Spanned<BackOff>>,
    pub(super) concurrency: Option<Spanned<i64>>,
    pub(super) retention: Option<Spanned<String>>,
    pub(super) queue: Option<Spanned<String>>,
    pub(super) command: Option<Spanned<Vec<String>>>,
    pub(super) pass_env: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) exit_codes: Option<Spanned<ExitCodes>>,
    pub(super) url: Option<Spanned<String>>,
    pub(super) secret_env: Option<Spanned<String>>,
    pub(super) cancel_url: Option<Spanned<String>>,
}

/// `back_off = { first = "2s", factor = 4, longest = "10m" }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BackOff {
    pub(super) first: Option<Spanned<String>>,
    pub(super) factor: Option<Spanned<i64>>,
    pub(super) longest: Option<Spanned<String>>,
}

/// `exit_codes = { permanent = [65], later = [75] }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExitCodes {
    pub(super) permanent: Option<Vec<Spanned<i64>>>,
    pub(super) later: Option<Vec<Spanned<i64>>>,
}
