//! What the members of a fan-out gave, together. Each adds to a tally, and whoever may have been the last looks
//! whether it is whole: so no member waits for another, and the instance is written once.
//!
//! The count that comes with an add may lag, see [`TALLY_LAG`]. Whoever finds it near the end while no other add
//! of this process is under way asks for the exact one. The last adder anywhere always does.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::Workflows;
use super::standing::part_of;
use super::stuck::Stuck;
use crate::limits::TALLY_LAG;
use crate::model::instance::{Parent, Payload, StepEnd, part_name};
use ports::StorageError;
use ports::crash::{CrashPoint, crash_point};

/// The name of the tally of a fan-out.
pub(super) fn tally_of(parent: &Parent) -> String {
    part_name(parent.id, &part_of('t', parent))
}

/// What a member gave, as a tally has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Gave {
    /// Which member.
    #[serde(rename = "m")]
    pub(super) member: u32,
    /// What it gave.
    pub(super) end: StepEnd,
}

/// What is in a tally: the members that gave something, and how many adds that took.
#[derive(Default)]
pub(super) struct Gathered {
    ends: HashMap<u32, StepEnd>,
    lines: u32,
}

impl From<Gathered> for (HashSet<u32>, u32) {
    fn from(gathered: Gathered) -> Self {
        (gathered.ends.into_keys().collect(), gathered.lines)
    }
}

impl Workflows {
    /// What is in a tally; `None` when there is none.
    pub(super) async fn gathered(&self, tally: &str) -> Result<Option<Gathered>, StorageError> {
        let Some(lines) = self.parts.tallies.read(tally).await? else {
            return Ok(None);
        };
        let mut gathered = Gathered {
            lines: lines.len().try_into().unwrap_or(u32::MAX),
            ..Gathered::default()
        };
        for line in &lines {
            // One that cannot be read is nobody's: its member is missing then, and is sent again.
            let gave = serde_json::from_str::<Vec<Gave>>(line).unwrap_or_default();
            for Gave { member, end } in gave {
                // Of two, the first counts.
                gathered.ends.entry(member).or_insert(end);
            }
        }
        Ok(Some(gathered))
    }

    /// Adds what members gave; says how many adds there are, as far as is known. `None`: there is no tally, for the
    /// fan-out is over.
    pub(super) async fn add(
        &self,
        tally: &str,
        gave: &[Gave],
    ) -> Result<Option<u64>, StorageError> {
        if gave.is_empty() {
            // Somebody has added it before.
            return self.parts.tallies.count(tally).await;
        }
        let entry = serde_json::to_string(gave).unwrap_or_default();
        let _under_way = self.parts.adds.begin(tally);
        self.parts.tallies.add(tally, &entry).await
    }

    /// What all members gave, in their order, if they all have; `count` is what the last add told.
    pub(super) async fn look(
        &self,
        tally: &str,
        parent: &Parent,
        adds: u32,
        count: Option<u64>,
    ) -> Result<Option<Box<RawValue>>, Stuck> {
        let Some(mut count) = count else {
            return Ok(None);
        };
        let wanted = u64::from(adds);
        if count < wanted {
            if count + TALLY_LAG < wanted || self.parts.adds.are_under_way(tally) {
                return Ok(None);
            }
            count = self.parts.tallies.count(tally).await?.unwrap_or_default();
        }
        if count < wanted {
            return Ok(None);
        }
        let Some(mut gathered) = self.gathered(tally).await? else {
            return Ok(None);
        };
        crash_point(CrashPoint::FlowAfterLook);
        let mut ends = Vec::with_capacity(parent.of as usize);
        for member in 0..parent.of {
            let Some(end) = gathered.ends.remove(&member) else {
                return Ok(None);
            };
            ends.push(match end {
                StepEnd::Ok(Payload::In(part)) => {
                    StepEnd::Ok(Payload::Is(self.read_part(parent.id, &part).await?))
                }
                end => end,
            });
        }
        let ends = to_raw_value(&ends);
        Ok(Some(ends.map_err(|error| {
            StorageError::permanent("gather the results of a fan-out", error.to_string())
        })?))
    }

    /// How many members have given something.
    pub(super) async fn given(&self, tally: &str) -> Result<u64, StorageError> {
        let gathered = self.gathered(tally).await?;
        Ok(gathered.map_or(0, |gathered| gathered.ends.len() as u64))
    }
}
