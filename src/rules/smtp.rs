//! Handing a mail to a server: SMTP (RFC 5321) as a client speaks it, of the parts that `lettre` has. The server
//! takes it for each of those it is for or not, each answer has a time limit, and what was taken is taken: nobody
//! waits for a good-bye.

use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::{self, SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};
use tokio::time::timeout;

use super::not_taken::NotTaken;

/// How long the server may take for each of its answers.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How long a connection stays open for the answer to its good-bye.
const GOOD_BYE: Duration = Duration::from_secs(5);

/// How what is sent is encrypted.
pub(super) enum Encryption {
    /// Not at all: the server is on this machine.
    None,
    /// From STARTTLS on, without which nothing is sent.
    StartTls(TlsParameters),
    /// From the beginning.
    Smtps(TlsParameters),
}

impl Encryption {
    fn usual_port(&self) -> u16 {
        match self {
            Self::None => SMTP_PORT,
            Self::StartTls(_) => SUBMISSION_PORT,
            Self::Smtps(_) => SUBMISSIONS_PORT,
        }
    }
}

/// A server that takes mail.
pub(super) struct Server {
    pub(super) host: String,
    /// `None`: the one that goes with the encryption.
    pub(super) port: Option<u16>,
    pub(super) encryption: Encryption,
    pub(super) login: Option<Credentials>,
}

/// Somebody who is not to get the mail, by what the server said.
pub(super) struct Refused<'a> {
    pub(super) to: &'a Address,
    pub(super) why: NotTaken,
}

impl Server {
    /// Has a mail taken for all whom the server takes one for, and gives those whom it does not: none of them has it.
    ///
    /// # Errors
    ///
    /// Nobody has it, whoever it is for.
    pub(super) async fn send<'a>(
        &self,
        from: &Address,
        to: &[&'a Address],
        mail: &[u8],
    ) -> Result<Vec<Refused<'a>>, NotTaken> {
        let mut connection = self.connect().await?;
        let sent = hand_over(&mut connection, from, to, mail).await;
        // In the background: what was taken is not sent again because the server says no good-bye.
        tokio::spawn(async move {
            let _ = timeout(GOOD_BYE, connection.command(Quit)).await;
        });
        sent
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, NotTaken> {
        let name = ClientId::default();
        let at_once = match &self.encryption {
            Encryption::Smtps(tls) => Some(tls.clone()),
            Encryption::StartTls(_) | Encryption::None => None,
        };
        let port = self.port.unwrap_or_else(|| self.encryption.usual_port());
        let server = (self.host.as_str(), port);
        let connecting = AsyncSmtpConnection::connect_tokio1(server, None, &name, at_once, None);
        let mut connection = answer(connecting).await?;
        if let Encryption::StartTls(tls) = &self.encryption {
            answer(connection.starttls(tls.clone(), &name)).await?;
        }
        if let Some(login) = &self.login {
            answer(connection.auth(DEFAULT_MECHANISMS, login)).await?;
        }
        Ok(connection)
    }
}

async fn hand_over<'a>(
    connection: &mut AsyncSmtpConnection,
    from: &Address,
    to: &[&'a Address],
    mail: &[u8],
) -> Result<Vec<Refused<'a>>, NotTaken> {
    let offers = |extension| connection.server_info().supports_feature(extension);
    let takes_all = offers(Extension::SmtpUtfEight);
    let mut parameters = Vec::new();
    if !mail.is_ascii() && offers(Extension::EightBitMime) {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    if !to.iter().copied().chain([from]).all(is_ascii) && takes_all {
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !takes_all && !is_ascii(from) {
        return Err(NotTaken::NoSuchAddress);
    }
    answer(connection.command(Mail::new(Some(from.clone()), parameters))).await?;
    let mut refused = Vec::new();
    for &to in to {
        let answered = match takes_all || is_ascii(to) {
            true => answer(connection.command(Rcpt::new(to.clone(), vec![]))).await,
            false => Err(NotTaken::NoSuchAddress),
        };
        match answered {
            Ok(_) => {}
            Err(why) if why.is_an_answer() => refused.push(Refused { to, why }),
            // Nothing more is heard of it.
            Err(why) => return Err(why),
        }
    }
    if refused.len() == to.len() {
        return Ok(refused);
    }
    answer(connection.command(Data)).await?;
    answer(connection.message(mail)).await?;
    Ok(refused)
}

/// An answer of the server, within the time that it has.
async fn answer<T>(answer: impl Future<Output = Result<T, smtp::Error>>) -> Result<T, NotTaken> {
    match timeout(TIMEOUT, answer).await {
        Ok(answer) => answer.map_err(NotTaken::Smtp),
        Err(_) => Err(NotTaken::Silent),
    }
}

fn is_ascii(address: &Address) -> bool {
    AsRef::<str>::as_ref(address).is_ascii()
}
