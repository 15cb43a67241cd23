//! Too much of everything: clients that dawdle, floods, storage that stalls, disks that are full. The
//! service stays up, says so, and recovers.

mod crowds;
mod damage;
mod full_disk;
mod heads;
mod memory;
mod overload;
pub(crate) mod raw;
mod results;
mod slow;
