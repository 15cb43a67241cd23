//! What an entry of a kinds file means: a name, a policy, and what does the work.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use url::Url;
use work::{BackOff, KindName, KindRefused, Policy};

use super::document::{self, Document, Entry};
use super::text::{FileError, Text};
use super::values::{count, duration, exit_code, json, passed, url};
use crate::kinds::Schemas;
use crate::kinds::command::{Command, ExitCodes, Watchdog};

/// A kind of work, as a file tells it.
#[derive(Debug)]
pub struct FileKind {
    /// What clients call it.
    pub name: KindName,
    /// Where the entry stands.
    pub(super) at: Range<usize>,
    /// How its tasks are treated.
    pub policy: Policy,
    /// What does the work.
    pub means: Means,
}

/// What does the work of a kind.
#[derive(Debug)]
pub enum Means {
    /// A program.
    Command(Command),
    /// A service.
    Url(UrlKind),
}

/// A kind whose work is done behind a URL.
#[derive(Debug)]
pub struct UrlKind {
    /// Where an input is sent.
    pub url: Url,
    /// The variable that holds the secret to sign with, if requests are signed.
    pub secret_env: Option<String>,
    /// Where is told that a task was canceled.
    pub cancel_url: Option<Url>,
    /// What its input and its result are.
    pub schemas: Schemas,
}

/// Reads the entries of a file.
pub(super) fn read(text: &Text) -> Result<Vec<FileKind>, FileError> {
    let watchdog = Arc::new(Watchdog::default());
    let document: Document = toml::from_str(&text.text)
        .map_err(|error| text.refusal(error.span().unwrap_or_default(), error.message()))?;
    let mut kinds: Vec<FileKind> = Vec::new();
    for entry in document.kind {
        let kind = kind(text, entry, &watchdog)?;
        if let Some(other) = kinds.iter().find(|other| other.name.is_like(&kind.name)) {
            return Err(text.refusal(kind.at, twice(&other.name, kind.name)));
        }
        kinds.push(kind);
    }
    Ok(kinds)
}

/// Why a second kind of this name cannot be.
fn twice(other: &KindName, name: KindName) -> KindRefused {
    match *other == name {
        true => KindRefused::Twice(name),
        false => KindRefused::Alike(other.clone(), name),
    }
}

fn kind(
    text: &Text,
    entry: Spanned<Entry>,
    watchdog: &Arc<Watchdog>,
) -> Result<FileKind, FileError> {
    let entry_at = entry.span();
    let entry = entry.into_inner();
    let at = entry.name.span();
    let name =
        KindName::new(entry.name.get_ref()).map_err(|error| text.refusal(at.clone(), error))?;
    let policy = policy(text, &entry)?;
    let means = match (&entry.command, &entry.url) {
        (Some(argv), None) => Means::Command(command(text, &entry, argv, watchdog)?),
        (None, Some(url)) => Means::Url(url_kind(text, &entry, url)?),
        (None, None) => {
            let reason = format!("the kind \"{name}\" has neither a command nor a url");
            return Err(text.refusal(entry_at, reason));
        }
        (Some(_), Some(url)) => {
            let reason = format!("the kind \"{name}\" has a command and a url: it can have one");
            return Err(text.refusal(url.span(), reason));
        }
    };
    Ok(FileKind {
        name,
        at,
        policy,
        means,
    })
}

fn policy(text: &Text, entry: &Entry) -> Result<Policy, FileError> {
    let mut policy = Policy::default();
    if let Some(description) = &entry.description {
        policy = policy.description(description);
    }
    if let Some(limit) = &entry.time_limit {
        policy = policy.time_limit(duration(text, "time_limit", limit)?);
    }
    if let Some(attempts) = &entry.attempts {
        policy = policy.attempts(count(text, "attempts", attempts)?);
    }
    if let Some(concurrency) = &entry.concurrency {
        let concurrency = count(text, "concurrency", concurrency)?;
        policy = policy.concurrency(usize::try_from(concurrency).unwrap_or(usize::MAX));
    }
    if let Some(retention) = &entry.retention {
        policy = policy.retention(duration(text, "retention", retention)?);
    }
    if let Some(told) = &entry.back_off {
        policy = policy.back_off(back_off(text, told.get_ref())?);
        policy
            .checked()
            .map_err(|error| text.refusal(told.span(), error))?;
    }
    if let Some(queue) = &entry.queue {
        policy = policy.queue(queue.get_ref());
        policy
            .checked()
            .map_err(|error| text.refusal(queue.span(), format!("queue: {error}")))?;
    }
    Ok(policy)
}

