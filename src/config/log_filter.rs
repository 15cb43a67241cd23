//! `RUST_LOG`: levels, also of single modules.
//!
//! In `env_logger`'s syntax a word that is no level is a module, and all others are silent then. So a
//! slip in a level would take the log away without a word; here it is refused. The names that .NET
//! has for levels, which templates for Functions use, are taken.

use log::LevelFilter;

use super::error::{ConfigError, wrong};

/// The modules of this program: its library and its binary.
const OURS: [&str; 2] = [env!("CARGO_CRATE_NAME"), "handler"];

/// Takes a filter, and gives it as `env_logger` writes it.
pub(super) fn log_filter(text: &str) -> Result<String, ConfigError> {
    let refused = || {
        wrong(
            "RUST_LOG",
            "is not a log filter: a level (off, error, warn, info, debug, trace), and module=level \
             for modules, as in warn,mio=debug",
        )
    };
    let (directives, pattern) = match text.split_once('/') {
        Some((directives, pattern)) => (directives, Some(pattern)),
        None => (text, None),
    };
    let directives: Option<Vec<_>> = directives
        .split(',')
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(directive)
        .collect();
    let mut filter = directives.ok_or_else(refused)?.join(",");
    if let Some(pattern) = pattern {
        filter = [&filter, "/", pattern].concat();
    }
    env_filter::Builder::new()
        .try_parse(&filter)
        .map_err(|_| refused())?;
    Ok(filter)
}

/// A level, a module with its level, or a module that can be nothing else.
fn directive(text: &str) -> Option<String> {
    let is_module = || text.contains("::") || OURS.contains(&text);
    match text.split_once('=') {
        Some((module, text)) => {
            Some([module.trim(), "=", level(text).unwrap_or(text.trim())].concat())
        }
        None => level(text)
            .or(is_module().then_some(text))
            .map(str::to_owned),
    }
}

/// A level's name in Rust.
fn level(text: &str) -> Option<&'static str> {
    let text = text.trim();
    let of_dot_net = [
        ("none", LevelFilter::Off),
        ("critical", LevelFilter::Error),
        ("warning", LevelFilter::Warn),
        ("information", LevelFilter::Info),
    ];
    of_dot_net
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text))
        .map(|(_, level)| level)
        .or(text.parse().ok())
        .map(|level: LevelFilter| level.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_the_names_of_rust_and_of_dot_net() {
        for (written, taken) in [
            ("info", "INFO"),
            ("Information", "INFO"),
            ("WARNING, mio=Information", "WARN,mio=INFO"),
            ("None", "OFF"),
            ("critical", "ERROR"),
            ("warn,mio=debug", "WARN,mio=DEBUG"),
            (
                "info,async_request_reply::api",
                "INFO,async_request_reply::api",
            ),
            ("async_request_reply=", "async_request_reply="),
            ("debug/x", "DEBUG/x"),
        ] {
            assert_eq!(log_filter(written).unwrap(), taken);
        }
    }

    #[test]
    fn a_word_that_is_no_level_is_refused() {
        for written in [
            "inf",
            "informational",
            "info,debgu",
            "mio",
            "loud=very",
            "3",
        ] {
            let refusal = log_filter(written).unwrap_err().to_string();
            assert!(refusal.contains("error, warn, info"), "{refusal}");
        }
    }
}
