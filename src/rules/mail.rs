//! Mail about dead letters, through a server that the operator names: SMTP (RFC 5321), encrypted but for a server
//! on this machine.

use std::fmt::Write;

use lettre::address::Envelope;
use lettre::error::Error;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::TlsParameters;
use lettre::{Address, Message};
use serde_json::Value;
use url::{Host, Url};

use super::not_taken::NotTaken;
use super::smtp::{Encryption, Refused, Server};
use super::table::{Table, Wrong};
use crate::kinds::http::is_loopback;
use crate::tls;
use engine::{Data, Outward, Parcel, ToldLetter};
use ports::timestamp;
use work::{BoxFuture, Context, ErrorCode, Failure};

const NOT_TAKEN: ErrorCode = ErrorCode::literal("MailNotTaken");

const SUBJECT: &str = "Dead letters";

/// What is sent, to whom and through what.
pub(super) struct Mail {
    server: Server,
    from: Mailbox,
    to: Vec<Mailbox>,
    /// The same, without their names.
    addresses: Vec<Address>,
    subject: String,
}

impl Mail {
    /// Reads a table that says so.
    pub(super) fn read(mut table: Table) -> Result<Self, Wrong> {
        let from = mailbox(&table.some_text("from")?).ok_or_else(|| no_address(&table, "from"))?;
        let to = match table.take("to") {
            Some(Value::String(one)) => vec![Value::String(one)],
            Some(Value::Array(several)) if !several.is_empty() => several,
            Some(_) => return Err(no_address(&table, "to")),
            None => return Err(table.wrong("to", "is missing")),
        };
        let to = to.iter().map(|to| mailbox(to.as_str()?));
        let to: Option<Vec<Mailbox>> = to.collect();
        let to = to.ok_or_else(|| no_address(&table, "to"))?;
        let subject = table.text("subject")?;
        if subject
            .as_ref()
            .is_some_and(|subject| subject.chars().any(char::is_control))
        {
            return Err(table.wrong("subject", "has a line break or another control character"));
        }
        let login = login(&mut table)?;
        let server = server(&mut table, login)?;
        table.finish()?;
        Ok(Self {
            server,
            from,
            addresses: to.iter().map(|to| to.email.clone()).collect(),
            to,
            subject: subject.unwrap_or_else(|| SUBJECT.to_owned()),
        })
    }

    /// The mail as it goes to a server that takes these addresses. The others are not told of in it, either.
    fn message(
        &self,
        parcel: &Parcel<'_>,
        id: &str,
        takes: impl Fn(&Address) -> bool,
    ) -> Result<Message, Failure> {
        let (subject, text) = match parcel.data() {
            Data::Digest(digest) => (
                format!("{}: {}", self.subject, digest.count),
                text(digest.rule, digest.count, digest.letters),
            ),
            Data::Letter(letter) => (self.subject.clone(), text(letter.rule, 1, &[])),
        };
        let unmade =
            |error: Error| Failure::permanent(NOT_TAKEN, "no mail can be made").with_source(error);
        let everybody = Envelope::new(None, self.addresses.clone()).map_err(unmade)?;
        let mut message = Message::builder()
            .envelope(everybody)
            .from(self.from.clone())
            .subject(subject)
            // The same in each attempt: a server or a reader that has it can tell.
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .date(parcel.timestamp().into());
        for to in self.to.iter().filter(|to| takes(&to.email)) {
            message = message.to(to.clone());
        }
        message
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(unmade)
    }
}

impl Outward for Mail {
    fn send<'a>(
        &'a self,
        parcel: &'a Parcel<'a>,
        done_with: &'a mut Vec<String>,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.hand_over(parcel, done_with, cx))
    }
}

impl Mail {
    /// Has the mail taken for those that it is not done with. One who is refused for now is tried again, alone; one
    /// who is refused for good keeps it from nobody.
    async fn hand_over(
        &self,
        parcel: &Parcel<'_>,
        done_with: &mut Vec<String>,
        cx: &Context,
    ) -> Result<(), Failure> {
        let is_left = |to: &&Address| !done_with.iter().any(|it| **it == *to.to_string());
        let to: Vec<_> = self.addresses.iter().filter(is_left).collect();
        if to.is_empty() {
            return Ok(());
        }
        let session = self.server.connect().await;
        let session = session.map_err(|why| self.not_taken(why))?;
        let message = self.message(parcel, cx.task_id(), |to| session.takes(to))?;
        let message = message.formatted();
        let sent = session.send(&self.from.email, &to, &message).await;
        let mut refused = sent.map_err(|why| self.not_taken(why))?;
        // One that may pass comes first.
        refused.sort_by_key(|refused| refused.why.is_for_good());
        let nobody_has_it = done_with.is_empty() && refused.len() == to.len();
        if !nobody_has_it {
            let later = |to: &&Address| {
                let is_it = |it: &Refused<'_>| it.to == *to && !it.why.is_for_good();
                refused.iter().any(is_it)
            };
            let done = to.iter().filter(|to| !later(to));
            done_with.extend(done.map(ToString::to_string));
            for Refused { to, why } in refused.iter().filter(|it| it.why.is_for_good()) {
                log::warn!("task.id" = cx.task_id(); "mail about dead letters is not taken for {to}: {why}");
            }
        }
        match refused.into_iter().next() {
            Some(Refused { why, .. }) if nobody_has_it || !why.is_for_good() => {
                Err(self.not_taken(why))
            }
            _ => Ok(()),
        }
    }

