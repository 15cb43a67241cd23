//! The kinds that a process can do, by name.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::any::AnyKind;
use crate::workflow::replay::{Names, NoName};
use crate::{InvalidName, InvalidPolicy, KindName, Policy};

/// How many kinds are named to a client that asks for one that is not known.
const MAX_NAMES: usize = 20;

/// The kinds this process can do, by name.
#[derive(Clone, Default)]
pub struct Kinds {
    by_name: BTreeMap<KindName, Registered>,
    /// What the types of kinds are named, if they have one name.
    by_type: BTreeMap<TypeId, Option<KindName>>,
    /// The first that could not be registered.
    refused: Option<KindRefused>,
}

/// A kind that can be done.
#[derive(Clone)]
pub struct Registered {
    /// What clients call it.
    pub name: KindName,
    /// What does the work.
    pub kind: Arc<dyn AnyKind>,
    /// How its tasks are treated.
    pub policy: Policy,
}

/// Why a kind cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KindRefused {
    /// Its name is none.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// There is one with its name.
    #[error("two kinds of work have the name \"{0}\"")]
    Twice(KindName),
    /// There is one whose name differs in case alone.
    #[error("two kinds of work have names that differ in case alone: \"{0}\" and \"{1}\"")]
    Alike(KindName, KindName),
    /// Its policy makes no sense.
    #[error("the policy of the kind of work \"{name}\" is wrong: {wrong}")]
    Policy {
        /// The kind's name.
        name: KindName,
        /// What is wrong.
        wrong: InvalidPolicy,
    },
}

impl Kinds {
    /// Adds a kind. One that cannot be added is told of by [`checked`](Self::checked), without which
    /// the service does not start.
    #[must_use]
    pub fn with(mut self, name: &str, kind: Arc<dyn AnyKind>, policy: Policy) -> Self {
        if let Err(refusal) = self.add(name, kind, policy) {
            self.refused.get_or_insert(refusal);
        }
        self
    }

    /// Adds a kind of the engine's own, which is done and not told of: no client can submit its tasks.
    #[must_use]
    pub fn with_internal(mut self, name: &str, kind: Arc<dyn AnyKind>, policy: Policy) -> Self {
        let name = KindName::internal(name);
        let registered = Registered {
            name: name.clone(),
            kind,
            policy,
        };
        self.by_name.insert(name, registered);
        self
    }

