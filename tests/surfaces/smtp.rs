//! A mail server on loopback: aiosmtpd, which speaks SMTP as others do.

use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::openapi::installed;

/// Tells its port and then each mail, the first of which it refuses, as often as it is told, for now.
const SERVER: &str = r#"
import asyncio, json, sys
from email import message_from_bytes, policy
from aiosmtpd.smtp import SMTP

class Handler:
    refusals = int(sys.argv[1])

    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        print(json.dumps({
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "subject": mail["subject"],
            "message_id": mail["message-id"],
            "text": mail.get_content(),
        }), flush=True)
        if Handler.refusals > 0:
            Handler.refusals -= 1
            return "451 not now"
        return "250 taken"

async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler()), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"#;

/// One under way. Killed when dropped.
pub(super) struct MailServer {
    pub(super) port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
    _child: Child,
}

/// What was sent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Mail {
    pub(super) sender: String,
    pub(super) recipients: Vec<String>,
    pub(super) subject: String,
    pub(super) message_id: String,
    pub(super) text: String,
}

impl MailServer {
    /// One that refuses so many mails first.
    pub(super) async fn refusing(refusals: usize) -> Self {
        let mut child = Command::new(installed(".venv/bin/python"))
            .args(["-c", SERVER, &refusals.to_string()])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.next_line().await.unwrap();
        let mails = Arc::default();
        tokio::spawn(read(lines, Arc::clone(&mails)));
        Self {
            port: port.expect("it tells its port").parse().unwrap(),
            mails,
            _child: child,
        }
    }

    /// What was sent so far, refused or not.
    pub(super) fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }
}

async fn read(mut lines: Lines<BufReader<ChildStdout>>, mails: Arc<Mutex<Vec<Mail>>>) {
    while let Ok(Some(line)) = lines.next_line().await {
        mails
            .lock()
            .unwrap()
            .push(serde_json::from_str(&line).unwrap());
    }
}
