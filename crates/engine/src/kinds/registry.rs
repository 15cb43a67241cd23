//! The kinds that this process can do, by name; and what may be a name at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::task::UNKNOWN_KIND;

use super::{AnyKind, Fibonacci, Kind};

/// The longest name of a kind, in bytes.
const MAX_NAME: usize = 64;

/// How many kinds are named to a client that asks for one that is not known.
const MAX_NAMES: usize = 20;

/// The kinds this process can do, by name.
#[derive(Clone, Default)]
pub struct Kinds {
    by_name: BTreeMap<&'static str, Arc<dyn AnyKind>>,
    /// The first that could not be registered.
    refused: Option<KindRefused>,
}

/// Why a kind cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KindRefused {
    /// Its name could not be told in a URL, a header or a metric.
    #[error(
        "the name {0:?} of a kind of work cannot be used: \
         it has 1 to {MAX_NAME} lower-case letters, digits, '-', '_' and '.', a letter or a digit first"
    )]
    Name(&'static str),
    /// Its name stands for the kinds that nobody registered.
    #[error(
        "a kind of work cannot be named {UNKNOWN_KIND:?}: that is how unknown ones are counted"
    )]
    Reserved,
    /// There is one with its name.
    #[error("two kinds of work have the name {0:?}")]
    Twice(&'static str),
}

impl Kinds {
    /// The kinds that come with the project. `max_number` bounds the Fibonacci index, either sign.
    pub fn standard(max_number: u64) -> Self {
        Self::default().with(Fibonacci { max_number })
    }

    /// Adds a kind. One that cannot be added is told of by [`checked`](Self::checked), without which
    /// the service does not start.
    #[must_use]
    pub fn with<K: Kind>(mut self, kind: K) -> Self {
        match self.refusal_of(K::NAME) {
            Some(refusal) => {
                self.refused.get_or_insert(refusal);
            }
            None => {
                self.by_name.insert(K::NAME, Arc::new(kind));
            }
        }
        self
    }

    /// These kinds, if each could be added.
    ///
    /// # Errors
    ///
    /// The first that could not.
    pub fn checked(self) -> Result<Self, KindRefused> {
        match self.refused {
            Some(refusal) => Err(refusal),
            None => Ok(self),
        }
    }

    fn refusal_of(&self, name: &'static str) -> Option<KindRefused> {
        let begins_well = name.starts_with(|first: char| first.is_ascii_alphanumeric());
        if !(is_safe(name) && begins_well) || name.contains(|any: char| any.is_ascii_uppercase()) {
            Some(KindRefused::Name(name))
        } else if name == UNKNOWN_KIND {
            Some(KindRefused::Reserved)
        } else if self.by_name.contains_key(name) {
            Some(KindRefused::Twice(name))
        } else {
            None
        }
    }

    /// Finds a kind by the name a client or a message used.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn AnyKind>> {
        self.by_name.get(name)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.by_name.keys().copied()
    }

    /// The names, for a client to read: all of a handful, and how many more there are.
    pub(crate) fn names_for_people(&self) -> String {
        let mut names: Vec<_> = self.names().take(MAX_NAMES).collect();
        let others = self.by_name.len() - names.len();
        let more = format!("{others} others");
        if others > 0 {
            names.push(&more);
        }
        names.join(", ")
    }

    /// The registered name that is equal to this one.
    pub fn name(&self, name: &str) -> Option<&'static str> {
        self.by_name.get_key_value(name).map(|(name, _)| *name)
    }
}

/// The texts a record's head can hold, which travels in headers. A message may name a kind that is
/// registered nowhere; a forged one must not become a forged header.
pub(crate) fn is_safe(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::kinds::{Attempt, Failure};

    /// A kind whose name is one of these texts.
    struct Named<const INDEX: usize>;

    const NAMES: [&str; 9] = [
        "word count",
        "",
        "Word",
        "wörter",
        "a\r\nx-forged: 1",
        "-word",
        "word/count",
        "0123456789012345678901234567890123456789012345678901234567890123x",
        UNKNOWN_KIND,
    ];

    impl<const INDEX: usize> Kind for Named<INDEX> {
        const NAME: &'static str = NAMES[INDEX];
        type Input = Value;
        type Output = Value;

        fn run(&self, input: Value, _: &Attempt) -> Result<Value, Failure> {
            Ok(input)
        }
    }

    fn refusal<K: Kind>(kind: K) -> String {
        let kinds = Kinds::standard(1).with(kind);
        assert_eq!(kinds.by_name.len(), 1);
        match kinds.checked() {
            Ok(_) => panic!("{:?} was taken", K::NAME),
            Err(refusal) => refusal.to_string(),
        }
    }

    #[test]
    fn a_name_that_cannot_travel_is_refused() {
        assert_eq!(
            refusal(Named::<0>),
            "the name \"word count\" of a kind of work cannot be used: it has 1 to 64 lower-case \
             letters, digits, '-', '_' and '.', a letter or a digit first"
        );
        for told in [
            refusal(Named::<1>),
            refusal(Named::<2>),
            refusal(Named::<3>),
            refusal(Named::<4>),
            refusal(Named::<5>),
            refusal(Named::<6>),
            refusal(Named::<7>),
        ] {
            assert!(told.contains("cannot be used"), "{told}");
            assert!(!told.contains('\n'), "{told}");
        }
        assert!(refusal(Named::<8>).contains("cannot be named \"unknown\""));
    }

    #[test]
    fn a_name_is_registered_once() {
        assert_eq!(
            refusal(Fibonacci { max_number: 2 }),
            "two kinds of work have the name \"fibonacci\""
        );
        assert!(Kinds::standard(1).checked().is_ok());
    }
}
