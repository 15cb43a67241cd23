//! What clients see, over real sockets: every row of the HTTP contract, on the embedded store.
//!
//! Each reply, the failures too, passes the checks of [`Reply`](crate::helpers::reply::Reply).

mod absence;
mod fetch;
mod foreign_blobs;
mod hang_up;
mod health;
mod keys;
mod limits;
mod links;
mod load;
mod malformed;
mod media_types;
mod monitor;
mod refused;
mod result;
mod routes;
mod submit;
