//! Mail servers on loopback: aiosmtpd, which speaks SMTP as others do, encrypted or not.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::openapi::installed;

/// Tells its port, and then each mail and each login. The first mails it refuses, as often as it is told, for now; who
/// logs in with another password is told which one that was.
const SERVER: &str = r#"
import asyncio, json, logging, ssl, sys
from email import message_from_bytes, policy
from aiosmtpd.smtp import AuthResult, SMTP

# That a login goes without encryption is meant, and that a client goes away is seen by it.
logging.disable()
told = dict(refusals=0, refused={}, no_good_bye=False, login=None, slow=0, injects=False, mumbles=False)
told |= json.loads(sys.argv[1])

def tell(**what):
    print(json.dumps(what), flush=True)

class Handler:
    refusals = told["refusals"]

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in told["refused"]:
            code = told["refused"][address]
            if address.startswith("grey"):
                del told["refused"][address]
            return f"{code} not here"
        envelope.rcpt_tos.append(address)
        return "250 taken"

    async def handle_QUIT(self, server, session, envelope):
        if told["no_good_bye"]:
            await asyncio.sleep(3600)
        return "221 good-bye"

    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        tell(mail={
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "to": mail["to"],
            "subject": mail["subject"],
            "message_id": mail["message-id"],
            "text": mail.get_content(),
            "encrypted": server.transport.get_extra_info("ssl_object") is not None,
            "logged_in": bool(session.authenticated),
        })
        if Handler.refusals > 0:
            Handler.refusals -= 1
            return "451 not now"
        await asyncio.sleep(told["slow"])
        return "250 taken"

def login(server, session, envelope, mechanism, data):
    user, password = data.login.decode(), data.password.decode()
    tell(login=[user, password])
    if [user, password] == told["login"]:
        return AuthResult(success=True)
    code = "" if told["mumbles"] else "535 5.7.8 "
    return AuthResult(success=False, handled=False, message=f"{code}{password} is wrong")

class Injected(SMTP):
    """Somebody in between says more than the server, as long as nothing is encrypted."""
    async def push(self, status):
        if status.startswith("220 Ready"):
            status += "\r\n250-x\r\n250 AUTH PLAIN"
        await super().push(status)

async def main():
    certificate = None
    if told["encryption"] != "none":
        certificate = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificate.load_cert_chain(told["certificate"], told["key"])
    starttls = certificate if told["encryption"] == "starttls" else None
    logins = dict(authenticator=login, auth_required=True, auth_require_tls=False) if told["login"] else {}
    def serve():
        speaks = Injected if told["injects"] else SMTP
        return speaks(Handler(), tls_context=starttls, require_starttls=starttls is not None, **logins)
    at_once = certificate if told["encryption"] == "smtps" else None
    server = await asyncio.get_running_loop().create_server(serve, "127.0.0.1", 0, ssl=at_once)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"#;

/// How a server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    None,
    StartTls,
    Smtps,
}

/// One under way. Killed when dropped.
pub(super) struct MailServer {
    pub(super) port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    _child: Child,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Seen {
    Mail(Mail),
    Login([String; 2]),
}

/// What was sent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Mail {
    pub(super) sender: String,
    pub(super) recipients: Vec<String>,
    pub(super) to: String,
    pub(super) subject: String,
    pub(super) message_id: String,
    pub(super) text: String,
    pub(super) encrypted: bool,
    pub(super) logged_in: bool,
}

impl MailServer {
    /// One that refuses so many mails first.
    pub(super) async fn refusing(refusals: usize) -> Self {
        let told = json!({ "refusals": refusals, "encryption": "none" });
        Self::start(told).await
    }

    /// One that takes nothing for these, whom it answers this, and never says good-bye. Who is called grey is refused
    /// once.
    pub(super) async fn silent(refused: &[(&str, u16)]) -> Self {
        let refused: BTreeMap<_, _> = refused.iter().copied().collect();
        let told = json!({ "encryption": "none", "refused": refused, "no_good_bye": true });
        Self::start(told).await
    }

    /// One that takes so many seconds for a mail.
    pub(super) async fn slow(seconds: u32) -> Self {
        let told = json!({ "encryption": "none", "slow": seconds });
        Self::start(told).await
    }

    /// One that takes mail from who logs in with this name and password. Its certificate, and the key of that, are
    /// in this folder.
    pub(super) async fn with_login(
        encryption: Encryption,
        folder: &Path,
        login: [&str; 2],
    ) -> Self {
        Self::strange(encryption, folder, login, json!({})).await
    }

    /// The same of one that does this besides: `injects` answers before it is encrypted that are to be taken for those
    /// after, or `mumbles`, without a code, that a password is wrong.
    pub(super) async fn strange(
        encryption: Encryption,
        folder: &Path,
        login: [&str; 2],
        mut told: Value,
    ) -> Self {
        let encryption = match encryption {
            Encryption::None => "none",
            Encryption::StartTls => "starttls",
            Encryption::Smtps => "smtps",
        };
        told["encryption"] = json!(encryption);
        told["certificate"] = json!(folder.join("certificate.pem"));
        told["key"] = json!(folder.join("key.pem"));
        told["login"] = json!(login);
        Self::start(told).await
    }

    async fn start(told: Value) -> Self {
        let told = told.to_string();
        let mut child = Command::new(installed(".venv/bin/python"))
            .args(["-W", "ignore", "-c", SERVER, &told])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.next_line().await.unwrap();
        let seen = Arc::default();
        tokio::spawn(read(lines, Arc::clone(&seen)));
        Self {
            port: port.expect("it tells its port").parse().unwrap(),
            seen,
            _child: child,
        }
    }

    /// What was sent so far, refused or not.
    pub(super) fn mails(&self) -> Vec<Mail> {
        let seen = self.seen.lock().unwrap();
        let mails = seen.iter().filter_map(|seen| match seen {
            Seen::Mail(mail) => Some(mail.clone()),
            Seen::Login(_) => None,
        });
        mails.collect()
    }

    /// The names and passwords that were sent so far.
    pub(super) fn logins(&self) -> Vec<[String; 2]> {
        let seen = self.seen.lock().unwrap();
        let logins = seen.iter().filter_map(|seen| match seen {
            Seen::Login(login) => Some(login.clone()),
            Seen::Mail(_) => None,
        });
        logins.collect()
    }
}

async fn read(mut lines: Lines<BufReader<ChildStdout>>, seen: Arc<Mutex<Vec<Seen>>>) {
    while let Ok(Some(line)) = lines.next_line().await {
        let one = serde_json::from_str(&line).unwrap();
        seen.lock().unwrap().push(one);
    }
}
