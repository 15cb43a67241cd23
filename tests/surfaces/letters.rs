//! R3's dead letters, by rules in place of a Logic App: each step of its flow, and what was wrong with it, mended.
//! A repair that fails loses nothing, nobody is told of the same letter twice, and a storm is a few mails.

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::smtp::MailServer;
use super::{EVERYWHERE, enqueue, enqueued, everywhere, has_status, write_kinds};
use crate::helpers::client::Client;
use crate::helpers::deployment::{Deployment, Setting};
use crate::helpers::eventually::eventually;
use crate::helpers::handler::{Handler, Serving};
use crate::urls::service::Service;

const DOCUMENT: &str = include_str!("../../docs/dead-letter-rules.md");

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// R3's flow, as the documentation shows it. `path` says how the repair function behaves.
fn r3(service: &Service, path: &str, mail: &MailServer) -> String {
    let (_, example) = DOCUMENT.split_once("```toml\n").unwrap();
    let (mut example, _) = example.split_once("```").unwrap();
    let url = format!("http://{}/{path}", service.address);
    let server = format!("smtp://127.0.0.1:{}", mail.port);
    let mut text = String::new();
    for (shown, real) in [
        (
            "https://repair.example.com/FixDeadletterQueueMessage",
            &*url,
        ),
        ("smtps://smtp.example.com", &server),
        ("15m", "1s"),
    ] {
        let (before, after) = example.split_once(shown).expect(shown);
        text += before;
        text += real;
        example = after;
    }
    text + example
}

fn write(folder: &Path, rules: &str) -> String {
    let file = folder.join("dead-letter-rules.toml");
    fs::write(&file, rules).unwrap();
    file.to_str().unwrap().to_owned()
}

/// Has something fail, of a kind that always does.
pub(super) async fn failed(client: &Client, content_type: &str, body: &str) -> String {
    let id = enqueued(client, enqueue(client, content_type, body.to_owned())).await;
    has_status(client, &id, "FAILURE").await;
    id
}

/// Waits until what rules did stands so; gives the letter then. A process that has just died answers nothing.
pub(super) async fn acted(client: &Client, id: &str, action: &str, status: &str) -> Value {
    let told = format!("{action} has {status}");
    eventually(&told, async || {
        let request = client.keyed("GET", &format!("/api/dead-letters/{id}"));
        let reply = client.try_send(request).await.ok()?;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let letter = reply.json();
        let last = letter["actions"].as_array()?.last()?.clone();
        (last["action"] == action && last["status"] == status).then_some(letter)
    })
    .await
}

