//! Handles for what a step calls: a kind, a blocking kind, another workflow, or whatever has a name.
//!
//! The first three are known by their types, and found under the name they were registered with. What is
//! not registered, or under two names, fails the step with the code `NotRegistered`.
//!
//! ```
//! use serde_json::Value;
//! use work::workflow::{Callee, callee};
//!
//! // A kind of the kinds file: what it takes and gives, the workflow has to know.
//! let thumbnail: Callee<Value, String> = callee::named("thumbnail");
//! assert_eq!(format!("{thumbnail:?}"), r#"Callee("thumbnail")"#);
//! ```

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Workflow;
use super::names::Callee;
use crate::{BlockingKind, Kind};

/// A kind of work that was registered with a value of this type.
pub fn kind<K: Kind>() -> Callee<K::Input, K::Output>
where
    K::Input: Serialize,
    K::Output: DeserializeOwned,
{
    Callee::made_of::<K>()
}

/// A kind of work that computes or blocks, and was registered with a value of this type.
pub fn blocking<K: BlockingKind>() -> Callee<K::Input, K::Output>
where
    K::Input: Serialize,
    K::Output: DeserializeOwned,
{
    Callee::made_of::<K>()
}

/// Another workflow, or the same, that was registered with a value of this type, in the newest version. It
/// becomes an instance of its own.
pub fn workflow<W: Workflow>() -> Callee<W::Input, W::Output> {
    Callee::made_of::<W>()
}

/// Whatever kind or workflow has this name: one of the kinds file, or one whose type is registered under
/// two names. A name that nobody registered fails the step with the code `NotRegistered`.
pub fn named<I: Serialize, O: DeserializeOwned>(name: &str) -> Callee<I, O> {
    Callee::named(name)
}
