//! Handing a mail to a server: SMTP (RFC 5321) as a client speaks it, of the parts that `lettre` has. The server
//! takes it for each of those it is for or not. Each answer has a time limit but the last: the server has the mail by
//! then, and whoever goes away makes it come twice (section 4.5.3.2.6). What was taken is taken: nobody waits for a
//! good-bye.

use std::net::SocketAddr;
use std::time::Duration;
use std::{fmt, io};

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::{self, SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::not_taken::NotTaken;
use super::stream::ByLine;

/// How long one of the server's addresses may take to accept a connection. Then it is the next one's turn.
const CONNECT: Duration = Duration::from_secs(5);

/// How long the server may take for each step: its greeting and who it is, encryption, the login, each answer.
const ANSWER: Duration = Duration::from_secs(20);

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
    /// Reaches it, and logs in if somebody is to.
    pub(super) async fn connect(&self) -> Result<Session, NotTaken> {
        let port = self.port.unwrap_or_else(|| self.encryption.usual_port());
        let addresses = lookup_host((self.host.as_str(), port));
        let addresses = timeout(ANSWER, addresses)
            .await
            .map_err(|_| NotTaken::Silent)?;
        let mut connection = self.reach(addresses.map_err(NotTaken::NotReached)?).await?;
        if let Encryption::StartTls(tls) = &self.encryption {
            let name = ClientId::default();
            answer(connection.starttls(tls.clone(), &name)).await?;
        }
        if let Some(login) = &self.login {
            answer(connection.auth(DEFAULT_MECHANISMS, login)).await?;
        }
        Ok(Session { connection })
    }

    /// The first of these addresses at which the server greets us; or why none does, of the first that may by and by.
    async fn reach(
        &self,
        addresses: impl Iterator<Item = SocketAddr>,
    ) -> Result<AsyncSmtpConnection, NotTaken> {
        let mut why: Option<NotTaken> = None;
        for address in addresses {
            match self.greet(address).await {
                Ok(connection) => return Ok(connection),
                Err(other) if why.as_ref().is_none_or(NotTaken::is_for_good) => why = Some(other),
                Err(_) => {}
            }
        }
        let nowhere = || NotTaken::NotReached(io::ErrorKind::AddrNotAvailable.into());
        Err(why.unwrap_or_else(nowhere))
    }

    async fn greet(&self, address: SocketAddr) -> Result<AsyncSmtpConnection, NotTaken> {
        let name = ClientId::default();
        if let Encryption::Smtps(tls) = &self.encryption {
            let (tls, limit) = (Some(tls.clone()), Some(CONNECT));
            let greeting = AsyncSmtpConnection::connect_tokio1(address, limit, &name, tls, None);
            return answer(greeting).await;
        }
        let stream = timeout(CONNECT, TcpStream::connect(address)).await;
        let stream = stream.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let stream = Box::new(ByLine(stream.map_err(NotTaken::NotReached)?));
        answer(AsyncSmtpConnection::connect_with_transport(stream, &name)).await
    }
}

/// A server that was reached, and takes mail by now.
pub(super) struct Session {
    connection: AsyncSmtpConnection,
}

impl Session {
    /// Whether it takes an address as it is written.
    pub(super) fn takes(&self, address: &Address) -> bool {
        is_ascii(address) || self.offers(Extension::SmtpUtfEight)
    }

    fn offers(&self, extension: Extension) -> bool {
        self.connection.server_info().supports_feature(extension)
    }

