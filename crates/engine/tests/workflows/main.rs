//! Workflows on a store on disk: each message is delivered by the same loop as a service's.

mod bench;
mod control;
mod deaths;
mod dying;
mod fan_outs;
mod flows;
mod names;
mod steps;