    fn not_taken(&self, why: NotTaken) -> Failure {
        let said = why.to_string();
        let failure = match why.is_for_good() {
            true => Failure::permanent(NOT_TAKEN, said),
            false => Failure::transient(NOT_TAKEN, said),
        };
        // A password above all.
        let is_secret = self.server.login.is_some() && why.repeats();
        match why.into_source() {
            Some(source) if !is_secret => failure.with_source(source),
            _ => failure,
        }
    }
}

/// What the mail says: which letters, so that each can be looked at, and no input.
fn text(rule: &str, count: usize, letters: &[ToldLetter]) -> String {
    let mut text = format!("Dead letters: {count} (rule {rule})\r\n\r\n");
    for letter in letters {
        let ToldLetter {
            id,
            kind,
            failed_date_time,
            error,
        } = letter;
        let (kind, code) = (kind.as_deref().unwrap_or("no task"), &error.code);
        let (time, message) = (timestamp::to_text(*failed_date_time), &error.message);
        // Nothing can go wrong in memory.
        let _ = write!(text, "{time}  {kind}  {code}: {message}\r\n  {id}\r\n");
    }
    let more = count.saturating_sub(letters.len());
    if more > 0 && !letters.is_empty() {
        let _ = write!(text, "and {more} more\r\n");
    }
    text.push_str("\r\nEach is at /api/dead-letters/{id}.\r\n");
    text
}

/// Through what. `smtps` is encrypted from the beginning, `smtp` from STARTTLS on, without which nothing is
/// sent to another machine.
fn server(table: &mut Table, login: Option<Credentials>) -> Result<Server, Wrong> {
    let text = table.some_text("server")?;
    let no_server = |table: &Table| {
        let reason = "is no mail server, such as smtps://smtp.example.com or smtp://127.0.0.1:25";
        table.wrong("server", reason)
    };
    let url = Url::parse(&text).map_err(|_| no_server(table))?;
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none();
    // A name in other letters than a server's name has comes with percent signs, and is nobody's.
    let host = url.host_str();
    let host = host.filter(|host| !host.is_empty() && !host.contains('%'));
    let (Some(host), true) = (host, is_bare) else {
        return Err(no_server(table));
    };
    // A name stands as it is, an address of six without its brackets.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    tls::install();
    let tls = || {
        let tls = TlsParameters::new(host.to_owned());
        tls.map_err(|error| table.wrong("server", format!("cannot be used: {error}")))
    };
    let encryption = match url.scheme() {
        "smtps" => Encryption::Smtps(tls()?),
        "smtp" if is_loopback(&url) => Encryption::None,
        "smtp" => Encryption::StartTls(tls()?),
        _ => return Err(no_server(table)),
    };
    Ok(Server {
        host: host.to_owned(),
        port: url.port(),
        encryption,
        login,
    })
}

/// Who logs in, if anybody does.
fn login(table: &mut Table) -> Result<Option<Credentials>, Wrong> {
    match (table.text("user")?, table.secret("password_env")?) {
        (None, None) => Ok(None),
        (Some(user), Some(password)) => {
            Ok(Some(Credentials::new(user, password.expose().to_owned())))
        }
        (Some(_), None) => Err(table.wrong("password_env", "is missing beside user")),
        (None, Some(_)) => Err(table.wrong("user", "is missing beside password_env")),
    }
}

/// An address, with or without a name. A host beyond ASCII is written as all servers know it.
fn mailbox(text: &str) -> Option<Mailbox> {
    let mailbox: Mailbox = text.parse().ok()?;
    if mailbox.email.domain().is_ascii() {
        return Some(mailbox);
    }
    let host = Host::parse(mailbox.email.domain()).ok()?;
    let email = Address::new(mailbox.email.user(), host.to_string()).ok()?;
    Some(Mailbox { email, ..mailbox })
}

fn no_address(table: &Table, key: &str) -> Wrong {
    table.wrong(key, "is no mail address, such as devs@example.com")
}
