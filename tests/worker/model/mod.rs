//! Random histories of a few tasks: clients, workers, sweeps, time and deaths, in any order. After
//! each step no promise is broken, and in the end, when everything is quiet, every accepted task
//! has ended.
//!
//! `script` makes the histories, `system` and `acts` play them against the domain over storage in
//! memory, and `ledger` holds what was seen against what may be.
//!
//! A history that failed once is kept in `proptest-regressions`, and played first from then on. It
//! belongs into the repository.

mod acts;
mod ledger;
mod script;
mod system;

use proptest::test_runner::Config;
use proptest_state_machine::prop_state_machine;
use system::System;

prop_state_machine! {
    // 256 histories, or as many as `PROPTEST_CASES` says.
    #![proptest_config(Config { max_shrink_iters: 2_000, ..Config::default() })]

    #[test]
    fn no_history_breaks_a_promise(sequential 1..60 => System);
}
