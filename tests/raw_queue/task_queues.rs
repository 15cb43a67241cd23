//! The queues of tasks and of dead letters, looked at and counted, and nothing else.

use serde_json::json;

use super::{MESSAGES, Raw, in_every_deployment};
use crate::helpers::app::spawn_app_with;
use crate::helpers::deployment::Setting;
use crate::helpers::eventually::eventually;

in_every_deployment! { dead_letters_are_shown_and_counted }

async fn dead_letters_are_shown_and_counted(setting: Setting) {
    let raw = Raw::start(setting).await;
    let tasks = raw.deployment.queue();
    let dead_letters = format!("{tasks}-poison");
    let peek = format!("{MESSAGES}/peek?queue={dead_letters}&max_messages=32");
    let length = |queue: &str| format!("/api/queue/length?queue={queue}");
    let mut left = 0;
    let (shown, counted) = eventually("a dead letter is there that no sweep takes", async || {
        raw.dead_letter(&dead_letters, "no JSON at all").await;
        left += 1;
        let shown = raw.ok("GET", &peek).await;
        let counted = raw.ok("GET", &length(&dead_letters)).await;
        let is_there = shown["messages"] != json!([]) && counted["length"] != 0;
        is_there.then_some((shown, counted))
    })
    .await;
    let message = &shown["messages"][0];
    assert_eq!(message["message_content"], "no JSON at all", "{shown}");
    assert_eq!(message["unreadable"], true);
    assert!(message["pop_receipt"].is_null());
    assert_eq!(counted["queue"], dead_letters);
    let count = counted["length"].as_u64().unwrap();
    assert!((1..=left).contains(&count), "{count} of {left}");
    let idle = raw.ok("GET", &length(&tasks)).await;
    assert_eq!(idle, json!({ "queue": tasks, "length": 0 }));
    // The queue that the setting names is the one that tasks are in.
    let later = json!({ "number": 24, "delay": 3_600 }).to_string();
    raw.deployment.client.accepted(later).await;
    let waiting = raw.ok("GET", &length(&tasks)).await;
    assert_eq!(waiting, json!({ "queue": tasks, "length": 1 }));

    // It is asked for by its name, too.
    let own = raw.ok("GET", &length(&raw.queue)).await;
    assert_eq!(own, json!({ "queue": raw.queue, "length": 0 }));
    let peek = format!("{MESSAGES}/peek?queue={}", raw.queue);
    assert_eq!(raw.ok("GET", &peek).await, json!({ "messages": [] }));
}

#[tokio::test]
async fn tasks_that_wait_are_shown_without_a_raw_queue_and_done_all_the_same() {
    let app = spawn_app_with(|config| config.worker_concurrency = 1);
    let peek = format!("{MESSAGES}/peek?queue=tasks");
    let body = json!({ "kind": "waits", "input": {} }).to_string();
    let mut accepted = Vec::new();
    // A worker has some in hand beside the one that runs.
    let shown = loop {
        accepted.push(app.client.accepted(body.clone()).await);
        assert!(accepted.len() < 200, "all of them are in hand");
        let shown = app.client.get_keyed(&peek).await.json();
        if shown["messages"] != json!([]) && accepted.len() > 100 {
            break shown["messages"].clone();
        }
    };
    for message in shown.as_array().unwrap() {
        let id = message["message_content"]["id"].as_str().unwrap();
        assert!(accepted.iter().any(|known| known == id), "{message}");
        assert_eq!(message["dequeue_count"], 0);
        assert!(message["pop_receipt"].is_null());
    }
    let counted = app.client.get_keyed("/api/queue/length?queue=tasks").await;
    let expected = json!({ "queue": "tasks", "length": accepted.len() });
    assert_eq!(counted.json(), expected);

    app.kinds.open_gate();
    for id in accepted {
        assert_eq!(
            app.client.ended(&id).await.json(),
            json!({ "waited": true })
        );
    }
}
