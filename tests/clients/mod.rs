//! Clients of every kind in conversation with the service: those that `docs/clients` shows, the
//! pollers of the Azure SDKs, the README's curl calls, and others as they come: what their defaults
//! make of a connection is theirs to choose.

mod browser;
mod client;
mod documented;
mod examples;
mod front;
mod pollers;
mod programs;
mod stock;
mod walkthrough;
