//! Rules for dead letters: which ones they are for, and what is done then. Of several the first that matches a
//! letter is the one.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::model::id::TaskId;
use crate::model::json::mentions;
use crate::model::parcel::Parcel;
use crate::model::raw_json::RawJson;
use crate::model::task::{TaskError, TaskRecord, TaskState};
use ports::Timestamp;
use work::{BoxFuture, Context, Failure};

/// The kind of the tasks that do what rules say, without the sign of those that come with the engine.
pub(crate) const RULE_KIND: &str = "dead-letter-rule";

/// All rules, in their order.
#[derive(Clone, Debug, Default)]
pub struct Rules(Vec<Rule>);

/// One of them.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What it is called: a label ([`is_label`](crate::is_label)), and no other rule's.
    pub name: String,
    /// Which letters it is for.
    pub matches: Matches,
    /// What is done about them.
    pub action: RuleAction,
}

/// Which dead letters a rule is for: those that have all of this.
#[derive(Clone, Debug, Default)]
pub struct Matches {
    /// In their input, in the text of their message or in the message of their error.
    pub text: Option<String>,
    /// JSON pointers (RFC 6901) into their input, or into the text of their message, and what is there.
    pub input: Vec<(String, Value)>,
    /// The kind of their task.
    pub kind: Option<String>,
    /// The code of their error.
    pub code: Option<String>,
}

/// What is done about a dead letter.
#[derive(Clone)]
pub enum RuleAction {
    /// Its task runs again.
    Replay {
        /// So long after the failure.
        after: Duration,
        /// So often. Each round counts that a retry began, whoever asked for it.
        at_most: u32,
    },
    /// Somebody gets it, and it is settled once that is done.
    Repair(Arc<dyn Outward>),
    /// Somebody is told of it, with others of a while.
    Tell {
        /// So often at the most.
        every: Duration,
        /// What this is called: `notify` or `mail`.
        name: &'static str,
        /// Whoever is told.
        to: Arc<dyn Outward>,
    },
}

/// Whoever gets what a rule sends.
pub trait Outward: Send + Sync {
    /// Sends it once. The id of the attempt's task is the same each time: the other side can tell. Where several get
    /// it, those that it is `done_with` do not, and who has got it, or never will, is added to them.
    fn send<'a>(
        &'a self,
        parcel: &'a Parcel<'a>,
        done_with: &'a mut Vec<String>,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<(), Failure>>;
}

impl RuleAction {
    /// What a client is told it is.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Replay { .. } => "replay",
            Self::Repair(_) => "repair",
            Self::Tell { name, .. } => name,
        }
    }
}

impl fmt::Debug for RuleAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A dead letter, as rules look at it.
pub(crate) struct Candidate<'a> {
    /// A message that names no task has none.
    pub(crate) kind: Option<&'a str>,
    pub(crate) error: &'a TaskError,
    /// Its input; of a message the object in it, or its text where there is none.
    pub(crate) held: &'a str,
    /// The text of a message as it was sent, with what others have put around the object.
    pub(crate) sent: Option<&'a str>,
    /// How often it was retried.
    pub(crate) retries: u32,
}

impl<'a> Candidate<'a> {
    /// Of a task, if it has failed.
    pub(crate) fn of(record: &'a TaskRecord) -> Option<Self> {
        let TaskState::Failed { error } = &record.state else {
            return None;
        };
        Some(Self {
            kind: Some(&record.kind),
            error,
            held: record.input.as_deref().map_or("", |input| input.get()),
            sent: None,
            retries: record.retried(),
        })
    }
}

impl Rules {
    /// These, in this order.
    pub fn new(rules: Vec<Rule>) -> Self {
        Self(rules)
    }

    /// The one with this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Rule> {
        self.0.iter().find(|rule| rule.name == name)
    }

    /// The first that matches. What rules do themselves matches none.
    pub(crate) fn first(&self, letter: &Candidate<'_>) -> Option<&Rule> {
        let is_ours = |kind: &str| kind.strip_prefix('_') == Some(RULE_KIND);
        if letter.kind.is_some_and(is_ours) {
            return None;
        }
        self.0.iter().find(|rule| rule.takes(letter))
    }
}

impl Rule {
    fn takes(&self, letter: &Candidate<'_>) -> bool {
        let Matches {
            text,
            input,
            kind,
            code,
        } = &self.matches;
        let may_act = match &self.action {
            // Nothing about a message has changed when it is sent again, and nobody counts how often that was.
            RuleAction::Replay { at_most, .. } => {
                letter.kind.is_some() && letter.retries < *at_most
            }
            RuleAction::Repair(_) | RuleAction::Tell { .. } => true,
        };
        may_act
            && kind.as_deref().is_none_or(|kind| letter.kind == Some(kind))
            && code.as_ref().is_none_or(|code| letter.error.code == *code)
            && text.as_ref().is_none_or(|text| {
                mentions(letter.held, text)
                    || letter.sent.is_some_and(|sent| mentions(sent, text))
                    || letter.error.message.contains(text)
            })
            && (input.is_empty() || has_all(letter.held, input))
    }
}

fn has_all(held: &str, wanted: &[(String, Value)]) -> bool {
    let Some(held) = RawJson::of(held) else {
        return false;
    };
    let mut wanted = wanted.iter();
    wanted.all(|(pointer, value)| held.at(pointer).is_some_and(|there| there.is(value)))
}

