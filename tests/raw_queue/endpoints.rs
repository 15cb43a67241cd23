//! R1's endpoints, row by row, with its fields, its defaults and its success codes; and the forms and parameters
//! that it lacked.

use ports::timestamp::parse;
use serde_json::{Value, json};
use time::Duration;

use super::{MESSAGES, Raw, ada, in_every_deployment, path_of, success};
use crate::helpers::deployment::Setting;
use crate::helpers::eventually::eventually;

in_every_deployment! {
    every_endpoint_of_r1_answers_as_it_did,
    a_person_is_stored_as_r1_stores_it,
    the_forms_by_post_do_the_same_and_a_head_does_nothing,
    a_message_may_wait_and_may_end,
    a_message_says_any_json_to_the_letter,
    a_message_has_64_kib_however_it_travels,
}

fn fields_of(object: &Value) -> Vec<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// How long after one time another is.
fn between(earlier: &Value, later: &Value) -> Duration {
    let [earlier, later] = [earlier, later].map(|time| {
        let text = time.as_str().unwrap();
        assert!(text.ends_with('Z'), "{text}");
        parse(text).unwrap()
    });
    later - earlier
}

async fn every_endpoint_of_r1_answers_as_it_did(setting: Setting) {
    let raw = Raw::start(setting).await;

    let empty = raw.ok("GET", &format!("{MESSAGES}/pop")).await;
    assert_eq!(empty, json!({ "message": "No messages in the queue" }));
    for path in [MESSAGES, &format!("{MESSAGES}/peek")] {
        assert_eq!(raw.ok("GET", path).await, json!({ "messages": [] }));
    }

    let created = raw.create(&ada()).await;
    assert_eq!(created["message_content"], ada());
    assert!(created["pop_receipt"].is_string());
    // R1's fields, and the two that it lacked.
    let fields = [
        "dequeue_count",
        "expiration_time",
        "insertion_time",
        "message_content",
        "message_id",
        "pop_receipt",
        "unreadable",
    ];
    assert_eq!(fields_of(&created), fields);
    assert_eq!(
        (&created["dequeue_count"], &created["unreadable"]),
        (&json!(0), &json!(false))
    );
    let life = between(&created["insertion_time"], &created["expiration_time"]);
    assert_eq!(life, Duration::days(7));

    let peeked = raw.ok("GET", &format!("{MESSAGES}/peek")).await["messages"][0].clone();
    let mut expected = created.clone();
    expected["pop_receipt"] = Value::Null;
    assert_eq!(peeked, expected);

    let leased = raw.lease_one().await;
    assert_ne!(leased["pop_receipt"], created["pop_receipt"]);
    let mut expected = created.clone();
    expected["pop_receipt"] = leased["pop_receipt"].clone();
    expected["dequeue_count"] = 1.into();
    assert_eq!(leased, expected);
    let nothing = raw.ok("GET", &format!("{MESSAGES}/peek")).await;
    assert_eq!(nothing, json!({ "messages": [] }));

    // Thirty seconds, unless the change says otherwise.
    let change = json!({ "pop_receipt": leased["pop_receipt"], "content": ada() });
    let held = success(&raw.send_json("PUT", &path_of(&leased), &change).await);
    let hidden = between(&created["insertion_time"], &held["next_visible_on"]);
    assert!(
        hidden >= Duration::seconds(30) && hidden < Duration::minutes(5),
        "{hidden}"
    );

    let mut grace = ada();
    grace["first_name"] = "Grace".into();
    let change = json!({
        "pop_receipt": held["pop_receipt"],
        "content": grace,
        "visibility_timeout": 0
    });
    let updated = success(&raw.send_json("PUT", &path_of(&leased), &change).await);
    assert_eq!(updated["message_content"], grace);
    assert_eq!(updated["message_id"], created["message_id"]);
    assert_ne!(updated["pop_receipt"], held["pop_receipt"]);
    let fields = [
        "message_content",
        "message_id",
        "next_visible_on",
        "pop_receipt",
    ];
    assert_eq!(fields_of(&updated), fields);
    assert!(between(&created["insertion_time"], &updated["next_visible_on"]) >= Duration::ZERO);

    let popped = raw.ok("GET", &format!("{MESSAGES}/pop")).await;
    assert_eq!(
        popped["message"],
        "Message retrieved and deleted from queue"
    );
    expected["message_content"] = grace;
    expected["pop_receipt"] = popped["data"]["pop_receipt"].clone();
    expected["dequeue_count"] = 2.into();
    assert_eq!(popped["data"], expected);
    assert!(popped["data"]["pop_receipt"].is_string());
    assert_eq!(raw.length().await, 0);

    for number in 0..12 {
        raw.create(&json!(number)).await;
    }
    // R1's defaults: ten, of which it takes five at a time.
    let peeked = raw.ok("GET", &format!("{MESSAGES}/peek")).await;
    assert_eq!(peeked["messages"].as_array().unwrap().len(), 10);
    let leased = raw.ok("GET", MESSAGES).await;
    assert_eq!(leased["messages"].as_array().unwrap().len(), 10);
    assert_eq!(raw.length().await, 12);
    let cleared = raw.ok("DELETE", MESSAGES).await;
    let expected = json!({ "message": "All messages cleared from the queue." });
    assert_eq!(cleared, expected);
    assert_eq!(raw.length().await, 0);
}

