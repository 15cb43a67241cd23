//! Names of kinds of work: valid, or not to be had.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, de};

/// The longest name of a kind, in bytes.
const MAX_NAME: usize = 64;

/// What the names of the engine's own kinds begin with, and no other does.
const INTERNAL: &str = "_";

/// The name of a kind of work, as clients write it: 1 to 64 ASCII letters, digits, `-`, `_` and `.`, a
/// letter or a digit first. It can be told in a URL, a header and a metric.
///
/// Case counts: clients of other systems bring names such as `GenerateData`. But no two kinds have names
/// that [differ in case alone](Self::is_like). A clone shares the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindName(Arc<str>);

/// Why a text is no name of a kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// It could not be told in a URL, a header or a metric. Holds its beginning.
    #[error(
        "the name {0:?} of a kind of work cannot be used: \
         it has 1 to {MAX_NAME} letters, digits, '-', '_' and '.', a letter or a digit first"
    )]
    Form(String),
    /// It stands for the kinds that nobody registered.
    #[error(
        "a kind of work cannot be named {:?}: that is how unknown ones are counted",
        KindName::UNKNOWN
    )]
    Reserved,
}

impl KindName {
    /// What a task is counted under whose kind nobody registered; no kind has this name.
    pub const UNKNOWN: &'static str = "unknown";

    /// The name with this text.
    ///
    /// # Errors
    ///
    /// The text is no name of a kind, or [reserved](Self::UNKNOWN).
    pub fn new(name: &str) -> Result<Self, InvalidName> {
        let begins_well = name.starts_with(|first: char| first.is_ascii_alphanumeric());
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !(begins_well && name.len() <= MAX_NAME && name.bytes().all(is_fit)) {
            Err(InvalidName::Form(name.chars().take(MAX_NAME).collect()))
        } else if name.eq_ignore_ascii_case(Self::UNKNOWN) {
            Err(InvalidName::Reserved)
        } else {
            Ok(Self(name.into()))
        }
    }

    /// What the engine calls a kind of its own: no kind of anybody else can be named so.
    pub fn internal(name: &str) -> Self {
        Self([INTERNAL, name].concat().into())
    }

    /// Whether two names are one for who does not look at case, so that one of them would be taken for a
    /// slip of the other.
    pub fn is_like(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }

    /// Whether the kind comes with the engine.
    pub fn is_internal(&self) -> bool {
        self.0.starts_with(INTERNAL)
    }

    /// What the tests of a kind call it.
    pub(crate) fn of_test() -> Self {
        Self("test".into())
    }

    /// The text, shared.
    pub(crate) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KindName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for KindName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// So that a map with names for keys is asked with a text.
impl Borrow<str> for KindName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for KindName {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, InvalidName> {
        Self::new(name)
    }
}

impl TryFrom<&str> for KindName {
    type Error = InvalidName;

    fn try_from(name: &str) -> Result<Self, InvalidName> {
        Self::new(name)
    }
}

impl<'de> Deserialize<'de> for KindName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = KindName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a kind of work")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<KindName, E> {
                KindName::new(name).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_that_cannot_travel_is_refused() {
        assert_eq!(
            KindName::new("word count").unwrap_err().to_string(),
            "the name \"word count\" of a kind of work cannot be used: it has 1 to 64 letters, \
             digits, '-', '_' and '.', a letter or a digit first"
        );
        let long = "x".repeat(MAX_NAME + 1);
        for name in [
            "",
            "wörter",
            "Wörter",
            "a\r\nx-forged: 1",
            "-word",
            "word/count",
            &long,
        ] {
            let refusal = KindName::new(name).unwrap_err();
            assert!(matches!(refusal, InvalidName::Form(_)), "{name:?}");
            assert!(!refusal.to_string().contains('\n'), "{refusal}");
        }
        assert!(KindName::new(&long[1..]).is_ok());
    }

    #[test]
    fn the_name_of_unknown_kinds_is_refused() {
        let refusal = KindName::new("unknown").unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "a kind of work cannot be named \"unknown\": that is how unknown ones are counted"
        );
        assert_eq!(KindName::new("Unknown"), Err(InvalidName::Reserved));
        assert!(KindName::new("unknowns").is_ok());
    }

    #[test]
    fn a_text_of_any_length_is_shown_in_short() {
        let refusal = KindName::new(&"é".repeat(5_000)).unwrap_err();
        assert!(refusal.to_string().len() < 300, "{refusal}");
    }

    #[test]
    fn a_name_in_json_is_a_string_that_is_checked() {
        let name: KindName = serde_json::from_str("\"word-count\"").unwrap();
        assert_eq!(name.as_str(), "word-count");
        for json in ["\"word count\"", "\"unknown\"", "24", "null"] {
            assert!(serde_json::from_str::<KindName>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn case_counts_and_names_that_differ_in_nothing_else_are_alike() {
        let [name, other] =
            ["GenerateData", "generateData"].map(|name| KindName::new(name).unwrap());
        assert_ne!(name, other);
        assert!(name.is_like(&other));
        assert!(!name.is_like(&KindName::new("generate-data").unwrap()));
    }

    #[test]
    fn a_map_of_names_is_asked_with_a_text() {
        let map = BTreeMap::from([(KindName::new("b").unwrap(), 1)]);
        assert_eq!(map.get("b"), Some(&1));
        assert_eq!(map.get("a"), None);
    }

    proptest! {
        #[test]
        fn what_has_the_form_is_a_name(text in "[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}") {
            prop_assume!(!text.eq_ignore_ascii_case(KindName::UNKNOWN));
            prop_assert_eq!(KindName::new(&text).unwrap().to_string(), text);
        }

        #[test]
        fn a_name_comes_back_from_its_text(text in "\\PC{0,5}|[-a-zA-Z0-9._ ]{0,70}") {
            if let Ok(name) = KindName::new(&text) {
                prop_assert_eq!(name.to_string(), &*text);
                prop_assert_eq!(text.parse(), Ok(name.clone()));
                prop_assert_eq!(KindName::try_from(&*text), Ok(name));
                prop_assert!(text.len() <= MAX_NAME && text.is_ascii());
                prop_assert!(!text.contains(' '));
            }
        }
    }
}
