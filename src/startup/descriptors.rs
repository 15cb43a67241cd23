//! File descriptors: each connection is one, and so is each file and each connection to storage.

/// The most connections at a time, over all threads: ten thousand idle ones, and some that work.
/// An idle one costs some 11 KiB, and one that is sending a head up to 128 KiB: 1.5 GiB at worst.
/// Clients beyond that wait in the system's queue until a connection ends.
const MAX_CONNECTIONS: usize = 12_000;

/// What the process keeps for itself on each of its threads: its part of the connections to
/// storage (see its `TURNS`, and the pools in `backends::azure`), and those of the runtime.
const RESERVED_PER_THREAD: usize = 144;

/// What the process keeps for itself beside that: the files of the embedded store, the log, the
/// socket that listens, files that a kind of work opens.
const RESERVED: usize = 112;

/// Fewer than this are worth a warning.
const FEW: usize = 1_000;

/// Raises the limit as far as it may be raised, and says how many connections each of these many
/// server threads may have, so that a flood of clients leaves storage what it needs.
pub(super) fn max_connections(threads: usize) -> usize {
    // Where there is no such limit, as on Windows, the number that was asked for comes back.
    let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap_or_else(|error| {
        log::warn!("the limit of file descriptors cannot be raised: {error}");
        rlimit::increase_nofile_limit(0).unwrap_or(0)
    });
    let connections = share(usize::try_from(limit).unwrap_or(usize::MAX), threads);
    if connections < FEW {
        log::warn!(
            "the limit of {limit} file descriptors leaves room for {connections} connections: raise it (ulimit -n, or LimitNOFILE)"
        );
    }
    (connections / threads).max(1)
}

/// How many of so many descriptors may be connections. At least half: a limit that small serves few
/// clients, who then need little of storage.
fn share(limit: usize, threads: usize) -> usize {
    // The loop that works on messages has a thread of its own.
    let reserved = RESERVED + RESERVED_PER_THREAD * (threads + 1);
    limit
        .saturating_sub(reserved)
        .max(limit / 2)
        .min(MAX_CONNECTIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_keeps_its_part() {
        assert_eq!(share(1024, 2), 512);
        assert_eq!(share(4096, 2), 4096 - 544);
        assert_eq!(share(64, 2), 32);
    }

    #[test]
    fn memory_bounds_what_the_system_would_allow() {
        assert_eq!(share(1 << 30, 2), MAX_CONNECTIONS);
        assert_eq!(share(usize::MAX, 64), MAX_CONNECTIONS);
    }
}
