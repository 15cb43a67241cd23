//! What threads of the engine share, compiled once more over the locks of `shuttle`, which runs every
//! order of their steps. The tests are in the files themselves.
//!
//! A crate of its own, because a feature of the engine would reach every crate that is built with it,
//! and flags of the compiler would have everything built twice.

#![cfg_attr(
    test,
    expect(dead_code, unreachable_pub, reason = "the rest of the engine uses it")
)]

#[cfg(test)]
use engine::limits;

#[cfg(test)]
mod model {
    pub(crate) mod id {
        pub(crate) use engine::TaskId;
    }
    pub(crate) mod task {
        pub(crate) use engine::TaskRecord;
    }
}

#[cfg(test)]
mod local;
