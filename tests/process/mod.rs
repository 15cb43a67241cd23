//! The `handler` binary as an operator meets it: what it says, how it stops, what it keeps.

mod backup;
mod denied;
mod flows_together;
mod init;
mod init_crate;
mod keys;
mod logging;
mod private;
mod refusals;
mod restarts;
mod settings;
mod stalled_log;
mod starting;
mod stopping;
mod tracing;
mod upgrade;
