//! Mail about dead letters as mail servers want it: encrypted, and from somebody who logs in. No password leaves the
//! machine in the clear, and none is told to anybody but its server.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::letters::{acted, failed};
use super::smtp::{Encryption, MailServer};
use super::write_kinds;
use crate::helpers::certificates::{ELSEWHERE, write_certificates};
use crate::helpers::client::Client;
use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;

const USER: &str = "tasks@org.com";
const PASSWORD: &str = "correct-horse-battery-staple";

/// A service that tells of all failures through this server, and trusts the authority of this folder if that is said.
fn tells(folder: &Path, server: &str, password: &str, trusts: bool) -> Serving {
    let login = format!("user = \"{USER}\"\npassword_env = \"MAIL_PASSWORD\"\n");
    let to = format!("to = \"devs@org.com\"\n{login}");
    tells_all(folder, server, &to, password, trusts)
}

/// The same of one that says so whom it tells, and whether it logs in.
fn tells_all(folder: &Path, server: &str, to: &str, password: &str, trusts: bool) -> Serving {
    let rules = folder.join("dead-letter-rules.toml");
    let rule = format!(
        r#"
[[rule]]
name = "tell"
[rule.mail]
server = "{server}"
from = "tasks@org.com"
every = "1s"
{to}
"#
    );
    fs::write(&rules, rule).unwrap();
    let (path, kinds) = (std::env::var("PATH").unwrap(), write_kinds(folder));
    let authority = folder.join("authority.pem");
    let mut settings = vec![
        ("PATH", &*path),
        ("KINDS_FILE", &kinds),
        ("MAIL_PASSWORD", password),
        ("ENQUEUE_TEXT_KIND", "hopeless"),
    ];
    if trusts {
        settings.push(("SSL_CERT_FILE", authority.to_str().unwrap()));
    }
    // A store that no other service of the test has.
    let data = tempfile::tempdir_in(folder).unwrap().keep();
    settings.push(("DATA_DIR", data.to_str().unwrap()));
    Serving::start_with(folder, &settings)
}

/// Why the mail about a letter was not taken, once its first attempt has shown that.
async fn refusal(client: &Client, id: &str) -> Value {
    eventually("the mail is refused", async || {
        let letter = client.get_keyed(&format!("/api/dead-letters/{id}")).await;
        let letter = letter.json();
        let action = letter["actions"].as_array()?.last()?;
        action.get("error")?;
        Some(action.clone())
    })
    .await
}

/// What is told of the task that did what the rule says about a letter.
async fn operation(client: &Client, letter: &Value) -> Value {
    let operation = letter["actions"][0]["operation"].as_str().unwrap();
    let monitor = format!("/api/operations/{operation}");
    client.get(&monitor).await.json()
}

/// The log of a service, which ends.
async fn log_of(serving: Serving) -> String {
    let ended = serving.stop("TERM").await;
    ended.stdout + &ended.stderr
}

