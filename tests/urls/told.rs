//! The end of a task, told where its client said.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::service::Service;
use crate::helpers::certificates::{ELSEWHERE, write_certificates};
use crate::helpers::deployment::{Deployment, Setting};
use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;
use crate::helpers::nginx::Nginx;

pub(super) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A service that may tell this one.
pub(super) async fn deployment(setting: Setting, service: &Service) -> Deployment {
    let host = service.address.to_string();
    let settings = [
        ("CALLBACK_URL_HOSTS", &*host),
        ("CALLBACK_URL_SECRET", SECRET),
    ];
    Deployment::start(setting, &settings).await
}

pub(super) fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let prefix = format!("{name}: ");
    head.lines()
        .find_map(|line| line.strip_prefix(&*prefix))
        .expect(name)
}

/// As the specification says, and not as the service does it.
fn is_signed(head: &str, body: &str) -> bool {
    let key = STANDARD
        .decode(SECRET.strip_prefix("whsec_").unwrap())
        .unwrap();
    let (id, time) = (
        header(head, "webhook-id"),
        header(head, "webhook-timestamp"),
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{time}.{body}").as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    header(head, "webhook-signature") == format!("v1,{signature}")
}

async fn an_end_is_told(setting: Setting) {
    let service = Service::start().await;
    let deployment = deployment(setting, &service).await;
    let client = &deployment.client;
    let url = format!("http://{}/told", service.address);
    let body = json!({ "number": 24, "callbackUrl": url }).to_string();
    let id = client.accepted(body).await;

    // The first one is not taken.
    let (first, second) = (service.request(0).await, service.request(1).await);
    for (head, body) in [&first, &second] {
        assert!(head.starts_with("POST /told HTTP/1.1"), "{head}");
        assert!(is_signed(head, body), "{head}");
        assert!(!head.contains("task-callback"), "{head}");
        let event: Value = serde_json::from_str(body).unwrap();
        assert_eq!(event["type"], "task.ended");
        assert_eq!(event["data"]["id"], *id);
        assert_eq!(event["data"]["status"], "Succeeded");
        assert!(!body.contains("46368"), "{body}");
    }
    assert_eq!(first.1, second.1);
    assert_eq!(
        header(&first.0, "webhook-id"),
        header(&second.0, "webhook-id")
    );
    assert_eq!(
        client.result(&id).await.json()["calculation_result"],
        "46368"
    );

    // It is a task, and no kind that anybody may ask for.
    let call = header(&first.0, "task-id").to_owned();
    let ended = eventually("the call has ended", async || {
        let monitor = client.monitor(&call).await.json();
        (monitor["status"] == "Succeeded").then_some(monitor)
    });
    assert_eq!(ended.await["attempts"], 2);
    let kinds = client.get("/api/kinds").await.text().to_owned();
    assert!(!kinds.contains("callback\""), "{kinds}");
    let forged = json!({ "kind": "_callback", "input": { "url": url, "event": {} } });
    let refused = client.submit(forged.to_string()).await;
    assert_eq!(
        (refused.status, &refused.json()["error"]["code"]),
        (422, &json!("UnknownKind"))
    );
}

#[tokio::test]
async fn an_end_is_told_with_a_signature_on_the_embedded_store() {
    an_end_is_told(Setting::Embedded).await;
}

#[tokio::test]
async fn an_end_is_told_with_a_signature_on_azure_storage() {
    an_end_is_told(Setting::Azurite).await;
}

#[tokio::test]
async fn an_end_is_told_with_a_signature_under_the_functions_host() {
    an_end_is_told(Setting::Hosted).await;
}

#[tokio::test]
async fn who_wants_to_hear_no_more_is_called_once() {
    let service = Service::start().await;
    let deployment = deployment(Setting::Embedded, &service).await;
    let url = format!("http://{}/gone", service.address);
    let body = json!({ "number": 24, "callbackUrl": url }).to_string();
    deployment.client.accepted(body).await;
    let (head, _) = service.request(0).await;
    let call = header(&head, "task-id").to_owned();
    let failed = eventually("the call has failed", async || {
        let monitor = deployment.client.monitor(&call).await.json();
        (monitor["status"] == "Failed").then_some(monitor)
    });
    let failed = failed.await;
    assert_eq!(
        (&failed["attempts"], &failed["error"]["code"]),
        (&json!(1), &json!("CallbackGone"))
    );
}

#[tokio::test]
async fn an_end_is_told_encrypted_to_whom_this_machine_trusts() {
    let (folder, strangers) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_certificates(folder.path());
    write_certificates(strangers.path());
    let service = Service::start().await;
    let nginx = Nginx::encrypting(service.address, folder.path()).await;
    let host = format!("{ELSEWHERE}:{}", nginx.address.port());
    let url = format!("https://{host}/answers");
    let body = json!({ "number": 24, "callbackUrl": url }).to_string();
    for (trusted, is_told) in [(&strangers, false), (&folder, true)] {
        let authority = trusted.path().join("authority.pem");
        let settings = [
            ("CALLBACK_URL_HOSTS", &*host),
            ("CALLBACK_URL_SECRET", SECRET),
            ("SSL_CERT_FILE", authority.to_str().unwrap()),
        ];
        let data = tempfile::tempdir().unwrap();
        let serving = Serving::start_with(data.path(), &settings);
        let id = serving.client.accepted(body.clone()).await;
        if is_told {
            let (head, body) = service.request(0).await;
            assert!(head.starts_with("POST /answers HTTP/1."), "{head}");
            assert!(is_signed(&head, &body) && body.contains(&id), "{body}");
        } else {
            serving.handler.line_with("NoConnection").await;
            assert_eq!(service.requests(), 0);
        }
    }
    // What goes to another machine goes encrypted.
    let plain = json!({ "number": 24, "callbackUrl": url.replace("https", "http") });
    let settings = [
        ("CALLBACK_URL_HOSTS", &*host),
        ("CALLBACK_URL_SECRET", SECRET),
    ];
    let deployment = Deployment::start(Setting::Embedded, &settings).await;
    let refused = deployment.client.submit(plain.to_string()).await;
    assert_eq!(refused.json()["error"]["target"], "callbackUrl");
}

#[tokio::test]
async fn a_call_whose_process_dies_is_made_again_as_the_same() {
    let service = Service::start().await;
    let host = service.address.to_string();
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("CALLBACK_URL_HOSTS", &*host),
        ("CALLBACK_URL_SECRET", SECRET),
    ];
    let serving = Serving::start_with(folder.path(), &settings);
    let url = format!("http://{host}/hangs-once");
    let body = json!({ "number": 24, "callbackUrl": url }).to_string();
    serving.client.accepted(body).await;
    let first = service.request(0).await;
    drop(serving);
    let again = Serving::start_with(folder.path(), &settings);
    let second = service.request(1).await;
    assert_eq!(first.1, second.1);
    let id = |head: &str| header(head, "webhook-id").to_owned();
    assert_eq!(id(&first.0), id(&second.0));
    again.client.has_ended(1).await;
    assert_eq!(service.requests(), 2);
}

