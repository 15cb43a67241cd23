//! A service whose memory for bodies is taken: what it cannot tell, it does not do.

use serde_json::json;

use super::MESSAGES;
use crate::helpers::app::spawn_app_with;
use crate::helpers::eventually::eventually;
use crate::helpers::queues;
use crate::limits::raw::{Raw, status};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn what_cannot_be_told_is_not_done() {
    let app = spawn_app_with(|config| {
        config.raw_queue = Some(queues::name("own-messages"));
        config.memory_budget = MIB;
    });
    let send = async |method: &str, path: &str, body: String| {
        let request = app.client.keyed(method, &format!("{MESSAGES}{path}"));
        app.client.send(request.body(body)).await
    };
    let large = json!("x".repeat(40 * 1024));
    let created = send("POST", "", large.to_string()).await.json();

    // A body is held three times over.
    let length = MIB / 2;
    let mut half_sent = Raw::connect(app.address);
    half_sent
        .send(format!(
            "POST /api/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
        ))
        .send(" ".repeat(length - 14))
        .send(r#"{"number": 24"#);
    eventually("the memory is taken", async || {
        (send("GET", "/peek", String::new()).await.status == 503).then_some(())
    })
    .await;

    let id = created["message_id"].as_str().unwrap();
    // As bodies they are small, and as replies they are not.
    let text = "y".repeat(16_200);
    let change = json!({ "pop_receipt": created["pop_receipt"], "content": text });
    for (method, path, body) in [
        ("GET", "/pop", String::new()),
        ("POST", "/pop", String::new()),
        ("GET", "", String::new()),
        ("POST", "/lease", String::new()),
        ("POST", "", json!(text).to_string()),
        ("PUT", &*format!("/{id}"), change.to_string()),
    ] {
        let reply = send(method, path, body).await;
        assert_eq!(reply.status, 503, "{method} {path}");
        assert_eq!(reply.problem().0, "Overloaded", "{method} {path}");
    }

    assert_eq!(status(&half_sent.send("}").reply()), "202");
    let seen = eventually("the memory is free again", async || {
        let seen = send("GET", "/peek", String::new()).await;
        (seen.status == 200).then(|| seen.json())
    })
    .await;
    let [message] = &seen["messages"].as_array().unwrap()[..] else {
        panic!("{} messages", seen["messages"].as_array().unwrap().len());
    };
    assert_eq!(message["dequeue_count"], 0);
    assert_eq!(message["message_content"], large);
    let popped = send("POST", "/pop", String::new()).await.json();
    assert_eq!(popped["data"]["message_content"], large);
}
