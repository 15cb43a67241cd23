//! The kinds of work that come with the service, registered like anybody's, and those that are done
//! behind a URL.

mod fibonacci;
pub mod http;

use work::{Kinds, Policy, any};

use self::fibonacci::Fibonacci;
use engine::R0_KIND;

/// The kinds that come with the service. `max_number` bounds the Fibonacci index, of either sign.
pub fn standard(max_number: u64) -> Kinds {
    let policy = Policy::default()
        .description("Computes a Fibonacci number, exactly")
        .pure();
    Kinds::default().with(R0_KIND, any::of_blocking(Fibonacci { max_number }), policy)
}
