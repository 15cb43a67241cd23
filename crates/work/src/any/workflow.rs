//! Workflows without their types, in each version that instances go on with.

use std::any::TypeId;
use std::marker::PhantomData;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use super::{AnyKind, Prepared, read, result};
use crate::workflow::Workflow;
use crate::{InvalidInput, schema};

/// A workflow without its types, in one version.
pub fn of_workflow(workflow: impl Workflow) -> Arc<dyn AnyKind> {
    Versions::of(workflow).into_any()
}

/// A workflow in its newest version, and in older ones whose instances have not all ended: new instances
/// begin with the newest, the others go on with what they began with.
///
/// An older one has a lower [`VERSION`](Workflow::VERSION), or this does not compile.
///
/// ```
/// use work::any::Versions;
/// use work::workflow::{Flow, Workflow};
/// use work::Failure;
///
/// struct Greeting;
/// struct FirstGreeting;
///
/// impl Workflow for Greeting {
///     const VERSION: u32 = 2;
///     type Input = String;
///     type Output = String;
///
///     async fn run(&self, _: Flow, name: String) -> Result<String, Failure> {
///         Ok(format!("Hello, {name}!"))
///     }
/// }
///
/// impl Workflow for FirstGreeting {
///     type Input = String;
///     type Output = String;
///
///     async fn run(&self, _: Flow, name: String) -> Result<String, Failure> {
///         Ok(format!("Hello {name}"))
///     }
/// }
///
/// let greeting = Versions::of(Greeting).and(FirstGreeting).into_any();
/// assert_eq!(greeting.version(), Some(2));
/// assert!(greeting.in_version(1).is_some());
/// ```
///
/// ```compile_fail
/// # use work::any::Versions;
/// # use work::workflow::{Flow, Workflow};
/// # use work::Failure;
/// # struct Greeting;
/// # impl Workflow for Greeting {
/// #     type Input = String;
/// #     type Output = String;
/// #     async fn run(&self, _: Flow, name: String) -> Result<String, Failure> {
/// #         Ok(name)
/// #     }
/// # }
/// let the_same_version_twice = Versions::of(Greeting).and(Greeting);
/// ```
pub struct Versions<Oldest> {
    newest: Arc<dyn AnyKind>,
    /// The newest of them first.
    older: Vec<Arc<dyn AnyKind>>,
    oldest: PhantomData<fn() -> Oldest>,
}

impl<W: Workflow> Versions<W> {
    /// This version.
    pub fn of(workflow: W) -> Self {
        Self {
            newest: Arc::new(Version(workflow)),
            older: Vec::new(),
            oldest: PhantomData,
        }
    }

    /// An older version beside.
    #[must_use]
    pub fn and<Older: Workflow>(mut self, older: Older) -> Versions<Older> {
        const {
            assert!(
                Older::VERSION < W::VERSION,
                "an older version has a lower number"
            );
        }
        self.older.push(Arc::new(Version(older)));
        Versions {
            newest: self.newest,
            older: self.older,
            oldest: PhantomData,
        }
    }

    /// Without the types.
    pub fn into_any(self) -> Arc<dyn AnyKind> {
        if self.older.is_empty() {
            return self.newest;
        }
        Arc::new(All {
            newest: self.newest,
            older: self.older,
        })
    }
}

impl<W: Workflow> From<W> for Versions<W> {
    fn from(workflow: W) -> Self {
        Self::of(workflow)
    }
}

struct Version<W>(W);

impl<W: Workflow> AnyKind for Version<W> {
    fn check(&self, input: &RawValue) -> Result<(), InvalidInput> {
        read(input, |input| self.0.check(input)).map(drop)
    }

    fn prepare(self: Arc<Self>, input: &RawValue) -> Result<Prepared, InvalidInput> {
        let input = read(input, |input| self.0.check(input))?;
        Ok(Prepared::Workflow(Box::new(move |flow, limit| {
            Box::pin(async move { result::written(self.0.run(flow, input).await?, limit) })
        })))
    }

    fn input_schema(&self) -> Option<Value> {
        schema::of_input::<W::Input>()
    }

    fn output_schema(&self) -> Option<Value> {
        schema::of_output::<W::Output>()
    }

    fn made_of(&self) -> Option<TypeId> {
        Some(TypeId::of::<W>())
    }

    fn version(&self) -> Option<u32> {
        Some(W::VERSION)
    }