async fn a_person_is_stored_as_r1_stores_it(setting: Setting) {
    let raw = Raw::start(setting).await;
    let person = r#" { "first_name": "Ada", "last_name": "L", "age": 36,
        "occupation": "m", "location": "London" } "#;
    let client = &raw.deployment.client;
    success(
        &client
            .send(client.keyed("POST", MESSAGES).body(person))
            .await,
    );
    let expected =
        r#"{"first_name":"Ada","last_name":"L","age":36,"occupation":"m","location":"London"}"#;
    assert_eq!(raw.stored_text().await, expected);
}

async fn the_forms_by_post_do_the_same_and_a_head_does_nothing(setting: Setting) {
    let raw = Raw::start(setting).await;
    for number in 0..3 {
        raw.create(&json!(number)).await;
    }
    let pop = format!("{MESSAGES}/pop");
    for path in [MESSAGES, &*pop, &format!("{MESSAGES}/peek")] {
        assert_eq!(raw.send("HEAD", path).await.status, 200);
    }
    let peek = format!("{MESSAGES}/peek?max_messages=32");
    let peeked = raw.ok("GET", &peek).await["messages"].clone();
    assert_eq!(peeked.as_array().unwrap().len(), 3);

    let popped = raw.ok("POST", &pop).await;
    assert_eq!(popped["data"]["message_id"], peeked[0]["message_id"]);
    let path =
        format!("{MESSAGES}/lease?messages_per_page=1&max_messages=1&visibility_timeout=600");
    let leased = raw.ok("POST", &path).await["messages"].clone();
    assert_eq!(leased.as_array().unwrap().len(), 1);
    assert_eq!(leased[0]["message_id"], peeked[1]["message_id"]);

    // The time alone: it comes back at once, with what it said.
    let change = json!({ "pop_receipt": leased[0]["pop_receipt"], "visibility_timeout": 0 });
    let updated = success(&raw.send_json("PUT", &path_of(&leased[0]), &change).await);
    assert_eq!(updated["message_content"], Value::Null);
    let back = raw.ok("GET", &peek).await["messages"].clone();
    let back = back.as_array().unwrap().iter();
    let back = back.filter(|message| message["message_id"] == leased[0]["message_id"]);
    let contents: Vec<_> = back.map(|message| &message["message_content"]).collect();
    assert_eq!(contents, [&leased[0]["message_content"]]);
}

async fn a_message_may_wait_and_may_end(setting: Setting) {
    let raw = Raw::start(setting).await;
    let peek = format!("{MESSAGES}/peek");
    let path = format!("{MESSAGES}?visibility_timeout=600&time_to_live=-1");
    let waiting = success(&raw.send_json("POST", &path, &json!("waits")).await);
    assert!(
        waiting["expiration_time"]
            .as_str()
            .unwrap()
            .starts_with("9999-12-31")
    );
    assert_eq!(raw.ok("GET", &peek).await, json!({ "messages": [] }));
    assert_eq!(raw.length().await, 1);
    let path = format!("{MESSAGES}?visibility_timeout=1");
    success(&raw.send_json("POST", &path, &json!("comes")).await);
    eventually("the message is seen", async || {
        let seen = raw.ok("GET", &peek).await;
        (seen["messages"][0]["message_content"] == "comes").then_some(())
    })
    .await;

    raw.ok("DELETE", MESSAGES).await;
    let path = format!("{MESSAGES}?time_to_live=1");
    let ending = success(&raw.send_json("POST", &path, &json!("ends")).await);
    let life = between(&ending["insertion_time"], &ending["expiration_time"]);
    assert_eq!(life, Duration::seconds(1));
    eventually("the message has ended", async || {
        let seen = raw.ok("GET", &peek).await;
        (seen == json!({ "messages": [] })).then_some(())
    })
    .await;
}

async fn a_message_says_any_json_to_the_letter(setting: Setting) {
    let raw = Raw::start(setting).await;
    let client = &raw.deployment.client;
    for json in [
        "null",
        "true",
        "[]",
        "\"\u{1F980} <&> \\u0000 \u{FFFE}\"",
        r#"{"b":1.10,"a":[123456789012345678901234567890,{"a":-0.0}]}"#,
    ] {
        let spaced = format!(" {json}\r\n");
        let request = client.keyed("POST", MESSAGES).body(spaced);
        success(&client.send(request).await);
        let popped = raw.send("POST", &format!("{MESSAGES}/pop")).await;
        let expected = json.replace('\u{FFFE}', "\\ufffe");
        let expected = format!(r#""message_content":{expected},"message_id""#);
        assert!(popped.text().contains(&expected), "{}", popped.text());
        assert_eq!(popped.json()["data"]["unreadable"], false);
    }
}

/// In XML, in which a storage queue has it, most of this takes several times as much.
async fn a_message_has_64_kib_however_it_travels(setting: Setting) {
    let raw = Raw::start(setting).await;
    for piece in ["&", "<", "'", "\\\"", "\\u0000", "\\ud83e\\udd80"] {
        let text = piece.repeat((64 * 1024 - 2) / piece.len());
        let json = format!("\"{text}{}\"", "x".repeat(64 * 1024 - 2 - text.len()));
        assert_eq!(json.len(), 64 * 1024);
        let client = &raw.deployment.client;
        success(
            &client
                .send(client.keyed("POST", MESSAGES).body(json.clone()))
                .await,
        );
        let popped = raw.send("POST", &format!("{MESSAGES}/pop")).await;
        assert!(
            popped.text().contains(&json),
            "{piece}: {:.200}",
            popped.text()
        );

        let over = client.keyed("POST", MESSAGES).body(format!("[{json}]"));
        let over = client.send(over).await;
        assert_eq!((over.status, &*over.problem().0), (413, "BodyTooLarge"));
    }
    assert_eq!(raw.length().await, 0);
}
