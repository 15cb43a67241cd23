//! The timer's sweep: what the queue still holds, and the poison queue.

use std::time::Duration;

use functions_host::Payload;
use serde_json::json;
use uuid::Uuid;

use super::handler::{Handler, LONG};
use super::json;

async fn sweep(handler: &Handler) -> String {
    let envelope = r#"{"Data":{"timer":{"IsPastDue":false}},"Metadata":{}}"#;
    let answer = handler
        .post("/timer_worker", Payload::Sized(envelope.into()))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    json(&answer)["Logs"][0].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_sweep_empties_the_queue_whatever_it_holds() {
    let handler = Handler::start().await;
    let mut ids = Vec::new();
    for n in 0..70 {
        if n % 10 == 3 {
            handler.queue.send("None of your business").await.unwrap();
        }
        let id = Uuid::new_v4();
        handler
            .queue
            .send(&format!(r#"{{"id":"{id}","number":{n}}}"#))
            .await
            .unwrap();
        ids.push(id);
    }
    let log = sweep(&handler).await;
    assert!(log.contains("77 messages drained"), "{log}");
    assert_eq!(handler.queue.length().await.unwrap(), 0);
    for id in ids {
        let monitor = json(&handler.get(&format!("/api/operations/{id}")).await);
        assert_eq!(monitor["status"], "Succeeded");
    }
    let poison_queue = handler.queue.poison().unwrap();
    assert_eq!(poison_queue.length().await.unwrap(), 7);
    // Nobody knows their tasks, so they are kept for somebody to look at.
    sweep(&handler).await;
    assert_eq!(poison_queue.length().await.unwrap(), 0);
    let kept = json(&handler.get("/api/dead-letters").await);
    assert_eq!(kept["value"].as_array().unwrap().len(), 7, "{kept}");
}

#[tokio::test]
async fn a_poisoned_task_fails() {
    let handler = Handler::start().await;
    let id = Uuid::new_v4();
    // As the host leaves it when a process died with it five times.
    let poison_queue = handler.queue.poison().unwrap();
    poison_queue.create().await.unwrap();
    poison_queue
        .send(&format!(r#"{{"id":"{id}","number":1}}"#))
        .await
        .unwrap();
    let log = sweep(&handler).await;
    assert!(log.contains("1 tasks buried"), "{log}");
    assert_eq!(poison_queue.length().await.unwrap(), 0);
    let monitor = json(&handler.get(&format!("/api/operations/{id}")).await);
    assert_eq!(
        (&monitor["status"], &monitor["error"]["code"]),
        (&json!("Failed"), &json!("DeadLettered"))
    );
}

#[tokio::test]
async fn a_stop_in_the_middle_of_a_sweep_costs_no_task_anything() {
    let name = format!("stopped-{}", Uuid::now_v7());
    let handler = Handler::start_on(&name).await;
    let mut ids = Vec::new();
    for number in std::iter::once(LONG).chain(["2000000"; 19]) {
        let id = Uuid::new_v4();
        handler
            .queue
            .send(&format!(r#"{{"id":"{id}","number":{number}}}"#))
            .await
            .unwrap();
        ids.push(id);
    }
    let envelope = r#"{"Data":{"timer":{"IsPastDue":false}},"Metadata":{}}"#;
    let sweeping = handler.post("/timer_worker", Payload::Sized(envelope.into()));
    let terminating = async {
        handler.runs(ids[0]).await;
        handler.terminate().await;
    };
    let (answer, ()) = futures_util::join!(sweeping, terminating);
    assert_eq!(answer.status, 200);
    assert!(handler.ended_well().await);

    let handler = Handler::start_on(&name).await;
    let begun = std::time::Instant::now();
    for id in ids {
        loop {
            let monitor = handler.get(&format!("/api/operations/{id}")).await;
            if monitor.status == 200 && json(&monitor)["status"] == "Succeeded" {
                break;
            }
            assert!(begun.elapsed() < super::DEADLINE, "{monitor:?}");
            sweep(&handler).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    assert_eq!(
        handler
            .queue
            .poison()
            .unwrap()
            .length()
            .await
            .unwrap_or_default(),
        0
    );
}
