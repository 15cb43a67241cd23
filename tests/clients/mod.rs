//! Clients of every kind in conversation with the service: those that `docs/clients.md` shows, the
//! pollers of the Azure SDKs, and the README's curl calls.

mod browser;
mod client;
mod documented;
mod examples;
mod front;
mod pollers;
mod programs;
mod walkthrough;