/// It takes the half minute that who is told has for an answer.
#[tokio::test]
async fn who_never_answers_is_called_again() {
    let service = Service::start().await;
    let deployment = deployment(Setting::Embedded, &service).await;
    let url = format!("http://{}/hangs-once", service.address);
    let body = json!({ "number": 24, "callbackUrl": url }).to_string();
    deployment.client.accepted(body).await;
    let (head, _) = service.request(0).await;
    let call = header(&head, "task-id").to_owned();
    let ended = deployment.client.ended(&call).await;
    assert_eq!(ended.status, 200, "{}", ended.text());
    let monitor = deployment.client.monitor(&call).await.json();
    assert_eq!(
        (&monitor["status"], &monitor["attempts"]),
        (&json!("Succeeded"), &json!(2))
    );
}

#[tokio::test]
async fn a_url_that_may_not_be_called_is_refused_and_named() {
    let service = Service::start().await;
    let allowing = deployment(Setting::Embedded, &service).await;
    let without = Deployment::start(Setting::Embedded, &[]).await;
    let other = format!("http://{}/told", service.address).replace("127.0.0.1", "127.0.0.2");
    for (client, url) in [
        (&allowing.client, json!("https://evil.example/")),
        (&allowing.client, json!(other)),
        (&allowing.client, json!("no URL")),
        (&allowing.client, json!("")),
        (&allowing.client, json!(7)),
        (&allowing.client, json!(null)),
        (&without.client, json!("https://hooks.example.com/")),
    ] {
        for body in [
            json!({ "number": 1, "callbackUrl": url }),
            json!({ "kind": "fibonacci", "input": { "number": 1 }, "callbackUrl": url }),
        ] {
            let refused = client.submit(body.to_string()).await;
            let problem = refused.json();
            assert_eq!(
                (refused.status, &problem["error"]["target"]),
                (422, &json!("callbackUrl")),
                "{url}: {problem}"
            );
        }
        let many = json!([{ "number": 1 }, { "number": 1, "callbackUrl": url }]);
        let refused = client.submit(many.to_string()).await;
        assert_eq!(
            refused.json()["error"]["target"],
            "[1].callbackUrl",
            "{url}"
        );
    }
    assert_eq!(service.requests(), 0);
}