#[tokio::test]
async fn mail_goes_encrypted_to_a_server_that_takes_a_login() {
    let folder = tempfile::tempdir().unwrap();
    write_certificates(folder.path());
    for (encryption, scheme, host) in [
        (Encryption::StartTls, "smtp", ELSEWHERE),
        (Encryption::Smtps, "smtps", ELSEWHERE),
        (Encryption::Smtps, "smtps", "localhost"),
        // On this machine nobody listens in between.
        (Encryption::None, "smtp", "127.0.0.1"),
    ] {
        let mail = MailServer::with_login(encryption, folder.path(), [USER, PASSWORD]).await;
        let server = format!("{scheme}://{host}:{}", mail.port);
        let serving = tells(folder.path(), &server, PASSWORD, true);
        let id = failed(&serving.client, "text/plain", "an invoice").await;
        acted(&serving.client, &id, "mail", "Succeeded").await;
        let mails = mail.mails();
        assert_eq!(mails.len(), 1, "{server}: {mails:?}");
        assert!(mails[0].text.contains(&id) && mails[0].logged_in);
        assert_eq!(mails[0].encrypted, encryption != Encryption::None);
        assert_eq!(mail.logins(), [[USER, PASSWORD]]);
        let log = log_of(serving).await;
        assert!(!log.contains(PASSWORD), "{log}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_noted_with_the_letter_and_told_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    write_certificates(folder.path());
    let wrong = "tr0ub4dor-and-3";
    for (encryption, scheme) in [(Encryption::StartTls, "smtp"), (Encryption::Smtps, "smtps")] {
        let mail = MailServer::with_login(encryption, folder.path(), [USER, PASSWORD]).await;
        let server = format!("{scheme}://{ELSEWHERE}:{}", mail.port);
        let serving = tells(folder.path(), &server, wrong, true);
        let id = failed(&serving.client, "text/plain", "an invoice").await;
        let letter = acted(&serving.client, &id, "mail", "Failed").await;
        let error = &letter["actions"][0]["error"];
        assert_eq!(error["code"], "MailNotTaken", "{letter}");
        assert_eq!(error["message"], "the mail server answered 535");
        assert!(!letter.to_string().contains(wrong), "{letter}");
        assert!(mail.mails().is_empty());
        assert_eq!(mail.logins(), [[USER, wrong]]);
        // The server repeats it, which nobody else should.
        let log = log_of(serving).await;
        assert!(
            log.contains("MailNotTaken") && !log.contains(wrong),
            "{log}"
        );
    }
}

#[tokio::test]
async fn what_a_server_mumbles_about_a_password_is_told_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    write_certificates(folder.path());
    let (wrong, mumbles) = ("tr0ub4dor-and-3", json!({ "mumbles": true }));
    let login = [USER, PASSWORD];
    let mail = MailServer::strange(Encryption::StartTls, folder.path(), login, mumbles).await;
    let server = format!("smtp://{ELSEWHERE}:{}", mail.port);
    let serving = tells(folder.path(), &server, wrong, true);
    let id = failed(&serving.client, "text/plain", "an invoice").await;
    let action = refusal(&serving.client, &id).await;
    assert_eq!(action["error"]["code"], "MailNotTaken", "{action}");
    assert_eq!(mail.logins(), [[USER, wrong]]);
    let log = log_of(serving).await;
    assert!(
        log.contains("MailNotTaken") && !log.contains(wrong),
        "{log}"
    );
}

#[tokio::test]
async fn what_is_said_before_encryption_is_not_taken_for_what_is_said_after() {
    let folder = tempfile::tempdir().unwrap();
    write_certificates(folder.path());
    let (login, injects) = ([USER, PASSWORD], json!({ "injects": true }));
    let mail = MailServer::strange(Encryption::StartTls, folder.path(), login, injects).await;
    let server = format!("smtp://{ELSEWHERE}:{}", mail.port);
    let serving = tells(folder.path(), &server, PASSWORD, true);
    let id = failed(&serving.client, "text/plain", "an invoice").await;
    let action = refusal(&serving.client, &id).await;
    let told = action["error"]["message"].as_str().unwrap();
    assert!(
        told.starts_with("no encryption could be agreed on"),
        "{action}"
    );
    assert!(mail.mails().is_empty() && mail.logins().is_empty());
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_gets_neither_mail_nor_password() {
    let folder = tempfile::tempdir().unwrap();
    write_certificates(folder.path());
    let mail = MailServer::with_login(Encryption::None, folder.path(), [USER, PASSWORD]).await;
    for (scheme, reason) in [
        ("smtp", "the mail server offers no STARTTLS"),
        ("smtps", "no encryption could be agreed on"),
    ] {
        let server = format!("{scheme}://{ELSEWHERE}:{}", mail.port);
        let serving = tells(folder.path(), &server, PASSWORD, true);
        let id = failed(&serving.client, "text/plain", "an invoice").await;
        let action = refusal(&serving.client, &id).await;
        let told = action["error"]["message"].as_str().unwrap();
        assert!(told.starts_with(reason), "{server}: {action}");
        // Somebody may mend it: it is tried again.
        assert_eq!(action["status"], "NotStarted");
        assert!(mail.mails().is_empty() && mail.logins().is_empty());
        assert!(!log_of(serving).await.contains(PASSWORD));
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused_before_the_login() {
    let (folder, strangers) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_certificates(folder.path());
    write_certificates(strangers.path());
    for (encryption, scheme) in [(Encryption::StartTls, "smtp"), (Encryption::Smtps, "smtps")] {
        // Of an authority that this machine does not know, and of another one than it was told to trust.
        for (of, trusts) in [(&folder, false), (&strangers, true)] {
            let mail = MailServer::with_login(encryption, of.path(), [USER, PASSWORD]).await;
            let server = format!("{scheme}://{ELSEWHERE}:{}", mail.port);
            let serving = tells(folder.path(), &server, PASSWORD, trusts);
            let id = failed(&serving.client, "text/plain", "an invoice").await;
            let action = refusal(&serving.client, &id).await;
            let told = action["error"]["message"].as_str().unwrap();
            assert!(
                told.contains("certificate is not trusted"),
                "{server}: {action}"
            );
            assert!(mail.mails().is_empty() && mail.logins().is_empty());
            assert!(!log_of(serving).await.contains(PASSWORD));
        }
    }
}

#[tokio::test]
async fn whom_the_server_refuses_keeps_the_mail_from_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let refused = [("gone@org.com", 550), ("grey@org.com", 450)];
    let mail = MailServer::silent(&refused).await;
    let server = format!("smtp://127.0.0.1:{}", mail.port);
    let to = r#"to = ["gone@org.com", "Devs <devs@org.com>", "grey@org.com", "ops@org.com"]"#;
    let serving = tells_all(folder.path(), &server, to, PASSWORD, false);
    let id = failed(&serving.client, "text/plain", "an invoice").await;
    let action = refusal(&serving.client, &id).await;
    assert_eq!(action["status"], "NotStarted", "{action}");
    assert_eq!(action["error"]["message"], "the mail server answered 450");
    // Who was refused for now is tried again, alone. It comes to nobody twice because the server does not say good-bye.
    let letter = acted(&serving.client, &id, "mail", "Succeeded").await;
    let monitor = operation(&serving.client, &letter).await;
    assert_eq!(monitor["attempts"], 2, "{monitor}");
    assert_eq!(monitor["result"], json!({ "done": true }));
    let mails = mail.mails();
    assert_eq!(mails.len(), 2, "{mails:?}");
    assert_eq!(mails[0].recipients, ["devs@org.com", "ops@org.com"]);
    assert_eq!(mails[1].recipients, ["grey@org.com"]);
    assert_eq!(mails[0].message_id, mails[1].message_id);
    for mail in mails {
        let to = "gone@org.com, Devs <devs@org.com>, grey@org.com, ops@org.com";
        assert_eq!(mail.to, to);
    }
    let log = log_of(serving).await;
    let told = "not taken for gone@org.com: the mail server answered 550";
    assert_eq!(log.matches(told).count(), 1, "{log}");
}

#[tokio::test]
async fn a_mail_that_the_server_takes_for_nobody_is_tried_again_if_that_may_pass() {
    for (refused, status, told) in [
        (
            [("a@org.com", 550), ("grey@org.com", 450)],
            "NotStarted",
            450,
        ),
        ([("a@org.com", 550), ("grey@org.com", 553)], "Failed", 550),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mail = MailServer::silent(&refused).await;
        let server = format!("smtp://127.0.0.1:{}", mail.port);
        let to = r#"to = ["a@org.com", "grey@org.com"]"#;
        let serving = tells_all(folder.path(), &server, to, PASSWORD, false);
        let id = failed(&serving.client, "text/plain", "an invoice").await;
        let action = refusal(&serving.client, &id).await;
        assert_eq!(action["status"], status, "{action}");
        let expected = format!("the mail server answered {told}");
        assert_eq!(action["error"]["message"], expected);
        assert!(mail.mails().is_empty());
    }
}

#[tokio::test]
async fn a_server_that_takes_its_time_with_a_mail_gets_it_once() {
    let folder = tempfile::tempdir().unwrap();
    // Longer than for any other of its answers.
    let mail = MailServer::slow(25).await;
    let server = format!("smtp://127.0.0.1:{}", mail.port);
    let serving = tells_all(
        folder.path(),
        &server,
        r#"to = "devs@org.com""#,
        PASSWORD,
        false,
    );
    let id = failed(&serving.client, "text/plain", "an invoice").await;
    eventually("the mail is under way", async || {
        (!mail.mails().is_empty()).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_secs(24)).await;
    let letter = acted(&serving.client, &id, "mail", "Succeeded").await;
    assert_eq!(operation(&serving.client, &letter).await["attempts"], 1);
    assert_eq!(mail.mails().len(), 1);
}

#[tokio::test]
async fn who_is_one_too_many_gets_the_mail_later() {
    let folder = tempfile::tempdir().unwrap();
    // So older servers say it.
    let mail = MailServer::silent(&[("grey@org.com", 552)]).await;
    let server = format!("smtp://127.0.0.1:{}", mail.port);
    let to = r#"to = ["devs@org.com", "grey@org.com"]"#;
    let serving = tells_all(folder.path(), &server, to, PASSWORD, false);
    let id = failed(&serving.client, "text/plain", "an invoice").await;
    let letter = acted(&serving.client, &id, "mail", "Succeeded").await;
    assert_eq!(operation(&serving.client, &letter).await["attempts"], 2);
    let recipients = mail.mails().into_iter().map(|mail| mail.recipients);
    let recipients: Vec<_> = recipients.collect();
    assert_eq!(recipients, [["devs@org.com"], ["grey@org.com"]]);
}

#[tokio::test]
async fn an_address_beyond_ascii_keeps_the_mail_from_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    // It takes none of them, but a host has a name in ASCII as well.
    let mail = MailServer::silent(&[]).await;
    let server = format!("smtp://127.0.0.1:{}", mail.port);
    let to = r#"to = ["zo\u00EB@org.com", "devs@org.com", "Zo\u00EB <ops@b\u00FCcher.example>"]"#;
    let serving = tells_all(folder.path(), &server, to, PASSWORD, false);
    let id = failed(&serving.client, "text/plain", "an invoice").await;
    acted(&serving.client, &id, "mail", "Succeeded").await;
    let [mail] = &mail.mails()[..] else {
        panic!("one mail is sent: {:?}", mail.mails());
    };
    let ops = "ops@xn--bcher-kva.example";
    assert_eq!(mail.recipients, ["devs@org.com", ops]);
    assert_eq!(mail.to, format!("devs@org.com, Zo\u{eb} <{ops}>"));
    let log = log_of(serving).await;
    let told = "not taken for zo\u{eb}@org.com: the mail server takes no address beyond ASCII";
    assert_eq!(log.matches(told).count(), 1, "{log}");
}

#[tokio::test]
async fn a_mail_for_nobody_but_addresses_beyond_ascii_is_refused_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let mail = MailServer::silent(&[]).await;
    let server = format!("smtp://127.0.0.1:{}", mail.port);
    let to = r#"to = "zo\u00EB@org.com""#;
    let serving = tells_all(folder.path(), &server, to, PASSWORD, false);
    let id = failed(&serving.client, "text/plain", "an invoice").await;
    let letter = acted(&serving.client, &id, "mail", "Failed").await;
    assert_eq!(
        letter["actions"][0]["error"]["message"],
        "the mail server takes no address beyond ASCII"
    );
    assert!(mail.mails().is_empty());
}
