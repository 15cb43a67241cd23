//! What instances of workflows leave behind when a process dies between the deletion of some of it and that of
//! their record, or writes more of it after that: parts, tallies, and the names that clients gave.
//!
//! The pages of the walk tell of all of it. What is of a record on the same page, or young, costs nothing; whether
//! there is the record of another takes a look, of which a pass has [`ORPHAN_LOOKS`]. So each round through the
//! records begins its looks where they ran out in the one before.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;

use crate::limits::{ORPHAN_LOOKS, ORPHANED_AFTER, WALK_CONCURRENCY};
use crate::local::sync::{Mutex, lock};
use crate::model::id::TaskId;
use crate::model::instance::{instance_of_part, is_part, prefix_of};
use crate::model::instance_name;
use crate::records::Records;
use crate::sweep::refused::Refused;
use ports::{Clock, Listed, Page, StorageError, TaskStore, Timestamp};

/// Deletes what is left of instances that are gone.
#[derive(Clone)]
pub(crate) struct Orphans {
    store: Arc<dyn TaskStore>,
    records: Records,
    clock: Arc<dyn Clock>,
    rounds: Arc<Mutex<Rounds>>,
}

/// Which names the looks of a round did not come to.
#[derive(Default)]
struct Rounds {
    /// Where those of this round begin.
    from: Option<String>,
    /// Where they ran out for the first time in this round.
    left: Option<String>,
}

/// How many looks a pass has left.
pub(crate) struct Looks(usize);

impl Default for Looks {
    fn default() -> Self {
        Self(ORPHAN_LOOKS)
    }
}

/// What a page tells of one instance.
enum Left<'p> {
    /// The document of its name.
    Name(&'p Listed),
    /// Parts, and how many tallies.
    Parts {
        id: TaskId,
        parts: Vec<&'p Listed>,
        tallies: usize,
        modified_at: Timestamp,
    },
}

impl Left<'_> {
    fn modified_at(&self) -> Timestamp {
        match self {
            Self::Name(listed) => listed.modified_at,
            Self::Parts { modified_at, .. } => *modified_at,
        }
    }
}

impl Orphans {
    pub(crate) fn new(store: Arc<dyn TaskStore>, records: Records, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            records,
            clock,
            rounds: Arc::default(),
        }
    }

    /// Deletes what on this page is of no instance any more, and says how much that was.
    pub(crate) async fn clear(
        &self,
        page: &Page,
        looks: &mut Looks,
        is_over: &impl Fn() -> bool,
    ) -> Result<usize, StorageError> {
        let mut cleared = 0;
        let mut refused = Refused::default();
        for (name, left) in self.candidates(page) {
            if is_over() {
                break;
            }
            if looks.0 == 0 {
                let mut rounds = lock(&self.rounds);
                rounds.left.get_or_insert_with(|| name.to_owned());
                break;
            }
            looks.0 -= 1;
            match self.clear_one(left).await {
                Ok(some) => cleared += some,
                Err(error) => refused.unless_passing(error)?,
            }
        }
        refused.report("deleted");
        Ok(cleared)
    }

    /// All pages were seen: the next round begins.
    pub(crate) fn round_ended(&self) {
        let mut rounds = lock(&self.rounds);
        rounds.from = rounds.left.take();
    }

    /// What may be left of instances that are gone, by its name.
    fn candidates<'p>(&self, page: &'p Page) -> BTreeMap<&'p str, Left<'p>> {
        let mut found = BTreeMap::new();
        for listed in &page.items {
            let Some(head) = &listed.head else {
                continue;
            };
            if instance_name::is_name(&listed.name, head) {
                found.insert(&*listed.name, Left::Name(listed));
            } else if is_part(head) {
                note(&mut found, &listed.name, listed.modified_at, Some(listed));
            }
        }
        for tally in &page.tallies {
            note(&mut found, &tally.name, tally.modified_at, None);
        }
        if found.is_empty() {
            return found;
        }
        let now = self.clock.now();
        let from = lock(&self.rounds).from.clone().unwrap_or_default();
        found.retain(|name, left| {
            let is_here = match left {
                Left::Name(_) => false,
                Left::Parts { id, .. } => has(page, *id),
            };
            *name >= &*from && !is_here && now - left.modified_at() >= ORPHANED_AFTER
        });
        found
    }

    async fn clear_one(&self, left: Left<'_>) -> Result<usize, StorageError> {
        match left {
            Left::Name(listed) => {
                let stored = self.store.read(&listed.name).await?;
                let task = stored.and_then(|stored| instance_name::task_in(&stored.body));
                if let Some(task) = task
                    && self.is_there(task).await?
                {
                    return Ok(0);
                }
                Ok(usize::from(self.delete(listed).await?))
            }
            Left::Parts {
                id, parts, tallies, ..
            } => {
                if self.is_there(id).await? {
                    return Ok(0);
                }
                if tallies > 0 {
                    self.records.clear_tallies(&prefix_of(id)).await?;
                }
                let mut cleared = tallies;
                for some in parts.chunks(WALK_CONCURRENCY) {
                    let deletions = some.iter().map(|listed| self.delete(listed));
                    for deleted in join_all(deletions).await {
                        cleared += usize::from(deleted?);
                    }
                }
                log::info!("task.id" = id; "what was left of its instance is deleted");
                Ok(cleared)
            }
        }
    }

    /// Whether there is the record of a task.
    async fn is_there(&self, id: TaskId) -> Result<bool, StorageError> {
        Ok(self.store.look(&id.text(), 1).await?.is_some())
    }

    /// With its ETag: what was written anew meanwhile is of an instance that begins.
    async fn delete(&self, listed: &Listed) -> Result<bool, StorageError> {
        self.store.delete(&listed.name, Some(&listed.etag)).await
    }
}

/// Adds a part, or a tally, to what is known of its instance, under the name that all of that begins with.
fn note<'p>(
    found: &mut BTreeMap<&'p str, Left<'p>>,
    name: &'p str,
    changed_at: Timestamp,
    part: Option<&'p Listed>,
) {
    let Some((of_instance, id)) = instance_of_part(name) else {
        return;
    };
    let of_instance = found.entry(of_instance).or_insert(Left::Parts {
        id,
        parts: Vec::new(),
        tallies: 0,
        modified_at: changed_at,
    });
    if let Left::Parts {
        parts,
        tallies,
        modified_at,
        ..
    } = of_instance
    {
        *modified_at = changed_at.max(*modified_at);
        *tallies += usize::from(part.is_none());
        parts.extend(part);
    }
}

/// Whether the record of a task is on a page, which is in order.
fn has(page: &Page, id: TaskId) -> bool {
    let text = id.text();
    let found = page
        .items
        .binary_search_by(|listed| (*listed.name).cmp(&*text));
    found.is_ok()
}
