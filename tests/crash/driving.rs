//! How a process comes to the point where it dies: real requests, and real signals.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use tokio::time::sleep;

use super::ledger::{Expected, Keyed, Ledger};
use super::scenarios::{Drive, Scenario};
use super::service::Service;
use crate::helpers::eventually::eventually;

/// Takes three times as long to compute as a stop waits.
const LONG: u32 = 100_000_000;

/// More than a sweep changes side by side, so that it dies with some deleted and some not.
const MANY: u32 = 20;

/// Does what the scenario says. The process dies during it, or soon after.
pub(super) async fn drive<'a>(
    service: Service<'a>,
    scenario: &Scenario,
    ledger: &mut Ledger,
) -> Service<'a> {
    if scenario.drive != Drive::Start {
        service.healthy().await;
    }
    let client = service.client.clone();
    match scenario.drive {
        Drive::Start => {}
        Drive::Submit => submit_until_it_dies(&service, ledger).await,
        Drive::Fetch => {
            let id = accept(&service, 20, ledger).await;
            accept(&service, 21, ledger).await;
            assert_eq!(client.ended(&id).await.status, 200);
            ledger.look(&client).await;
            // The client gets all of it, and the process dies with the record still there.
            assert_eq!(client.fetch(&id).await.json()["calculation_result"], "6765");
        }
        Drive::Retry => {
            let id = ledger.tasks().map(|(id, _)| id.to_owned()).next().unwrap();
            assert_eq!(client.ended(&id).await.status, 424);
            let retry = client.keyed("POST", &format!("/api/operations/{id}:retry"));
            assert_eq!(service.reply(retry).await, None);
        }
        Drive::Flow(body) => drop(submit(&service, body, ledger).await),
        Drive::Rewind(body) => {
            let id = submit(&service, body, ledger).await.unwrap();
            assert_eq!(client.ended(&id).await.status, 424);
            // It may die before the reply, or after it.
            let retry = client.keyed("POST", &format!("/api/operations/{id}:retry"));
            service.reply(retry).await;
        }
        Drive::Stop => {
            occupy(&service, ledger).await;
            accept(&service, 22, ledger).await;
            service.terminate().await;
        }
        Drive::Drain => {
            service.swept_at_start().await;
            for number in 23..26 {
                accept(&service, number, ledger).await;
            }
            return service.sweep_to_die(scenario).await;
        }
        Drive::Prune => {
            service.swept_at_start().await;
            let ids = (0..MANY).map(async |number| {
                let id = client.accepted(format!(r#"{{"number": {number}}}"#)).await;
                assert_eq!(client.ended(&id).await.status, 200);
                (id, number)
            });
            for (id, number) in join_all(ids).await {
                ledger.add(&id, Expected::ValueOrNothing(number));
            }
            // The retention, by the store's clock.
            sleep(Duration::from_millis(1_100)).await;
            return service.sweep_to_die(scenario).await;
        }
    }
    service
}

/// Submits with keys, one after another, until there is no reply.
async fn submit_until_it_dies(service: &Service<'_>, ledger: &mut Ledger) {
    for number in 10..20 {
        let key = format!("\"key-{number}\"");
        let request = service.client.post_task().header("idempotency-key", &key);
        let body = format!(r#"{{"number": {number}}}"#);
        let reply = service.reply(request.body(body)).await;
        let id = reply.map(|reply| {
            let id = reply["id"].as_str().unwrap().to_owned();
            ledger.add(&id, Expected::Value(number));
            id
        });
        let is_last = id.is_none();
        ledger.keyed.push(Keyed { key, number, id });
        if is_last {
            return;
        }
    }
}

/// Submits a workflow; gives its id, if there is a reply before the process dies of it.
async fn submit(service: &Service<'_>, body: &'static str, ledger: &mut Ledger) -> Option<String> {
    let reply = service.reply(service.client.post_task().body(body)).await?;
    let id = reply["id"].as_str().unwrap().to_owned();
    let asked: Value = serde_json::from_str(body).unwrap();
    let number = asked["input"]["number"].as_u64().unwrap();
    ledger.add(&id, Expected::Value(number.try_into().unwrap()));
    Some(id)
}

/// Takes the only slot for long.
async fn occupy(service: &Service<'_>, ledger: &mut Ledger) {
    let client = &service.client;
    let body = format!(r#"{{"number": {LONG}}}"#);
    let id = client.accepted(body).await;
    ledger.add(&id, Expected::Canceled);
    eventually("the attempt shows as running", async || {
        let monitor = client.monitor(&id).await.json();
        (monitor["status"] == "Running").then_some(())
    })
    .await;
}

async fn accept(service: &Service<'_>, number: u32, ledger: &mut Ledger) -> String {
    let id = service
        .client
        .accepted(format!(r#"{{"number": {number}}}"#))
        .await;
    ledger.add(&id, Expected::Value(number));
    id
}
