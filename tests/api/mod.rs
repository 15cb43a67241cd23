//! What clients see, over real sockets: every row of the HTTP contract, on the embedded store.
//!
//! Each reply, the failures too, passes the checks of [`Reply`](crate::helpers::reply::Reply).

mod absence;
mod caches;
mod callbacks;
mod cancel;
mod conditions;
mod cors;
mod dead_letters;
mod dead_messages;
mod delete;
mod fetch;
mod fetching_at_once;
mod foreign_blobs;
mod hang_up;
mod health;
mod idempotency;
mod keys;
mod kinds;
mod large_results;
mod limits;
mod links;
mod list;
mod load;
mod locked;
mod malformed;
mod media_types;
mod monitor;
mod newer_version;
mod problems;
mod refused;
mod repeatable;
mod result;
mod retry;
mod retry_after;
mod revalidating;
mod routes;
mod submit;
mod waiting;
