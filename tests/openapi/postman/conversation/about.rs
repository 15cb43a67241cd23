//! What the service tells of itself.

use super::{PLAIN, Step};

pub(super) const STEPS: &[Step] = &[
    Step {
        name: "Read the counters",
        operation: "getMetrics",
        ..PLAIN
    },
    Step {
        name: "Read the description",
        operation: "getOpenapi",
        ..PLAIN
    },
    Step {
        name: "Read the description in OpenAPI 3.0",
        operation: "getOpenapi30",
        ..PLAIN
    },
    Step {
        name: "Open the interactive page",
        operation: "getDocs",
        ..PLAIN
    },
];