/// The ids of all that are listed.
async fn listed(client: &Client) -> Vec<String> {
    let letters = client.get_keyed("/api/dead-letters").await.json();
    let letters = letters["value"].as_array().unwrap();
    let ids = letters.iter().map(|letter| letter["id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let prefix = format!("{name}: ");
    let mut lines = head.lines();
    lines
        .find_map(|line| line.strip_prefix(&*prefix))
        .expect(name)
}

#[tokio::test]
async fn a_certain_type_is_repaired_and_the_rest_mailed_to_the_team() {
    let folder = tempfile::tempdir().unwrap();
    for setting in EVERYWHERE {
        let (service, mail) = (Service::start().await, MailServer::refusing(1).await);
        let (path, kinds) = (std::env::var("PATH").unwrap(), write_kinds(folder.path()));
        let rules = write(folder.path(), &r3(&service, "told", &mail));
        let settings = [
            ("PATH", &*path),
            ("KINDS_FILE", &kinds),
            ("DEAD_LETTER_RULES", &rules),
            ("REPAIR_SECRET", SECRET),
            ("ENQUEUE_KIND", "hopeless"),
            ("ENQUEUE_TEXT_KIND", "hopeless"),
        ];
        let deployment = Deployment::start(setting, &settings).await;
        let client = &deployment.client;
        let certain = json!({ "taskType": "certainTaskType", "number": 7 }).to_string();
        let certain = failed(client, "application/json", &certain).await;
        let other = failed(client, "text/plain", "an invoice that cannot be made").await;

        // The repair fails at first. In R3 the message was gone by then.
        let first = service.request(0).await;
        assert!(first.0.starts_with("POST /told HTTP/1.1"), "{}", first.0);
        assert!(header(&first.0, "webhook-signature").starts_with("v1,"));
        let sent: Value = serde_json::from_str(&first.1).unwrap();
        assert_eq!(sent["type"], "dead-letter");
        assert_eq!(sent["data"]["id"], *certain);
        assert_eq!(sent["data"]["rule"], "repair");
        assert_eq!(
            sent["data"]["input"],
            json!({ "taskType": "certainTaskType", "number": 7 })
        );
        let repaired = acted(client, &certain, "repair", "Succeeded").await;
        assert_eq!(repaired["actions"].as_array().unwrap().len(), 1);
        assert!(repaired["settledDateTime"].is_string(), "{repaired}");
        let second = service.request(1).await;
        assert_eq!(first.1, second.1);
        assert_eq!(
            header(&first.0, "webhook-id"),
            header(&second.0, "webhook-id")
        );

        // So does the mail. In R3 it came again each time that a lock ended.
        let told = acted(client, &other, "mail", "Succeeded").await;
        assert!(told.get("settledDateTime").is_none(), "{told}");
        let mails = mail.mails();
        assert_eq!(mails.len(), 2, "{setting:?}: {mails:?}");
        assert_eq!(mails[0], mails[1]);
        assert_eq!(mails[0].sender, "tasks@org.com");
        assert_eq!(mails[0].recipients, ["devs@org.com"]);
        assert_eq!(mails[0].subject, "Deadqueue letter received: 1");
        let operation = told["actions"][0]["operation"].as_str().unwrap();
        assert_eq!(mails[0].message_id, format!("<{operation}@org.com>"));
        assert!(mails[0].text.contains(&other) && mails[0].text.contains("NoHope"));
        // Whoever has no key gets no input.
        assert!(!mails[0].text.contains("invoice"), "{}", mails[0].text);

        assert_eq!(listed(client).await, [&*other]);
        let third = failed(client, "text/plain", "another").await;
        acted(client, &third, "mail", "Succeeded").await;
        let mails = mail.mails();
        assert_eq!(mails.len(), 3, "{mails:?}");
        assert!(mails[2].text.contains(&third) && !mails[2].text.contains(&other));
        assert_eq!(service.requests(), 2);
    }
}

#[tokio::test]
async fn a_repair_that_is_refused_for_good_loses_nothing() {
    let (service, mail) = (Service::start().await, MailServer::refusing(0).await);
    let folder = tempfile::tempdir().unwrap();
    let rules = write(folder.path(), &r3(&service, "refuses", &mail));
    let settings = [
        ("DEAD_LETTER_RULES", &*rules),
        ("REPAIR_SECRET", SECRET),
        ("ENQUEUE_KIND", "hopeless"),
    ];
    everywhere(&settings, async |client, _, _| {
        let id = failed(
            client,
            "application/json",
            r#"{"taskType":"certainTaskType"}"#,
        )
        .await;
        let letter = acted(client, &id, "repair", "Failed").await;
        let error = &letter["actions"][0]["error"];
        assert_eq!(error["code"], "BeyondRepair", "{letter}");
        assert_eq!(error["message"], "nobody can mend that");
        assert!(letter.get("settledDateTime").is_none(), "{letter}");
        assert_eq!(letter["input"], json!({ "taskType": "certainTaskType" }));
        assert!(listed(client).await.contains(&id));
        // The metrics tell which kind of task it was that failed.
        let metrics = client.get_keyed("/api/metrics").await;
        let metrics = metrics.text();
        let failed = r#"tasks_ended_total{kind="_dead-letter-rule",status="failed"} 1"#;
        assert!(metrics.lines().any(|line| line == failed), "{metrics}");
        // It can still be replayed by hand.
        let path = format!("/api/dead-letters/{id}:replay");
        let replayed = client.send(client.keyed("POST", &path)).await;
        assert_eq!(replayed.status, 202, "{}", replayed.text());
    })
    .await;
    assert!(mail.mails().is_empty());
}

#[tokio::test]
async fn whoever_is_to_repair_may_answer_what_they_like() {
    let (service, folder) = (Service::start().await, tempfile::tempdir().unwrap());
    let at = |scheme: &str, path: &str| format!("{scheme}://{}/{path}", service.address);
    let answers = [
        ("redirects", at("http", "redirects"), "Failed", "Redirected"),
        ("gone", at("http", "gone"), "Failed", "RequestFailed"),
        // What a success says is not read.
        ("huge", at("http", "huge"), "Succeeded", ""),
        // In an hour, and that is no failure.
        ("busy", at("http", "busy"), "NotStarted", ""),
        ("no-tls", at("https", "told"), "NotStarted", "NoConnection"),
    ];
    let rules = answers.each_ref().map(|(name, url, ..)| {
        format!("[[rule]]\nname = \"{name}\"\nmatch = {{ text = \"{name}\" }}\nrepair = {{ url = \"{url}\" }}\n")
    });
    let (path, kinds) = (std::env::var("PATH").unwrap(), write_kinds(folder.path()));
    let rules = write(folder.path(), &rules.concat());
    let settings = [
        ("PATH", &*path),
        ("KINDS_FILE", &kinds),
        ("DEAD_LETTER_RULES", &rules),
        ("ENQUEUE_TEXT_KIND", "hopeless"),
    ];
    let deployment = Deployment::start(Setting::Embedded, &settings).await;
    let client = &deployment.client;
    for (name, _, status, code) in &answers {
        let id = failed(client, "text/plain", name).await;
        if *name == "busy" {
            eventually("it is asked", async || {
                service.was_asked_for("/busy").then_some(())
            })
            .await;
        }
        eventually("the answer is noted", async || {
            let letter = client
                .get_keyed(&format!("/api/dead-letters/{id}"))
                .await
                .json();
            let action = letter["actions"].as_array()?.first()?.clone();
            let said = action["error"]["code"].as_str().unwrap_or_default();
            (action["status"] == *status && said == *code).then_some(())
        })
        .await;
        let is_listed = listed(client).await.contains(&id);
        assert_eq!(is_listed, *status != "Succeeded", "{name}");
    }
    assert!(!service.was_asked_for("/answers-elsewhere"));
    assert!(service.sent() < crate::urls::service::HUGE);
    assert_eq!(service.requests(), 4);
}

/// A process dies while its repair goes on, and the next one asks for that again. `die` gives whom to ask then.
async fn a_death_costs_no_repair(
    client: &Client,
    service: &Service,
    die: impl AsyncFnOnce() -> Option<Serving>,
) {
    let id = failed(
        client,
        "application/json",
        r#"{"taskType":"certainTaskType"}"#,
    )
    .await;
    let first = service.request(0).await;
    let next = die().await;
    let client = next.as_ref().map_or(client, |next| &next.client);
    let letter = acted(client, &id, "repair", "Succeeded").await;
    assert_eq!(letter["actions"].as_array().unwrap().len(), 1, "{letter}");
    let second = service.request(1).await;
    assert_eq!(first.1, second.1);
    assert_eq!(
        header(&first.0, "webhook-id"),
        header(&second.0, "webhook-id")
    );
    assert_eq!(service.requests(), 2);
    assert!(listed(client).await.is_empty());
}

#[tokio::test]
async fn a_repair_whose_process_dies_is_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let (path, kinds) = (std::env::var("PATH").unwrap(), write_kinds(folder.path()));
    let mail = MailServer::refusing(0).await;
    let service = Service::start().await;
    let rules = write(folder.path(), &r3(&service, "hangs-once", &mail));
    let settings = [
        ("PATH", &*path),
        ("KINDS_FILE", &kinds),
        ("DEAD_LETTER_RULES", &rules),
        ("REPAIR_SECRET", SECRET),
        ("ENQUEUE_KIND", "hopeless"),
    ];
    let mut serving = Serving::start_with(folder.path(), &settings);
    a_death_costs_no_repair(&serving.client, &service, async || {
        serving.handler.kill();
        Some(Serving::start_with(folder.path(), &settings))
    })
    .await;

    let service = Service::start().await;
    write(folder.path(), &r3(&service, "hangs-once", &mail));
    let deployment = Deployment::start(Setting::Hosted, &settings).await;
    a_death_costs_no_repair(&deployment.client, &service, async || {
        deployment.kill().await;
        None
    })
    .await;
    assert!(mail.mails().is_empty());
}

#[tokio::test]
async fn a_storm_of_failures_is_a_few_mails() {
    let (service, mail) = (Service::start().await, MailServer::refusing(0).await);
    let folder = tempfile::tempdir().unwrap();
    let rules = r3(&service, "told", &mail).replace(r#"every = "1s""#, r#"every = "5s""#);
    write(folder.path(), &rules);
    let kinds = folder.path().join("kinds.toml");
    let url = format!("http://{}/refuses", service.address);
    fs::write(
        &kinds,
        format!("[[kind]]\nname = \"fails\"\nurl = \"{url}\"\n"),
    )
    .unwrap();
    // The rules are beside the kinds, and found there.
    let settings = [
        ("KINDS_FILE", kinds.to_str().unwrap()),
        ("REPAIR_SECRET", SECRET),
    ];
    let deployment = Deployment::start(Setting::Embedded, &settings).await;
    let (client, begun) = (&deployment.client, Instant::now());
    let many: Vec<_> = (0..1_000)
        .map(|number| json!({ "kind": "fails", "input": number }))
        .collect();
    let reply = client.submit(json!(many).to_string()).await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    let mut told = 0;
    eventually("all are told", async || {
        let mails = mail.mails();
        let counts = mails.iter().map(|mail| {
            let (_, count) = mail.subject.rsplit_once(": ").unwrap();
            count.parse::<usize>().unwrap()
        });
        told = counts.sum();
        (told >= 1_000).then_some(())
    })
    .await;
    assert_eq!(told, 1_000);
    // One for each window of five seconds that there was.
    let windows = begun.elapsed().as_secs() / 5 + 2;
    let mails = mail.mails().len() as u64;
    assert!(
        mails <= windows.min(100),
        "{mails} mails in {windows} windows"
    );
}

#[tokio::test]
async fn rules_that_are_wrong_stop_the_start_and_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let rules = "[[rule]]\nname = \"tell\"\nnotify = { url = \"http://example.com/\" }\n";
    let file = write(folder.path(), rules);
    let handler = Handler::start(
        folder.path(),
        &[
            ("DEAD_LETTER_RULES", &*file),
            ("BIND_ADDRESS", "127.0.0.1:0"),
        ],
    );
    let ended = handler.ended().await;
    assert_eq!(ended.code, Some(2));
    let reason = "rule 1 \"tell\": notify.url cannot be called";
    let said = &ended.stdout;
    assert!(
        said.contains("DEAD_LETTER_RULES") && said.contains(reason),
        "{said}"
    );
}
