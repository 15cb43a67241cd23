//! What a task is: pure values, and how they are stored and sent. Nothing here does I/O.

pub(crate) mod bulk;
pub(crate) mod callback;
pub(crate) mod count;
pub(crate) mod dead_letter;
pub(crate) mod due;
pub(crate) mod extensible;
pub(crate) mod id;
pub(crate) mod instance;
pub(crate) mod instance_name;
pub mod json;
pub(crate) mod labels;
pub(crate) mod message;
pub(crate) mod notice;
pub(crate) mod parcel;
pub(crate) mod precondition;
pub(crate) mod r0;
pub(crate) mod raw_json;
pub(crate) mod rules;
pub(crate) mod start;
pub(crate) mod stored;
pub(crate) mod task;
pub(crate) mod told;
pub(crate) mod trace;
pub(crate) mod wishes;