    /// Has a mail taken for all whom the server takes one for, and gives those whom it does not: none of them has it.
    ///
    /// # Errors
    ///
    /// Nobody has it, whoever it is for; or nobody knows, because the server's last word was not heard.
    pub(super) async fn send<'a>(
        mut self,
        from: &Address,
        to: &[&'a Address],
        mail: &[u8],
    ) -> Result<Vec<Refused<'a>>, NotTaken> {
        let sent = self.hand_over(from, to, mail).await;
        // In the background: what was taken is not sent again because the server says no good-bye.
        tokio::spawn(async move {
            let _ = timeout(GOOD_BYE, self.connection.command(Quit)).await;
        });
        sent
    }

    async fn hand_over<'a>(
        &mut self,
        from: &Address,
        to: &[&'a Address],
        mail: &[u8],
    ) -> Result<Vec<Refused<'a>>, NotTaken> {
        if !self.takes(from) {
            return Err(NotTaken::NoSuchAddress);
        }
        let mut parameters = Vec::new();
        if !mail.is_ascii() {
            if self.offers(Extension::EightBitMime) {
                parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
            }
            if self.offers(Extension::SmtpUtfEight) {
                parameters.push(MailParameter::SmtpUtfEight);
            }
        }
        self.say(Mail::new(Some(from.clone()), parameters)).await?;
        let mut refused = Vec::new();
        for &to in to {
            let answered = match self.takes(to) {
                true => self.say(Rcpt::new(to.clone(), vec![])).await,
                false => Err(NotTaken::NoSuchAddress),
            };
            match answered {
                Ok(()) => {}
                Err(NotTaken::Smtp(error)) if error.status().map(u16::from) == Some(552) => {
                    let why = NotTaken::TooMany(error);
                    refused.push(Refused { to, why });
                }
                Err(why) if why.is_an_answer() => refused.push(Refused { to, why }),
                // Nothing more is heard of it.
                Err(why) => return Err(why),
            }
        }
        if refused.len() == to.len() {
            return Ok(refused);
        }
        self.say(Data).await?;
        let taken = self.connection.message(mail).await;
        taken.map_err(NotTaken::Smtp)?;
        Ok(refused)
    }

    async fn say(&mut self, command: impl fmt::Display) -> Result<(), NotTaken> {
        answer(self.connection.command(command)).await?;
        Ok(())
    }
}

/// An answer of the server, within the time that it has.
async fn answer<T>(answer: impl Future<Output = Result<T, smtp::Error>>) -> Result<T, NotTaken> {
    match timeout(ANSWER, answer).await {
        Ok(answer) => answer.map_err(NotTaken::Smtp),
        Err(_) => Err(NotTaken::Silent),
    }
}

fn is_ascii(address: &Address) -> bool {
    AsRef::<str>::as_ref(address).is_ascii()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    fn server() -> Server {
        Server {
            host: "localhost".to_owned(),
            port: None,
            encryption: Encryption::None,
            login: None,
        }
    }

    async fn listener() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    /// The address of one that greets whoever comes.
    async fn greeter(greeting: &'static str) -> SocketAddr {
        let (listener, address) = listener().await;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut stream = BufReader::new(stream);
                stream.write_all(greeting.as_bytes()).await.unwrap();
                let mut line = String::new();
                while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                    stream.write_all(b"250 all right\r\n").await.unwrap();
                }
            }
        });
        address
    }

    #[tokio::test]
    async fn an_address_that_is_dead_or_silent_is_passed_over() {
        // One that nobody listens at, and one that never says anything.
        let bound = tokio::net::TcpSocket::new_v4().unwrap();
        bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let refusing = bound.local_addr().unwrap();
        let (_silent, silent) = listener().await;
        let alive = greeter("220 hello\r\n").await;
        let busy = greeter("421 not now\r\n").await;
        let closed = greeter("554 no mail here\r\n").await;
        let addresses = [refusing, silent, busy, closed, alive];
        let why = async |addresses: &[SocketAddr]| {
            let reached = server().reach(addresses.iter().copied()).await;
            reached.err().unwrap()
        };
        // The time is a real one, because the sockets are: both wait for the silent one.
        let (server, silent) = (server(), [silent]);
        let (reached, silent) = tokio::join!(server.reach(addresses.into_iter()), why(&silent));
        assert!(reached.is_ok());
        assert!(matches!(silent, NotTaken::Silent));
        assert!(matches!(why(&[refusing]).await, NotTaken::NotReached(_)));
        assert!(matches!(why(&[]).await, NotTaken::NotReached(_)));
        // What may pass comes first, whichever address it is of.
        assert!(why(&[closed]).await.is_for_good());
        for addresses in [[closed, busy], [busy, closed]] {
            let why = why(&addresses).await;
            assert_eq!(why.to_string(), "the mail server answered 421");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn an_address_that_answers_nothing_at_all_costs_its_time_only() {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let dead = listener.local_addr().unwrap();
        // Nobody is accepted, and soon nobody is answered.
        let mut waiting = Vec::new();
        let limit = Duration::from_millis(200);
        while let Ok(stream) = std::net::TcpStream::connect_timeout(&dead, limit) {
            waiting.push(stream);
            assert!(waiting.len() < 100);
        }
        let alive = greeter("220 hello\r\n").await;
        let began = std::time::Instant::now();
        assert!(server().reach([dead, alive].into_iter()).await.is_ok());
        assert!(began.elapsed() >= CONNECT);
    }
}
