//! What somebody sends who means harm: over real sockets, by hand where no client would send it.

mod corpus;
mod headers;
mod ids;
