//! What a task may cost. The figures only go down: one that has to rise says why in its commit.

/// What one task allocates in the whole process, from the first byte of its request to the deletion
/// of its message, at the log level and in the log format that are the default.
///
/// They are of the development profile, in which tests are built. Another release of Rust or of a crate
/// may move them.
#[derive(Clone, Copy)]
pub(super) struct Allocations {
    /// Calls of the allocator that give memory, new or more.
    pub(super) count: u32,
    /// What they give, in bytes.
    pub(super) bytes: u32,
}

/// `POST`, then a `GET` that waits and consumes. Whether the task ends before the `GET` comes (149.8
/// and 26,300) or after (some 3 and 170 more) depends on the machine; the figure is in the middle.
pub(super) const SUBMIT_THEN_FETCH: Allocations = Allocations {
    count: 150,
    bytes: 27_180,
};

/// `POST` with `Prefer: wait`, which leaves the record.
pub(super) const SUBMIT_AND_WAIT: Allocations = Allocations {
    count: 112,
    bytes: 19_940,
};

/// How far a count may be from its figure, either way. On a busy machine threads meet each other in
/// other states, and more writes share a commit; see [`SUBMIT_THEN_FETCH`].
pub(super) const COUNT_TOLERANCE: f64 = 3.0;

/// The same for bytes, as a part of the figure. How large the state of an async function is, is up to
/// the compiler.
pub(super) const BYTES_TOLERANCE: f64 = 0.03;

/// How often a large result is in memory at a time, at the most: as the value that the kind gives or the
/// record that is written, and as its text; and what comes with them.
pub(super) const COPIES_OF_A_RESULT: f64 = 2.3;

/// What one task of either shape asks of storage when nothing goes wrong, but for receiving: how
/// often the loop looks depends on the time that a task takes. See [`RECEIVES`] for that.
pub(super) const SUBMIT_THEN_FETCH_OPERATIONS: &[(&str, u64)] = &[
    ("create_record", 1),
    ("delete_message", 1),
    ("delete_record", 1),
    ("read_record", 1),
    ("replace_record", 1),
    ("send_message", 1),
];

/// As [`SUBMIT_THEN_FETCH_OPERATIONS`]: nothing is read, and the record stays.
pub(super) const SUBMIT_AND_WAIT_OPERATIONS: &[(&str, u64)] = &[
    ("create_record", 1),
    ("delete_message", 1),
    ("replace_record", 1),
    ("send_message", 1),
];

/// How often the loop looks for messages when a task comes into an idle process.
pub(super) const RECEIVES: u64 = 1;

/// All that a task asks of a storage account when it begins where it was accepted.
pub(super) const EARLY_OPERATIONS: &[(&str, u64)] = &[
    ("create_record", 1),
    ("delete_message", 1),
    ("replace_record", 1),
    ("send_message", 1),
];

/// What a process without a host asks of a storage account in an hour without tasks: a look into the
/// queue every half minute; every minute a look into the poison queue, and one at the records.
pub(super) const IDLE_HOUR: &[(&str, u64)] = &[("list_records", 60), ("receive_messages", 180)];

/// What five minutes of one attempt ask beside that: a sign of life every five seconds, a renewal every half
/// minute, and with each sweep the lengths of both queues and a look at the front, for signs of others.
pub(super) const LASTING_WORK: &[(&str, u64)] = &[
    ("count_messages", 10),
    ("list_records", 5),
    ("peek_message", 5),
    ("receive_messages", 15),
    ("replace_record", 60),
    ("update_message", 10),
];

/// Commits of the embedded store, step by step, and how many of them wait for the disk.
pub(super) const COMMITS: &[(&str, u64, u64)] = &[
    ("look into an empty queue", 1, 0),
    ("submit: record, message", 1, 1),
    ("receive", 1, 0),
    ("work: record, message", 1, 1),
    ("find", 0, 0),
    ("consume", 1, 1),
];

/// Commits of an array of submissions, by its key: with one, a commit claims it, one those of the others, one makes
/// the tasks, and one notes that they are accepted.
pub(super) const MANY_COMMITS: &[(Option<&str>, u64)] = &[(None, 1), (Some("k"), 4)];

/// What instances of workflows ask of a storage account but for receiving, from the submission on.
pub(super) const WORKFLOWS: &[(&str, &[(&str, u64)])] = &[
    // One write a step, before the next begins; the last one is that of the end.
    (
        "3 steps with effects",
        &[
            ("create_record", 1),
            ("delete_message", 1),
            ("replace_record", 3),
            ("send_message", 1),
        ],
    ),
    (
        "no step",
        &[
            ("create_record", 1),
            ("delete_message", 1),
            ("replace_record", 1),
            ("send_message", 1),
        ],
    ),
    // They are written with the end alone.
    (
        "20 pure steps",
        &[
            ("create_record", 1),
            ("delete_message", 1),
            ("replace_record", 1),
            ("send_message", 1),
        ],
    ),
    // Four more than no step: its message is sent and deleted, the record read and written.
    (
        "a step elsewhere",
        &[
            ("create_record", 1),
            ("delete_message", 2),
            ("read_record", 1),
            ("replace_record", 2),
            ("send_message", 2),
        ],
    ),
    // As many for the timer, and one for the step.
    (
        "a timer and a step",
        &[
            ("create_record", 1),
            ("delete_message", 2),
            ("read_record", 1),
            ("replace_record", 3),
            ("send_message", 2),
        ],
    ),
    // The timer that nobody waits for any more comes as well; the client reads the record and sends.
    (
        "an event and a step",
        &[
            ("create_record", 1),
            ("delete_message", 3),
            ("read_record", 3),
            ("replace_record", 3),
            ("send_message", 3),
        ],
    ),
    // Each is sent, added and deleted. Where no other one of the process is under way it also asks whether it was
    // the last, as here in memory, where a call takes no time.
    (
        "100 members",
        &[
            ("add_to_tally", 100),
            ("count_tally", 99),
            ("create_record", 1),
            ("delete_message", 101),
            ("open_tally", 1),
            ("read_record", 1),
            ("read_tally", 1),
            ("replace_record", 2),
            ("send_message", 101),
        ],
    ),
    // Only the last 128 may have to ask. Four messages bring parts of them; what they gave is too large for the record.
    (
        "1,000 members",
        &[
            ("add_to_tally", 1_000),
            ("count_tally", 128),
            ("create_record", 1),
            ("delete_message", 1_005),
            ("open_tally", 1),
            ("read_record", 6),
            ("read_tally", 1),
            ("replace_record", 3),
            ("send_message", 1_005),
        ],
    ),
    // 32 in a message, which brings their inputs along.
    (
        "320 quick members",
        &[
            ("add_to_tally", 10),
            ("count_tally", 9),
            ("create_record", 1),
            ("delete_message", 11),
            ("open_tally", 1),
            ("read_record", 2),
            ("read_tally", 1),
            ("replace_record", 3),
            ("send_message", 11),
        ],
    ),
    // As a member, and one for each step.
    (
        "100 children of 3 steps",
        &[
            ("add_to_tally", 100),
            ("count_tally", 99),
            ("create_record", 101),
            ("delete_message", 101),
            ("open_tally", 1),
            ("read_record", 1),
            ("read_tally", 1),
            ("replace_record", 202),
            ("send_message", 101),
        ],
    ),
];
