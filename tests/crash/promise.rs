//! What is promised, whatever a process died of: every task that a client was told of ends, with
//! the right value; nothing that was seen changes; nothing is left over. The same for all scenarios.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::ledger::{Expected, Ledger, fibonacci, has_ended};
use super::scenarios::Scenario;
use super::service::Service;
use crate::helpers::client::Client;
use crate::helpers::eventually::{DEADLINE, eventually};

/// Sweeps that may be needed once nothing is hidden any more and nobody works.
const SWEEPS: usize = 2;

const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Checks all of it, on a service that has come up again after the crash.
pub(super) async fn check(service: Service<'_>, scenario: &Scenario, mut ledger: Ledger) {
    check_keys(&service.client, &ledger).await;
    for (id, expected) in ledger.tasks() {
        if expected == Expected::Canceled {
            let cancel = format!("/api/operations/{id}:cancel");
            let reply = service
                .client
                .send(service.client.request("POST", &cancel))
                .await;
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
    }
    ledger.look(&service.client).await;
    let service = settle(service).await;

    check_list(&service.client, scenario, &mut ledger).await;
    ledger.look(&service.client).await;
    // No result changes once it was seen.
    let service = service.sweep().await.kill().await.sweep().await;
    ledger.look(&service.client).await;
    check_keys(&service.client, &ledger).await;

    consume(&service.client, &ledger).await;
    let service = service.sweep().await;
    assert_eq!(left_over(&service).await, None);
}

/// A key stands for the task that its client was told of. The claim of a submission that got no
/// reply stays for a while, so that nobody does it twice.
async fn check_keys(client: &Client, ledger: &Ledger) {
    for keyed in &ledger.keyed {
        let body = format!(r#"{{"number": {}}}"#, keyed.number);
        let request = client.post_task().header("idempotency-key", &keyed.key);
        let reply = client.send(request.body(body)).await;
        match &keyed.id {
            Some(id) => assert_eq!(reply.json()["id"], id.as_str(), "{}", reply.text()),
            None => assert!([202, 409].contains(&reply.status), "{}", reply.text()),
        }
    }
}

/// Lets sweeps come round, and no more of them than may be needed.
async fn settle(mut service: Service<'_>) -> Service<'_> {
    for wait in service.storage.waits() {
        let until = service.died_at + *wait;
        while left_over(&service).await.is_some() {
            if Instant::now() >= until {
                service = service.sweep().await;
                break;
            }
            sleep(POLL_INTERVAL).await;
        }
    }
    for _ in 0..SWEEPS {
        eventually("the queue is empty", async || {
            (service.storage.messages().await.0 == 0).then_some(())
        })
        .await;
        if left_over(&service).await.is_none() {
            break;
        }
        service = service.sweep().await;
    }
    let begun = Instant::now();
    while let Some(left_over) = left_over(&service).await {
        assert!(begun.elapsed() < DEADLINE, "{left_over}");
        sleep(POLL_INTERVAL).await;
    }
    service
}

/// Tasks that have not ended, and messages, hidden or poisoned.
async fn left_over(service: &Service<'_>) -> Option<String> {
    let mut tasks = list(&service.client).await;
    tasks.retain(|task| !has_ended(task));
    let messages = service.storage.messages().await;
    let is_settled = tasks.is_empty() && messages == (0, 0);
    (!is_settled).then(|| format!("{messages:?} messages and {tasks:?} are left over"))
}

/// All tasks there are.
async fn list(client: &Client) -> Vec<Value> {
    let page = client.get_keyed("/api/operations?top=1000").await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.json()["nextLink"].is_null(), "more than a page");
    page.json()["value"].as_array().unwrap().clone()
}

/// Tasks that no client was told of are as many as may be, and are right as well.
async fn check_list(client: &Client, scenario: &Scenario, ledger: &mut Ledger) {
    let mut untold = Vec::new();
    for listed in list(client).await {
        let id = listed["id"].as_str().unwrap().to_owned();
        if !ledger.knows(&id) {
            let input = client.monitor(&id).await.json()["result"]["number"].clone();
            untold.push((id, u32::try_from(input.as_u64().unwrap()).unwrap()));
        }
    }
    assert!(scenario.untold.contains(&untold.len()), "{untold:?}");
    for (id, number) in untold {
        ledger.add(&id, Expected::Value(number));
    }
}

/// Every result is fetched once, also one that a client got in the moment of the crash: at least
/// once, and always the same.
async fn consume(client: &Client, ledger: &Ledger) {
    for (id, expected) in ledger.tasks() {
        let fetched = client.fetch(id).await;
        match expected {
            Expected::ValueOrNothing(_) if fetched.status == 404 => {}
            Expected::Value(number) | Expected::ValueOrNothing(number) => {
                assert_eq!(fetched.status, 200, "{id}");
                assert_eq!(fetched.json()["calculation_result"], fibonacci(number));
                assert_eq!(client.fetch(id).await.status, 404, "{id}");
            }
            Expected::Failed | Expected::Canceled => assert_eq!(fetched.status, 404, "{id}"),
        }
    }
}