/// Something that a rule did about a dead letter, or does.
#[derive(Clone, Debug)]
pub struct Acted {
    /// The rule.
    pub rule: String,
    /// What it says: `replay`, `repair`, `notify` or `mail`.
    pub action: String,
    /// When the failure was that it is for.
    pub failed_at: Timestamp,
    /// When it was begun.
    pub begun_at: Timestamp,
    /// The task that does it.
    pub task: TaskId,
    /// How that stands; `None` when its record has gone.
    pub stands: Option<Stands>,
}

/// How an action stands.
#[derive(Clone, Debug)]
pub struct Stands {
    /// In the words of a monitor.
    pub status: &'static str,
    /// When that changed last.
    pub since: Timestamp,
    /// Why it failed, or why its last attempt did.
    pub error: Option<TaskError>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(name: &str, matches: Matches, at_most: u32) -> Rule {
        Rule {
            name: name.to_owned(),
            matches,
            action: RuleAction::Replay {
                after: Duration::ZERO,
                at_most,
            },
        }
    }

    fn first<'a>(rules: &'a Rules, held: &str, retries: u32) -> Option<&'a str> {
        let error = TaskError {
            code: "NoHope".to_owned(),
            message: "there never was any".to_owned(),
        };
        let letter = Candidate {
            kind: Some("hopeless"),
            error: &error,
            held,
            sent: None,
            retries,
        };
        rules.first(&letter).map(|rule| &*rule.name)
    }

    #[test]
    fn a_rule_takes_what_has_all_that_it_names() {
        let text = |text: &str| Some(text.to_owned());
        let pointer = |pointer: &str, value| vec![(pointer.to_owned(), value)];
        let none = Matches::default;
        for (matches, is_taken) in [
            (none(), true),
            (
                Matches {
                    text: text("Ada"),
                    ..none()
                },
                true,
            ),
            (
                Matches {
                    text: text("never was"),
                    ..none()
                },
                true,
            ),
            (
                Matches {
                    text: text("nowhere"),
                    ..none()
                },
                false,
            ),
            (
                Matches {
                    kind: text("hopeless"),
                    ..none()
                },
                true,
            ),
            (
                Matches {
                    kind: text("echo"),
                    ..none()
                },
                false,
            ),
            (
                Matches {
                    code: text("NoHope"),
                    ..none()
                },
                true,
            ),
            (
                Matches {
                    code: text("NoHop"),
                    ..none()
                },
                false,
            ),
            (
                Matches {
                    input: pointer("/who", json!("Ada")),
                    ..none()
                },
                true,
            ),
            (
                Matches {
                    input: pointer("/who", json!("Eve")),
                    ..none()
                },
                false,
            ),
            (
                Matches {
                    input: pointer("/a~1b/0", json!(1)),
                    ..none()
                },
                true,
            ),
            (
                Matches {
                    input: pointer("/nobody", json!(null)),
                    ..none()
                },
                false,
            ),
            (
                Matches {
                    kind: text("hopeless"),
                    code: text("Other"),
                    ..none()
                },
                false,
            ),
        ] {
            let told = format!("{matches:?}");
            let rules = Rules::new(vec![rule("it", matches, 1)]);
            let held = r#"{"who": "Ada", "a/b": [1]}"#;
            assert_eq!(first(&rules, held, 0).is_some(), is_taken, "{told}");
        }
        let rules = Rules::new(vec![rule(
            "it",
            Matches {
                input: pointer("", json!(1)),
                ..none()
            },
            1,
        )]);
        assert_eq!(first(&rules, "1", 0), Some("it"));
        assert_eq!(first(&rules, "no JSON", 0), None);
    }

    #[test]
    fn the_rule_is_the_same_whatever_else_an_input_has() {
        let certain = Matches {
            input: vec![("/taskType".to_owned(), json!("certainTaskType"))],
            ..Matches::default()
        };
        let zoe = Matches {
            text: Some("Zoë".to_owned()),
            ..Matches::default()
        };
        let rules = Rules::new(vec![
            rule("certain", certain, 1),
            rule("Zoe", zoe, 1),
            rule("rest", Matches::default(), 1),
        ]);
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for name in [r#""\ud83d""#, "1e999", &deep] {
            let held = format!(r#"{{"taskType": "certainTaskType", "name": {name}}}"#);
            assert_eq!(first(&rules, &held, 0), Some("certain"), "{held}");
            let held = format!(r#"{{"who": "Zo\u00eb", "name": {name}}}"#);
            assert_eq!(first(&rules, &held, 0), Some("Zoe"), "{held}");
        }
    }

    #[test]
    fn the_first_rule_is_the_one_until_its_replays_are_used_up() {
        let rules = Rules::new(vec![
            rule("first", Matches::default(), 2),
            rule("second", Matches::default(), 3),
        ]);
        for (retries, name) in [
            (0, Some("first")),
            (1, Some("first")),
            (2, Some("second")),
            (3, None),
        ] {
            assert_eq!(first(&rules, "1", retries), name);
        }
    }

    #[test]
    fn what_rules_do_matches_none_and_no_message_is_replayed() {
        let rules = Rules::new(vec![rule("all", Matches::default(), 9)]);
        let error = TaskError {
            code: "A".to_owned(),
            message: String::new(),
        };
        for kind in [Some("_dead-letter-rule"), None] {
            let letter = Candidate {
                kind,
                error: &error,
                held: "",
                sent: None,
                retries: 0,
            };
            assert!(rules.first(&letter).is_none(), "{kind:?}");
        }
    }
}
