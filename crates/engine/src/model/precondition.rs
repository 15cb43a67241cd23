//! In which version of its record a task is to be operated on: what a caller has seen of it.

use crate::model::id::TaskId;
use ports::ETag;

/// Versions of a record, as a caller names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Versions {
    /// Whichever it has.
    Any,
    /// These.
    These(Vec<ETag>),
}

impl Versions {
    fn contain(&self, version: Option<&ETag>) -> bool {
        match (self, version) {
            (Self::Any, _) => true,
            (Self::These(versions), Some(version)) => versions.contains(version),
            (Self::These(_), None) => false,
        }
    }
}

/// What must be true of the version that is changed. By default, nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Precondition {
    /// It is one of these.
    pub one_of: Option<Versions>,
    /// It is none of these.
    pub none_of: Option<Versions>,
}

impl Precondition {
    /// Whether it is true of a record that is in the store, in this version.
    pub fn holds(&self, version: Option<&ETag>) -> bool {
        self.allows(version) && !self.excludes(version)
    }

    /// Whether the version is among those it asks for, if it asks for any.
    pub fn allows(&self, version: Option<&ETag>) -> bool {
        self.one_of
            .as_ref()
            .is_none_or(|versions| versions.contain(version))
    }

    /// Whether the version is among those it does not want.
    pub fn excludes(&self, version: Option<&ETag>) -> bool {
        self.none_of
            .as_ref()
            .is_some_and(|versions| versions.contain(version))
    }
}

/// A task to be operated on. An id alone is the task in whichever version.
#[derive(Clone, Debug)]
pub struct Target {
    /// Which task.
    pub id: TaskId,
    /// In which version.
    pub only_if: Precondition,
}

impl Target {
    /// A task in this version alone; with `None` in none.
    pub(crate) fn in_version(id: TaskId, version: Option<ETag>) -> Self {
        let only_if = Precondition {
            one_of: Some(Versions::These(version.into_iter().collect())),
            none_of: None,
        };
        Self { id, only_if }
    }
}

impl From<TaskId> for Target {
    fn from(id: TaskId) -> Self {
        Self {
            id,
            only_if: Precondition::default(),
        }
    }
}