    fn add(
        &mut self,
        name: &str,
        kind: Arc<dyn AnyKind>,
        policy: Policy,
    ) -> Result<(), KindRefused> {
        let name = KindName::new(name)?;
        if self.by_name.contains_key(&name) {
            return Err(KindRefused::Twice(name));
        }
        if let Some(other) = self.by_name.keys().find(|other| other.is_like(&name)) {
            return Err(KindRefused::Alike(other.clone(), name));
        }
        if let Err(wrong) = policy.checked() {
            return Err(KindRefused::Policy { name, wrong });
        }
        if let Some(made_of) = kind.made_of() {
            let named = self.by_type.entry(made_of);
            named
                .and_modify(|named| *named = None)
                .or_insert_with(|| Some(name.clone()));
        }
        let registered = Registered {
            name: name.clone(),
            kind,
            policy,
        };
        self.by_name.insert(name, registered);
        Ok(())
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

    /// Finds a kind by the name a client or a message used.
    pub fn get(&self, name: &str) -> Option<&Registered> {
        self.by_name.get(name)
    }

    /// The kinds, in the order of their names, without the engine's own.
    pub fn iter(&self) -> impl Iterator<Item = &Registered> {
        self.every()
            .filter(|registered| !registered.name.is_internal())
    }

    /// All kinds, the engine's own included.
    pub fn every(&self) -> impl Iterator<Item = &Registered> {
        self.by_name.values()
    }

    /// The names, for a client to read: all of a handful, and how many more there are.
    pub fn names_for_people(&self) -> String {
        let mut names: Vec<_> = self.iter().map(|kind| kind.name.as_str()).collect();
        let others = names.len().saturating_sub(MAX_NAMES);
        let more = format!("{others} others");
        if others > 0 {
            names.truncate(MAX_NAMES);
            names.push(&more);
        }
        names.join(", ")
    }
}

/// So that a workflow finds what it calls by its type.
impl Names for Kinds {
    fn name_of(&self, made_of: TypeId) -> Result<Arc<str>, NoName> {
        match self.by_type.get(&made_of) {
            None => Err(NoName::NotRegistered),
            Some(None) => Err(NoName::Ambiguous),
            Some(Some(name)) => Ok(name.shared()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::Value;

    use super::*;
    use crate::{BlockingKind, Context, Failure, any};

    struct Echo;

    impl BlockingKind for Echo {
        type Input = Value;
        type Output = Value;

        fn run(&self, input: Value, _: &Context) -> Result<Value, Failure> {
            Ok(input)
        }
    }

    fn with<'a>(names: impl IntoIterator<Item = &'a str>) -> Kinds {
        names.into_iter().fold(Kinds::default(), |kinds, name| {
            kinds.with(name, any::of_blocking(Echo), Policy::default())
        })
    }

    fn refusal(kinds: Kinds) -> String {
        kinds.checked().err().unwrap().to_string()
    }

    #[test]
    fn a_kind_is_found_by_its_name() {
        let kinds = with([]).with(
            "echo",
            any::of_blocking(Echo),
            Policy::default().attempts(3),
        );
        let kinds = kinds.checked().ok().unwrap();
        let echo = kinds.get("echo").unwrap();
        assert_eq!(echo.name.as_str(), "echo");
        assert_eq!(echo.policy.attempts, Some(3));
        assert!(kinds.get("Echo").is_none());
    }

    #[test]
    fn a_name_that_cannot_travel_stops_the_start() {
        for name in ["", "_word", "word count", "a\r\nx-forged: 1"] {
            let kinds = with(["echo", name]);
            assert_eq!(kinds.iter().count(), 1);
            let told = refusal(kinds);
            assert!(told.contains("cannot be used"), "{told}");
            assert!(!told.contains('\n'), "{told}");
        }
        assert!(refusal(with(["unknown"])).contains("cannot be named \"unknown\""));
    }

    #[test]
    fn a_name_is_registered_once() {
        let kinds = with(["echo", "echo"]);
        assert_eq!(refusal(kinds), "two kinds of work have the name \"echo\"");
        assert!(with(["echo"]).checked().is_ok());
    }

    #[test]
    fn names_that_differ_in_case_alone_stop_the_start() {
        let kinds = with(["echo", "Echo"]);
        assert_eq!(
            refusal(kinds),
            "two kinds of work have names that differ in case alone: \"echo\" and \"Echo\""
        );
        assert!(with(["GenerateData", "generate-data"]).checked().is_ok());
    }

    #[test]
    fn a_policy_that_makes_no_sense_stops_the_start() {
        let policy = Policy::default().time_limit(Duration::ZERO);
        let kinds = with([]).with("echo", any::of_blocking(Echo), policy);
        assert!(kinds.get("echo").is_none());
        assert_eq!(
            refusal(kinds),
            "the policy of the kind of work \"echo\" is wrong: a time limit of zero leaves no time \
             for the work"
        );
    }

    #[test]
    fn a_name_is_found_by_the_type_that_it_was_registered_with() {
        let echo = TypeId::of::<Echo>();
        let name = |kinds: Kinds| kinds.name_of(echo).map(|name| name.to_string());
        assert_eq!(name(with(["echo"])), Ok("echo".to_owned()));
        assert_eq!(name(with([])), Err(NoName::NotRegistered));
        assert_eq!(name(with(["echo", "again"])), Err(NoName::Ambiguous));
        // What was refused has no name.
        assert_eq!(name(with(["e cho", "echo", "echo"])), Ok("echo".to_owned()));
    }

    #[test]
    fn the_first_refusal_is_told() {
        let told = refusal(with(["no 1", "no 2", "third", "third"]));
        assert!(told.contains("\"no 1\""), "{told}");
    }

    #[test]
    fn a_kind_of_the_engines_own_is_found_and_not_told_of() {
        let echo = any::of_blocking(Echo);
        let kinds = with(["echo"]).with_internal("echo", echo, Policy::default());
        assert_eq!(kinds.names_for_people(), "echo");
        assert_eq!((kinds.iter().count(), kinds.every().count()), (1, 2));
        assert!(kinds.get("_echo").unwrap().name.is_internal());
        assert!(refusal(with(["_echo"])).contains("cannot be used"));
    }

    #[test]
    fn kinds_come_in_the_order_of_their_names() {
        let kinds = with(["c", "a", "b"]);
        let names: Vec<_> = kinds.iter().map(|kind| kind.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn a_handful_of_names_is_told_and_how_many_more_there_are() {
        assert_eq!(with([]).names_for_people(), "");
        assert_eq!(with(["b", "a"]).names_for_people(), "a, b");
        let names: Vec<_> = (10..33).map(|number| format!("k{number}")).collect();
        let all = with(names.iter().map(|name| &**name).take(MAX_NAMES));
        assert!(all.names_for_people().ends_with(", k28, k29"));
        let more = with(names.iter().map(|name| &**name));
        assert!(more.names_for_people().ends_with(", k28, k29, 3 others"));
    }
}
