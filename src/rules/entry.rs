//! What a rule of the file means: which letters it is for, and what is done then.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::mail::Mail;
use super::table::{Table, Wrong};
use crate::config::Config;
use crate::kinds::http::Webhook;
use engine::{Matches, Outward, Rule, RuleAction, is_label};

/// How often somebody is told, where the file does not say.
const EVERY: Duration = Duration::from_secs(15 * 60);

/// The longest that a replay may wait.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Why a wait may not be so long.
const NOT_KEPT: &str =
    "is as long as RESULT_RETENTION or longer: the dead letter would be gone by then";

const ACTIONS: &str = "replay, repair, notify and mail";

/// Reads one.
pub(super) fn read(rule: Value, config: &Config) -> Result<Rule, Wrong> {
    let mut rule = Table::of("", rule)?;
    let name = rule.some_text("name")?;
    if !is_label(&name) {
        return Err(rule.wrong(
            "name",
            "has other characters than letters, digits and - _ . : / = @ +, or too many",
        ));
    }
    let matches = match rule.table("match")? {
        Some(table) => matches(table)?,
        None => Matches::default(),
    };
    let mut actions = Vec::new();
    let (allows_http, kept) = (config.kinds_allow_http, config.retention);
    if let Some(table) = rule.table("replay")? {
        actions.push(replay(table, kept)?);
    }
    if let Some(mut table) = rule.table("repair")? {
        let to = webhook(&mut table, allows_http)?;
        table.finish()?;
        actions.push(RuleAction::Repair(to));
    }
    if let Some(mut table) = rule.table("notify")? {
        let to = webhook(&mut table, allows_http)?;
        let every = every(&mut table, kept)?;
        table.finish()?;
        actions.push(RuleAction::Tell {
            every,
            name: "notify",
            to,
        });
    }
    if let Some(mut table) = rule.table("mail")? {
        let every = every(&mut table, kept)?;
        actions.push(RuleAction::Tell {
            every,
            name: "mail",
            to: Arc::new(Mail::read(table)?),
        });
    }
    rule.finish()?;
    let action = match (actions.pop(), actions.is_empty()) {
        (Some(action), true) => action,
        (None, _) => return Err(Wrong::new("it", format!("has none of {ACTIONS}"))),
        (Some(_), false) => {
            return Err(Wrong::new("it", format!("has more than one of {ACTIONS}")));
        }
    };
    Ok(Rule {
        name,
        matches,
        action,
    })
}

fn matches(mut table: Table) -> Result<Matches, Wrong> {
    let (text, kind, code) = (
        table.text("text")?,
        table.text("kind")?,
        table.text("code")?,
    );
    let mut input = Vec::new();
    if let Some(pointers) = table.table("input")? {
        for (pointer, value) in pointers.rest() {
            if !is_pointer(&pointer) {
                let reason = format!("has {pointer:?}, which is no JSON pointer, such as /a/0");
                return Err(table.wrong("input", reason));
            }
            input.push((pointer, value));
        }
        if input.is_empty() {
            return Err(table.wrong("input", "is empty"));
        }
    }
    if text.is_none() && kind.is_none() && code.is_none() && input.is_empty() {
        table.finish()?;
        return Err(Wrong::new("match", "is empty: leave it out to match all"));
    }
    table.finish()?;
    Ok(Matches {
        text,
        input,
        kind,
        code,
    })
}

/// RFC 6901, section 3.
fn is_pointer(text: &str) -> bool {
    let is_escaped = |part: &str| part.starts_with(['0', '1']);
    (text.is_empty() || text.starts_with('/')) && text.split('~').skip(1).all(is_escaped)
}

fn replay(mut table: Table, kept: Duration) -> Result<RuleAction, Wrong> {
    let after = table.duration("after")?.unwrap_or_default();
    if after > LONGEST {
        return Err(table.wrong("after", "is longer than a year"));
    }
    if after >= kept {
        return Err(table.wrong("after", NOT_KEPT));
    }
    let at_most = table.count("at_most")?;
    table.finish()?;
    Ok(RuleAction::Replay { after, at_most })
}

fn webhook(table: &mut Table, allows_http: bool) -> Result<Arc<dyn Outward>, Wrong> {
    let (url, secret) = (table.url("url")?, table.signing_secret("secret_env")?);
    let webhook = Webhook::new(url, secret, allows_http);
    Ok(Arc::new(webhook.map_err(|refused| {
        table.wrong("url", format!("cannot be called: {refused}"))
    })?))
}

fn every(table: &mut Table, kept: Duration) -> Result<Duration, Wrong> {
    match table.duration("every")?.unwrap_or(EVERY) {
        Duration::ZERO => Err(table.wrong("every", "is zero")),
        every if every >= kept => Err(table.wrong("every", NOT_KEPT)),
        every => Ok(every),
    }
}