    fn in_version(self: Arc<Self>, version: u32) -> Option<Arc<dyn AnyKind>> {
        (version == W::VERSION).then_some(self as _)
    }
}

/// More than one version: in all but [`in_version`](AnyKind::in_version) it is the newest.
struct All {
    newest: Arc<dyn AnyKind>,
    older: Vec<Arc<dyn AnyKind>>,
}

impl AnyKind for All {
    fn check(&self, input: &RawValue) -> Result<(), InvalidInput> {
        self.newest.check(input)
    }

    fn prepare(self: Arc<Self>, input: &RawValue) -> Result<Prepared, InvalidInput> {
        Arc::clone(&self.newest).prepare(input)
    }

    fn input_schema(&self) -> Option<Value> {
        self.newest.input_schema()
    }

    fn output_schema(&self) -> Option<Value> {
        self.newest.output_schema()
    }

    fn made_of(&self) -> Option<TypeId> {
        self.newest.made_of()
    }

    fn version(&self) -> Option<u32> {
        self.newest.version()
    }

    fn in_version(self: Arc<Self>, version: u32) -> Option<Arc<dyn AnyKind>> {
        let mut all = [&self.newest].into_iter().chain(&self.older);
        all.find_map(|kind| Arc::clone(kind).in_version(version))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serde_json::value::to_raw_value;

    use super::*;
    use crate::Failure;
    use crate::workflow::Flow;

    /// Greets, in its own words in each version.
    struct Greeting<const VERSION: u32>;

    impl<const VERSION: u32> Workflow for Greeting<VERSION> {
        const VERSION: u32 = VERSION;
        type Input = String;
        type Output = String;

        fn check(&self, name: &String) -> Result<(), InvalidInput> {
            match name.len() {
                0 => Err(InvalidInput::new("", "nobody is there")),
                _ => Ok(()),
            }
        }

        async fn run(&self, _: Flow, name: String) -> Result<String, Failure> {
            Ok(format!("Hello {name} in {VERSION}"))
        }
    }

    fn refusal(kind: &Arc<dyn AnyKind>, input: serde_json::Value) -> InvalidInput {
        let input = to_raw_value(&input).unwrap();
        let refused = Arc::clone(kind).prepare(&input).err().unwrap();
        assert_eq!(kind.check(&input), Err(refused.clone()));
        refused
    }

    #[test]
    fn a_workflow_is_a_kind_with_a_version() {
        let kind = of_workflow(Greeting::<3>);
        assert_eq!(kind.version(), Some(3));
        assert_eq!(kind.made_of(), Some(TypeId::of::<Greeting<3>>()));
        assert_eq!(kind.input_schema().unwrap()["type"], "string");
        assert_eq!(kind.output_schema().unwrap()["type"], "string");
        let input = to_raw_value("Ada").unwrap();
        assert!(kind.check(&input).is_ok());
        assert!(matches!(kind.prepare(&input), Ok(Prepared::Workflow(_))));
    }

    #[test]
    fn an_input_that_a_workflow_does_not_take_is_refused() {
        for kind in [
            of_workflow(Greeting::<1>),
            Versions::of(Greeting::<2>).and(Greeting::<1>).into_any(),
        ] {
            assert_eq!(refusal(&kind, json!("")).message, "nobody is there");
            assert_eq!(
                refusal(&kind, json!(7)).message,
                "invalid type, expected a string"
            );
        }
    }

    #[test]
    fn an_instance_finds_the_version_it_began_with() {
        let versions = Versions::of(Greeting::<7>)
            .and(Greeting::<4>)
            .and(Greeting::<1>);
        let kind = versions.into_any();
        assert_eq!(kind.version(), Some(7));
        assert_eq!(kind.made_of(), Some(TypeId::of::<Greeting<7>>()));
        assert!(kind.input_schema().is_some() && kind.output_schema().is_some());
        for (version, made_of) in [
            (7, TypeId::of::<Greeting<7>>()),
            (4, TypeId::of::<Greeting<4>>()),
            (1, TypeId::of::<Greeting<1>>()),
        ] {
            let found = Arc::clone(&kind).in_version(version).unwrap();
            assert_eq!(found.version(), Some(version));
            assert_eq!(found.made_of(), Some(made_of));
        }
        assert!(Arc::clone(&kind).in_version(5).is_none());
        assert!(of_workflow(Greeting::<2>).in_version(1).is_none());
    }
}
