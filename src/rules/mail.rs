//! Mail about dead letters, through a server that the operator names: SMTP (RFC 5321), encrypted but for a server
//! on this machine.

use std::error::Error as _;
use std::fmt::Write;
use std::io;
use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Mailboxes};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::{self, AsyncSmtpTransport};
use lettre::{AsyncTransport, Message, Tokio1Executor};
use serde_json::Value;
use url::Url;

use super::table::{Table, Wrong};
use crate::kinds::http::is_loopback;
use crate::tls;
use engine::{Data, Outward, Parcel, ToldLetter};
use ports::timestamp;
use work::{BoxFuture, Context, ErrorCode, Failure};

const NOT_TAKEN: ErrorCode = ErrorCode::literal("MailNotTaken");

/// How long the server may take for each of its answers.
const TIMEOUT: Duration = Duration::from_secs(20);

const SUBJECT: &str = "Dead letters";

/// What is sent, to whom and through what.
pub(super) struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    /// Whether it sends a password.
    logs_in: bool,
    from: Mailbox,
    to: Mailboxes,
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
        let logs_in = login.is_some();
        let transport = transport(&mut table, login)?;
        table.finish()?;
        Ok(Self {
            transport,
            logs_in,
            from,
            to: to.into_iter().collect(),
            subject: subject.unwrap_or_else(|| SUBJECT.to_owned()),
        })
    }

    fn message(&self, parcel: &Parcel<'_>, id: &str) -> Result<Message, Failure> {
        let (subject, text) = match parcel.data() {
            Data::Digest(digest) => (
                format!("{}: {}", self.subject, digest.count),
                text(digest.rule, digest.count, digest.letters),
            ),
            Data::Letter(letter) => (self.subject.clone(), text(letter.rule, 1, &[])),
        };
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(subject)
            // The same in each attempt: a server or a reader that has it can tell.
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .date(parcel.timestamp().into());
        for to in self.to.iter() {
            message = message.to(to.clone());
        }
        message
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|error| {
                Failure::permanent(NOT_TAKEN, "no mail can be made").with_source(error)
            })
    }
}

impl Outward for Mail {
    fn send<'a>(
        &'a self,
        parcel: &'a Parcel<'a>,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let message = self.message(parcel, cx.task_id())?;
            let sent = self.transport.send(message).await;
            sent.map(drop).map_err(|error| self.not_taken(error))
        })
    }
}

impl Mail {
    fn not_taken(&self, error: smtp::Error) -> Failure {
        let said = match error.status() {
            Some(code) => format!("the mail server answered {code}"),
            None if is_of_tls(&error) => {
                "no encryption could be agreed on with the mail server, or its certificate is not trusted"
                    .to_owned()
            }
            None if error.is_client() => {
                "the mail server offers no STARTTLS, or no login that is known".to_owned()
            }
            None => "the mail server was not reached".to_owned(),
        };
        let failure = match error.is_permanent() {
            true => Failure::permanent(NOT_TAKEN, said),
            false => Failure::transient(NOT_TAKEN, said),
        };
        // What a server answers goes to the log, and may repeat what it was sent.
        match self.logs_in && error.status().is_some() {
            true => failure,
            false => failure.with_source(error),
        }
    }
}

fn is_of_tls(error: &smtp::Error) -> bool {
    let mut cause = error.source();
    while let Some(this) = cause {
        let io = this.downcast_ref::<io::Error>();
        if io
            .and_then(io::Error::get_ref)
            .is_some_and(|inner| inner.is::<rustls::Error>())
        {
            return true;
        }
        cause = this.source();
    }
    false
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
fn transport(
    table: &mut Table,
    login: Option<Credentials>,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, Wrong> {
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
    let builder = match url.scheme() {
        "smtps" => AsyncSmtpTransport::<Tokio1Executor>::relay(host),
        "smtp" if is_loopback(&url) => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(
            host,
        )),
        "smtp" => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host),
        _ => return Err(no_server(table)),
    };
    let mut builder = builder
        .map_err(|error| table.wrong("server", format!("cannot be used: {error}")))?
        .timeout(Some(TIMEOUT));
    if let Some(port) = url.port() {
        builder = builder.port(port);
    }
    if let Some(login) = login {
        builder = builder.credentials(login);
    }
    Ok(builder.build())
}

/// Who logs in, if anybody does.
fn login(table: &mut Table) -> Result<Option<Credentials>, Wrong> {
    match (table.text("user")?, table.variable("password_env")?) {
        (None, None) => Ok(None),
        (Some(user), Some(password)) => {
            Ok(Some(Credentials::new(user, password.expose().to_owned())))
        }
        (Some(_), None) => Err(table.wrong("password_env", "is missing beside user")),
        (None, Some(_)) => Err(table.wrong("user", "is missing beside password_env")),
    }
}

fn mailbox(text: &str) -> Option<Mailbox> {
    text.parse().ok()
}

fn no_address(table: &Table, key: &str) -> Wrong {
    table.wrong(key, "is no mail address, such as devs@example.com")
}
