//! What a step calls, and how its name is found.

use std::any::{TypeId, type_name};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// What a step calls: a kind of work or a workflow, with the types of its input and its result.
/// [`callee`](crate::workflow::callee) makes them.
pub struct Callee<I, O> {
    which: Which,
    types: PhantomData<fn(&I) -> O>,
}

/// How what is called is known.
#[derive(Clone)]
pub(super) enum Which {
    /// By the type that it was registered with.
    Made { of: TypeId, type_name: &'static str },
    /// By the name that it was registered under.
    Named(Arc<str>),
}

impl<I, O> Callee<I, O> {
    /// What was registered with a value of this type.
    pub(super) fn made_of<T: 'static>() -> Self {
        Self::known(Which::Made {
            of: TypeId::of::<T>(),
            type_name: type_name::<T>(),
        })
    }

    /// What was registered under this name.
    pub(super) fn named(name: &str) -> Self {
        Self::known(Which::Named(name.into()))
    }

    fn known(which: Which) -> Self {
        Self {
            which,
            types: PhantomData,
        }
    }

    pub(super) fn which(&self) -> &Which {
        &self.which
    }
}

impl<I, O> Clone for Callee<I, O> {
    fn clone(&self) -> Self {
        Self::known(self.which.clone())
    }
}

/// As people know it: by its name, or by its type.
impl<I, O> fmt::Debug for Callee<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Callee").field(&self.which.told()).finish()
    }
}

/// Who knows under which name a type was registered: [`Kinds`](crate::Kinds).
pub trait Names: Send + Sync {
    /// The name of what was made of a value of this type.
    ///
    /// # Errors
    ///
    /// There is none, or more than one.
    fn name_of(&self, made_of: TypeId) -> Result<Arc<str>, NoName>;
}

/// Why a type has no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoName {
    /// Nothing was registered with it.
    NotRegistered,
    /// It was registered under more than one name.
    Ambiguous,
}

impl Which {
    /// As people know what is called.
    pub(super) fn told(&self) -> &str {
        match self {
            Self::Made { type_name, .. } => type_name,
            Self::Named(name) => name,
        }
    }

    /// The name of what is called.
    ///
    /// # Errors
    ///
    /// A sentence about why there is none.
    pub(super) fn name(&self, names: &dyn Names) -> Result<Arc<str>, String> {
        match self {
            Self::Named(name) => Ok(Arc::clone(name)),
            Self::Made { of, type_name } => names.name_of(*of).map_err(|none| match none {
                NoName::NotRegistered => format!("{type_name} is not registered"),
                NoName::Ambiguous => format!(
                    "{type_name} is registered under more than one name, so that the one that is \
                     meant has to be named"
                ),
            }),
        }
    }
}
