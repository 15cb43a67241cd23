//! What R0 takes for granted: it knows one kind of work, and so its messages and results name none.

/// The kind that a body, a message or a result of R0 with a `number` in it is of.
pub const R0_KIND: &str = "fibonacci";
