//! The kinds of work that this process does: how their tasks are treated, and what was seen of them.

use crate::local::metrics::seen::Seen;
use crate::policies::Treatment;
use crate::tasks::service::Tasks;
use work::Registered;

/// A kind of work, as this process does it.
pub struct KnownKind<'a> {
    /// Its name, its schemas and what does the work.
    pub registered: &'a Registered,
    /// How its tasks are treated.
    pub treatment: Treatment,
    /// What this process has seen of them.
    pub seen: Seen,
}

impl Tasks {
    /// The names of the workflows, in their order.
    pub fn workflows(&self) -> impl Iterator<Item = &str> {
        let kinds = self.parts.kinds.iter();
        let workflows = kinds.filter(|registered| registered.kind.version().is_some());
        workflows.map(|registered| registered.name.as_str())
    }

    /// The kinds, in the order of their names. All that is told is known here: storage is not asked.
    pub fn kinds(&self) -> impl Iterator<Item = KnownKind<'_>> {
        let parts = &*self.parts;
        parts.kinds.iter().map(|registered| KnownKind {
            registered,
            treatment: Treatment::of(registered, parts.settings.retention),
            seen: parts.endings.metrics.seen(&registered.name),
        })
    }
}
