//! Workflows: instances whose turns are attempts at their tasks.
//!
//! An instance is a task with a journal in its record. Each message of it brings something: that it is to
//! begin, a step to be done, the end of a timer, an event. Whoever holds the message replays the journal, adds
//! what has arrived, and sees to what follows from that: so there are no leases and no control queues.
//!
//! | File | What it is about |
//! |---|---|
//! | `standing` | an instance with its journal replayed: what is open, and whose it is to see to that |
//! | `journal` | entries: added, replayed, taken back |
//! | `documents` | what is too large for a journal |
//! | `stuck` | why an instance cannot go on |
//! | `turn` | one message: what arrives, what is written, what follows |
//! | `start` | the message that begins an instance |
//! | `advance` | a journal with more in it, written with the messages that follow |
//! | `step` | the work of one step |
//! | `sends` | the messages that open steps need |
//! | `fan_out` | the messages of a fan-out |
//! | `members` | what is done for one |
//! | `gather` | what members gave, together |
//! | `rounds` | what has failed goes on with the one that waits for it |
//! | `given_up` | messages that came to nothing |
//! | `ends` | the end of an instance, told to the one that waits for it |
//! | `control` | what clients ask of an instance: events, suspend, resume |
//! | `history` | what has happened to an instance, for people |
//! | `names` | instances by what their clients call them |
//! | `many` | instances among the tasks |
//! | `codes` | who may do what to an instance |
//! | `under_way` | what this process does side by side |

mod advance;
mod codes;
mod control;
mod documents;
mod ends;
mod fan_out;
mod gather;
mod given_up;
mod history;
mod journal;
mod many;
mod members;
pub(crate) mod names;
mod parts;
mod rounds;
mod sends;
mod standing;
mod start;
mod step;
mod stuck;
mod turn;
mod under_way;

pub use control::{Controlled, NewEvent};
pub use history::{History, HistoryStep, StepKind, StepState};
pub use many::{InstancePage, InstancesUnlisted};
pub use names::Begun;
pub use parts::Workflows;
