//! What a client calls its task, to find it again among others: a few short texts.
//!
//! They travel in headers and in the XML of listings, and are joined by commas, so they are made of characters
//! that none of these minds.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::{LABEL_LENGTH, MAX_LABELS};
use ports::Head;

/// Up to [`MAX_LABELS`] different texts of 1 to [`LABEL_LENGTH`] letters, digits and `- _ . : / = @ +`. Most
/// tasks have none, and pay a word for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Option<Box<Box<str>>>);

/// Why texts are no labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotLabels {
    /// There are more than [`MAX_LABELS`].
    #[error("there may be {MAX_LABELS} at the most")]
    TooMany,
    /// The one at this place (from 0) is no label.
    #[error("a label has 1 to {LABEL_LENGTH} letters, digits and - _ . : / = @ +")]
    NotALabel(usize),
    /// The one at this place (from 0) is there twice.
    #[error("a label is there once")]
    Twice(usize),
}

impl Labels {
    /// In this order.
    pub fn new<'a>(labels: impl IntoIterator<Item = &'a str>) -> Result<Self, NotLabels> {
        let mut joined = String::new();
        for (place, label) in labels.into_iter().enumerate() {
            if place == MAX_LABELS {
                return Err(NotLabels::TooMany);
            }
            if !is_label(label) {
                return Err(NotLabels::NotALabel(place));
            }
            if place > 0 {
                if joined.split(',').any(|known| known == label) {
                    return Err(NotLabels::Twice(place));
                }
                joined.push(',');
            }
            joined.push_str(label);
        }
        let joined = Some(joined).filter(|joined| !joined.is_empty());
        Ok(Self(joined.map(|joined| Box::new(joined.into()))))
    }

    /// Those that a head shows. What is none of ours has none.
    pub fn of(head: &Head) -> Self {
        let labels = head.labels().map(|labels| Self::new(labels.split(',')));
        labels.and_then(Result::ok).unwrap_or_default()
    }

    /// Each, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|joined| joined.split(','))
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// As the head of a record has them.
    pub fn joined(&self) -> Option<&str> {
        self.0.as_deref().map(|joined| &**joined)
    }
}

/// Whether a text may be a label.
pub fn is_label(text: &str) -> bool {
    (1..=LABEL_LENGTH).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/=@+".contains(&byte))
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;

        impl<'de> Visitor<'de> for Texts {
            type Value = Labels;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of labels")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<Labels, A::Error> {
                let mut labels = Vec::<String>::new();
                while let Some(label) = texts.next_element()? {
                    labels.push(label);
                }
                Labels::new(labels.iter().map(String::as_str)).map_err(de::Error::custom)
            }
        }

        deserializer.deserialize_seq(Texts)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_are_few_short_different_and_plain() {
        let long = "x".repeat(LABEL_LENGTH);
        let labels = Labels::new(["a", "env=prod", &long]).unwrap();
        assert_eq!(labels.iter().collect::<Vec<_>>(), ["a", "env=prod", &long]);
        assert_eq!(Labels::new([]), Ok(Labels::default()));
        let longer = "x".repeat(LABEL_LENGTH + 1);
        for wrong in ["", "a b", "a,b", "ä", "a\n", "<", "100%", &longer] {
            assert_eq!(
                Labels::new(["a", wrong]),
                Err(NotLabels::NotALabel(1)),
                "{wrong}"
            );
        }
        assert_eq!(Labels::new(["a", "b", "a"]), Err(NotLabels::Twice(2)));
        let many: Vec<_> = (0..=MAX_LABELS).map(|n| n.to_string()).collect();
        let of = |labels: &[String]| Labels::new(labels.iter().map(String::as_str)).map(drop);
        assert_eq!(of(&many), Err(NotLabels::TooMany));
        assert_eq!(of(&many[1..]), Ok(()));
    }

    proptest! {
        #[test]
        fn labels_are_read_as_they_were_written(texts in prop::collection::vec("[a-c=/]{1,3}", 0..9)) {
            if let Ok(labels) = Labels::new(texts.iter().map(String::as_str)) {
                let json = serde_json::to_string(&labels).unwrap();
                prop_assert_eq!(&json, &serde_json::to_string(&texts).unwrap());
                prop_assert_eq!(serde_json::from_str::<Labels>(&json).unwrap(), labels);
            }
        }
    }
}