fn back_off(text: &Text, told: &document::BackOff) -> Result<BackOff, FileError> {
    let mut back_off = BackOff::default();
    if let Some(first) = &told.first {
        back_off.first = duration(text, "back_off.first", first)?;
    }
    if let Some(factor) = &told.factor {
        back_off.factor = count(text, "back_off.factor", factor)?;
    }
    if let Some(longest) = &told.longest {
        back_off.longest = duration(text, "back_off.longest", longest)?;
    }
    Ok(back_off)
}

fn command(
    text: &Text,
    entry: &Entry,
    argv: &Spanned<Vec<String>>,
    watchdog: &Arc<Watchdog>,
) -> Result<Command, FileError> {
    only_with(
        "url",
        text,
        [
            ("secret_env", &entry.secret_env),
            ("cancel_url", &entry.cancel_url),
        ],
    )?;
    let refusal = |reason: &str| text.refusal(argv.span(), reason);
    let Some((program, arguments)) = argv.get_ref().split_first() else {
        return Err(refusal("command is empty: its first word is the program"));
    };
    if program.is_empty() {
        return Err(refusal("command has an empty program"));
    }
    if argv.get_ref().iter().any(|word| word.contains('\0')) {
        return Err(refusal("command has a character that no argument can have"));
    }
    let pass_env = entry.pass_env.iter().flat_map(|names| names.get_ref());
    Ok(Command {
        program: program.clone(),
        arguments: arguments.to_vec(),
        folder: text.folder.clone(),
        pass_env: pass_env
            .map(|name| passed(text, name))
            .collect::<Result<_, _>>()?,
        exit_codes: match &entry.exit_codes {
            Some(told) => exit_codes(text, told)?,
            None => ExitCodes::default(),
        },
        schemas: schemas(text, entry)?,
        watchdog: Arc::clone(watchdog),
    })
}

fn exit_codes(text: &Text, told: &Spanned<document::ExitCodes>) -> Result<ExitCodes, FileError> {
    let codes = |told: &[Spanned<i64>]| -> Result<BTreeSet<u8>, FileError> {
        told.iter().map(|code| exit_code(text, code)).collect()
    };
    let mut exit_codes = ExitCodes::default();
    let document::ExitCodes { permanent, later } = told.get_ref();
    if let Some(permanent) = permanent {
        exit_codes.permanent = codes(permanent)?;
    }
    if let Some(later) = later {
        exit_codes.later = codes(later)?;
    }
    match exit_codes.permanent.intersection(&exit_codes.later).next() {
        Some(code) => {
            let reason = format!("exit_codes has {code} both as permanent and as later");
            Err(text.refusal(told.span(), reason))
        }
        None => Ok(exit_codes),
    }
}

fn url_kind(text: &Text, entry: &Entry, told: &Spanned<String>) -> Result<UrlKind, FileError> {
    only_with("command", text, [("pass_env", &entry.pass_env)])?;
    only_with("command", text, [("exit_codes", &entry.exit_codes)])?;
    let cancel_url = entry.cancel_url.as_ref();
    Ok(UrlKind {
        url: url(text, "url", told)?,
        secret_env: match &entry.secret_env {
            Some(name) if name.get_ref().is_empty() || name.get_ref().contains(['=', '\0']) => {
                return Err(text.refusal(
                    name.span(),
                    "secret_env is a name that no variable can have",
                ));
            }
            name => name.as_ref().map(|name| name.get_ref().clone()),
        },
        cancel_url: cancel_url
            .map(|told| url(text, "cancel_url", told))
            .transpose()?,
        schemas: schemas(text, entry)?,
    })
}

/// Refuses keys that mean something only beside another.
fn only_with<'a, T: 'a>(
    other: &str,
    text: &Text,
    keys: impl IntoIterator<Item = (&'a str, &'a Option<Spanned<T>>)>,
) -> Result<(), FileError> {
    let given = keys
        .into_iter()
        .find_map(|(key, value)| Some((key, value.as_ref()?)));
    match given {
        Some((key, value)) => {
            let reason = format!("{key} has a meaning only beside {other}");
            Err(text.refusal(value.span(), reason))
        }
        None => Ok(()),
    }
}

fn schemas(text: &Text, entry: &Entry) -> Result<Schemas, FileError> {
    let mut schemas = Schemas::default();
    if let Some(input) = &entry.input {
        let schema = json(text, "input", input)?;
        schemas = schemas.with_input(schema).map_err(|error| {
            text.refusal(input.span(), format!("input: {} {error}", input.get_ref()))
        })?;
    }
    if let Some(output) = &entry.output {
        let schema = json(text, "output", output)?;
        schemas = schemas.with_output(schema).map_err(|error| {
            text.refusal(
                output.span(),
                format!("output: {} {error}", output.get_ref()),
            )
        })?;
    }
    Ok(schemas)
}
