//! Codes of failures: what a program goes by.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest code, in bytes.
const MAX_CODE: usize = 64;

/// The code of a failure, for programs: `PascalCase`, 1 to 64 ASCII letters and digits, an upper-case
/// letter first. It is stable, and travels in a header.
///
/// ```
/// use work::{ErrorCode, Failure};
///
/// const NOT_FOUND: ErrorCode = ErrorCode::literal("NotFound");
/// let failure = Failure::permanent(NOT_FOUND, "the page is not there");
/// ```
///
/// A literal that is no code does not compile:
///
/// ```compile_fail
/// # use work::ErrorCode;
/// const NOT_FOUND: ErrorCode = ErrorCode::literal("not found");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ErrorCode(Cow<'static, str>);

/// A text that is no code of a failure. Holds its beginning.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no code of a failure: it has 1 to {MAX_CODE} letters and digits, in PascalCase")]
pub struct InvalidCode(String);

impl ErrorCode {
    /// The code with this text, for a `const`: there a text that is no code does not compile.
    ///
    /// # Panics
    ///
    /// Outside a `const`, when the text is no code. [`new`](Self::new) gives an error instead.
    pub const fn literal(code: &'static str) -> Self {
        assert!(
            is_code(code),
            "a code has 1 to 64 letters and digits, in PascalCase"
        );
        Self(Cow::Borrowed(code))
    }

    /// The code with this text, which is copied.
    ///
    /// # Errors
    ///
    /// The text is no code.
    pub fn new(code: &str) -> Result<Self, InvalidCode> {
        if is_code(code) {
            Ok(Self(Cow::Owned(code.to_owned())))
        } else {
            Err(InvalidCode::of(code))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl InvalidCode {
    fn of(code: &str) -> Self {
        Self(code.chars().take(MAX_CODE).collect())
    }
}

const fn is_code(code: &str) -> bool {
    let bytes = code.as_bytes();
    if bytes.is_empty() || bytes.len() > MAX_CODE || !bytes[0].is_ascii_uppercase() {
        return false;
    }
    let mut index = 1;
    while index < bytes.len() {
        if !bytes[index].is_ascii_alphanumeric() {
            return false;
        }
        index += 1;
    }
    true
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        code.try_into().map_err(de::Error::custom)
    }
}

impl AsRef<str> for ErrorCode {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&'static str> for ErrorCode {
    type Error = InvalidCode;

    fn try_from(code: &'static str) -> Result<Self, InvalidCode> {
        if is_code(code) {
            Ok(Self(Cow::Borrowed(code)))
        } else {
            Err(InvalidCode::of(code))
        }
    }
}

impl TryFrom<String> for ErrorCode {
    type Error = InvalidCode;

    fn try_from(code: String) -> Result<Self, InvalidCode> {
        if is_code(&code) {
            Ok(Self(Cow::Owned(code)))
        } else {
            Err(InvalidCode::of(&code))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_that_cannot_travel_in_a_header_is_no_code() {
        for code in ["NotYet", "E42", "A"] {
            assert_eq!(ErrorCode::try_from(code).unwrap().as_str(), code);
        }
        for code in [
            "",
            "not yet",
            "notYet",
            "NotYet\r\nx-forged: 1",
            "Zu spät",
            "4Ever",
        ] {
            let refusal = ErrorCode::try_from(code).unwrap_err();
            assert!(!refusal.to_string().contains('\n'), "{refusal}");
            assert_eq!(ErrorCode::try_from(code.to_owned()), Err(refusal));
        }
        let long = "X".repeat(MAX_CODE + 1);
        assert!(ErrorCode::new(&long).is_err());
        assert!(ErrorCode::new(&long[1..]).is_ok());
    }

    #[test]
    fn a_refusal_tells_the_rule() {
        assert_eq!(
            ErrorCode::new("not yet").unwrap_err().to_string(),
            "\"not yet\" is no code of a failure: it has 1 to 64 letters and digits, in PascalCase"
        );
    }

    proptest! {
        #[test]
        fn what_has_the_form_is_a_code(text in "[A-Z][a-zA-Z0-9]{0,63}") {
            prop_assert_eq!(ErrorCode::new(&text).unwrap().to_string(), text);
        }

        #[test]
        fn a_code_is_letters_and_digits(text in "\\PC{0,5}|[a-zA-Z0-9 _-]{0,70}") {
            let code = ErrorCode::new(&text);
            prop_assert_eq!(&ErrorCode::try_from(text.clone()), &code);
            if let Ok(code) = code {
                prop_assert!(code.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric()));
                prop_assert!((1..=MAX_CODE).contains(&text.len()));
            }
        }
    }
}
