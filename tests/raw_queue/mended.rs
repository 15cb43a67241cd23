//! What is broken or missing in R1, and is not here: a test for each row.

use functions_host::StorageQueue;
use serde_json::{Value, json};

use super::{MESSAGES, Raw, ada, in_every_deployment, path_of, success};
use crate::helpers::app::spawn_app_with;
use crate::helpers::client::Client;
use crate::helpers::deployment::Setting;
use crate::helpers::queues;

in_every_deployment! {
    a_change_is_kept_as_json_and_told,
    an_unreadable_message_breaks_no_listing,
    what_a_client_did_wrong_is_told_as_that,
    a_queue_that_is_missing_is_created,
}

/// 1. R1 stored Python's notation, and answered 500.
async fn a_change_is_kept_as_json_and_told(setting: Setting) {
    let raw = Raw::start(setting).await;
    raw.create(&json!({"before": 1})).await;
    let leased = raw.lease_one().await;
    let change = json!({ "pop_receipt": leased["pop_receipt"], "content": ada() });
    let updated = success(&raw.send_json("PUT", &path_of(&leased), &change).await);
    assert_eq!(updated["message_content"], ada());

    let show = json!({ "pop_receipt": updated["pop_receipt"], "visibility_timeout": 0 });
    success(&raw.send_json("PUT", &path_of(&leased), &show).await);

    let peeked = raw.ok("GET", &format!("{MESSAGES}/peek")).await;
    let popped = raw.ok("GET", &format!("{MESSAGES}/pop")).await;
    for seen in [&peeked["messages"][0], &popped["data"]] {
        assert_eq!(seen["message_content"], ada());
        assert_eq!(seen["unreadable"], false);
    }
}

/// 2. One bad message made pop, peek and list fail for all, for ever.
async fn an_unreadable_message_breaks_no_listing(setting: Setting) {
    let raw = Raw::start(setting).await;
    let text = "first_name='Ada' last_name='L' <&>";
    raw.strangers_message(text).await;
    raw.create(&ada()).await;

    let shown = |messages: &Value| {
        let messages = messages["messages"].as_array().unwrap();
        let mut shown: Vec<_> = messages
            .iter()
            .map(|message| {
                (
                    message["unreadable"] == true,
                    message["message_content"].clone(),
                )
            })
            .collect();
        shown.sort_by_key(|(is_unreadable, _)| *is_unreadable);
        shown
    };
    let expected = vec![(false, ada()), (true, json!(text))];
    let peeked = raw.ok("GET", &format!("{MESSAGES}/peek")).await;
    assert_eq!(shown(&peeked), expected);
    let leased = raw.ok("GET", MESSAGES).await;
    assert_eq!(shown(&leased), expected);
    for message in leased["messages"].as_array().unwrap() {
        let back = json!({ "pop_receipt": message["pop_receipt"], "visibility_timeout": 0 });
        success(&raw.send_json("PUT", &path_of(message), &back).await);
    }
    let mut popped = Vec::new();
    for _ in 0..2 {
        popped.push(raw.ok("POST", &format!("{MESSAGES}/pop")).await["data"].clone());
    }
    assert_eq!(shown(&json!({ "messages": popped })), expected);
    assert_eq!(raw.length().await, 0);
}

/// 3. Client mistakes were 500, and the storage's texts leaked.
async fn what_a_client_did_wrong_is_told_as_that(setting: Setting) {
    let raw = Raw::start(setting).await;
    let created = raw.create(&ada()).await;
    let leased = raw.lease_one().await;
    let change = |receipt: &Value| json!({ "pop_receipt": receipt, "content": 1 });

    for receipt in [&created["pop_receipt"], &json!("no receipt")] {
        let path = path_of(&leased);
        let reply = raw.send_json("PUT", &path, &change(receipt)).await;
        assert_eq!(reply.status, 409, "{}", reply.text());
        let (code, target, _) = reply.problem();
        assert_eq!(
            (&*code, target.as_deref()),
            ("StaleReceipt", Some("pop_receipt"))
        );
        assert!(!reply.text().contains("RequestId"), "{}", reply.text());
    }
    for id in [
        "2125c723-cfa8-4f31-8e0e-c67e32edea77",
        "..%2Fother",
        "no id",
    ] {
        let path = format!("{MESSAGES}/{id}");
        let reply = raw
            .send_json("PUT", &path, &change(&leased["pop_receipt"]))
            .await;
        assert_eq!(reply.status, 404, "{id}: {}", reply.text());
    }
    // Nothing of it had an effect.
    let back = json!({ "pop_receipt": leased["pop_receipt"], "visibility_timeout": 0 });
    success(&raw.send_json("PUT", &path_of(&leased), &back).await);
    let popped = raw.ok("POST", &format!("{MESSAGES}/pop")).await;
    assert_eq!(popped["data"]["message_content"], ada());
}

/// Every route of R1 was a 500 then.
async fn a_queue_that_is_missing_is_created(setting: Setting) {
    let Some(account) = setting.account() else {
        // It is in the one file, with everything else.
        return;
    };
    let raw = Raw::start(setting).await;
    let queue = StorageQueue::new(&account, &raw.queue).unwrap();
    let created = raw.create(&ada()).await;
    let change = json!({ "pop_receipt": created["pop_receipt"], "content": 1 });
    for (method, path, body, status) in [
        ("POST", MESSAGES, ada(), 200),
        ("GET", MESSAGES, Value::Null, 200),
        ("GET", "/api/queue/messages/pop", Value::Null, 200),
        ("GET", "/api/queue/messages/peek", Value::Null, 200),
        ("GET", "/api/queue/length", Value::Null, 200),
        ("DELETE", MESSAGES, Value::Null, 200),
        ("PUT", &*path_of(&created), change, 404),
    ] {
        queue.delete_queue().await.unwrap();
        let reply = raw.send_json(method, path, &body).await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
        queue.length().await.unwrap();
    }
}

/// 5. R1 has no key, no health and no metrics.
#[tokio::test]
async fn the_queue_needs_a_key_and_is_counted() {
    let app = spawn_app_with(|config| config.raw_queue = Some(queues::name("own-messages")));
    let client: &Client = &app.client;
    for (method, path) in [
        ("POST", ""),
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/lease"),
        ("GET", "/pop"),
        ("POST", "/pop"),
        ("GET", "/peek"),
        ("PUT", "/2125c723-cfa8-4f31-8e0e-c67e32edea77"),
    ] {
        let request = client
            .request(method, &format!("{MESSAGES}{path}"))
            .body("1");
        assert_eq!(client.send(request).await.status, 401, "{method} {path}");
    }
    assert_eq!(client.get("/api/queue/length").await.status, 401);
    let request = client.keyed("POST", MESSAGES).body("1");
    assert_eq!(client.send(request).await.status, 200);

    let metrics = client.get_keyed("/api/metrics").await;
    let counted = r#"http_requests_total{route="/api/queue/messages",status="200"} 1"#;
    assert!(metrics.text().contains(counted));
    assert_eq!(client.get("/api/health").await.status, 200);
}
