//! What is asked about failures.

use super::{PLAIN, Step};

pub(super) const STEPS: &[Step] = &[
    Step {
        name: "What failed?",
        operation: "listDeadLetters",
        query: &[("kind", "fibonacci"), ("top", "10")],
        script: &["pm.test('nothing did', () => pm.expect(pm.response.json().value).to.eql([]));"],
        ..PLAIN
    },
    Step {
        name: "Look at what has not failed",
        operation: "getDeadLetter",
        statuses: &[404],
        ..PLAIN
    },
    Step {
        name: "Replay what has not failed",
        operation: "replayDeadLetter",
        statuses: &[409],
        ..PLAIN
    },
    Step {
        name: "How many would be replayed?",
        operation: "replayDeadLetters",
        query: &[("kind", "fibonacci"), ("dryRun", "true")],
        script: &["pm.test('none', () => pm.expect(pm.response.json().count).to.equal(0));"],
        ..PLAIN
    },
    Step {
        name: "Delete what failed",
        operation: "deleteDeadLetters",
        statuses: &[202],
        query: &[("kind", "fibonacci")],
        ..PLAIN
    },
];
