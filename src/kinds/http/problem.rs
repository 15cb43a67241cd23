//! Problem documents of others (RFC 9457): the code and the sentence of a failure.

use engine::text::beginning;
use serde::Deserialize;
use work::ErrorCode;

/// The longest sentence that is passed on, in bytes.
const LONGEST_MESSAGE: usize = 2_000;

/// What a service says of a failure.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) code: Option<ErrorCode>,
    pub(super) message: Option<String>,
}

/// The members that tell a program or a person something: those of RFC 9457, and the `error` of Azure's
/// guidelines. A member that is no text is passed over.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: Text,
    title: Text,
    detail: Text,
    error: Error,
}

#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Error {
    Object {
        #[serde(default)]
        code: Text,
        #[serde(default)]
        message: Text,
    },
    #[default]
    Other,
}

#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Text {
    Told(String),
    Other(serde::de::IgnoredAny),
    #[default]
    None,
}

impl Text {
    fn filled(self) -> Option<String> {
        match self {
            Self::Told(text) if !text.trim().is_empty() => Some(text),
            _ => None,
        }
    }
}

/// Reads a body that may be a problem document.
pub(super) fn read(body: &[u8]) -> Said {
    let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
        return Said::default();
    };
    let (code, message) = match problem.error {
        Error::Object { code, message } => (code.filled(), message.filled()),
        Error::Other => (None, None),
    };
    let code = code.or_else(|| problem.code.filled());
    let message = message
        .or_else(|| problem.detail.filled())
        .or_else(|| problem.title.filled());
    Said {
        code: code.and_then(|code| ErrorCode::new(&code).ok()),
        message: message.map(|message| beginning(&message, LONGEST_MESSAGE).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: Option<&'static str>, message: Option<&str>) -> Said {
        Said {
            code: code.map(ErrorCode::literal),
            message: message.map(str::to_owned),
        }
    }

    #[test]
    fn a_problem_tells_its_code_and_its_sentence() {
        for (body, code, message) in [
            (
                r#"{"title": "Bad page", "detail": "page 7 is empty", "code": "EmptyPage"}"#,
                Some("EmptyPage"),
                Some("page 7 is empty"),
            ),
            (
                r#"{"title": "Bad page", "error": {"code": "EmptyPage", "message": "it is empty"}}"#,
                Some("EmptyPage"),
                Some("it is empty"),
            ),
            (r#"{"title": "Bad page"}"#, None, Some("Bad page")),
            (r#"{"error": "no object"}"#, None, None),
            (r#"{"code": "not a code", "detail": ""}"#, None, None),
            (
                r#"{"code": 7, "detail": ["no", "text"], "title": "T"}"#,
                None,
                Some("T"),
            ),
            ("<html>", None, None),
            ("[]", None, None),
            ("", None, None),
        ] {
            assert_eq!(read(body.as_bytes()), said(code, message), "{body}");
        }
    }

    #[test]
    fn a_sentence_without_end_is_cut() {
        let body = format!(r#"{{"detail": "{}"}}"#, "ä".repeat(5_000));
        let message = read(body.as_bytes()).message.unwrap();
        assert_eq!(message.len(), LONGEST_MESSAGE);
    }
}
