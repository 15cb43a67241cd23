//! Queue trigger: what it asks of the queue service, and how often.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::scripted::{Reply, ScriptedHandler};
use super::{start_before, with_queue};
use crate::helpers::azurite::azurite;
use crate::helpers::eventually::eventually;
use crate::helpers::proxy::{Fate, Proxy};

/// Requests to the queue service, each with its time.
type Seen = Arc<Mutex<Vec<(Instant, String)>>>;

/// A connection string for the test run's storage whose queue service is behind a proxy that writes
/// down what it is asked.
fn observed() -> (String, Seen) {
    let seen = Seen::default();
    let connection_string = azurite().connection_string();
    let (before, endpoint) = connection_string.split_once("QueueEndpoint=").unwrap();
    let mut endpoint = endpoint.to_owned();
    let requests = Arc::clone(&seen);
    Proxy::before(&mut endpoint, move |request| {
        let mut requests = requests.lock().unwrap();
        requests.push((Instant::now(), request.to_owned()));
        Fate::Forward
    });
    (format!("{before}QueueEndpoint={endpoint}"), seen)
}

#[actix_web::test]
async fn an_idle_queue_is_asked_ever_more_rarely() {
    let handler = ScriptedHandler::start(|_| Reply::acknowledge());
    let (options, queue) = with_queue().await;
    let (connection_string, seen) = observed();
    let options = options.setting("AzureWebJobsStorage", connection_string);
    let _host = start_before(&handler, options).await;
    let polls = eventually("eight polls", async || {
        Some(seen.lock().unwrap().clone()).filter(|polls| polls.len() >= 8)
    })
    .await;

    let name = queue.name();
    let receive =
        format!("GET /devstoreaccount1/{name}/messages?numofmessages=16&visibilitytimeout=600&sv=");
    for (_, request) in &polls {
        assert!(request.starts_with(&receive), "{request}");
    }
    // As host.json says 2 s. Storage takes its time beside.
    let pauses = [100, 200, 300, 500, 900, 1_700, 2_000];
    for (pair, pause) in polls.windows(2).zip(pauses) {
        let gap = pair[1].0 - pair[0].0;
        assert!(gap >= Duration::from_millis(pause), "{gap:?} of {pause} ms");
    }
}

#[actix_web::test]
async fn after_a_message_the_queue_is_asked_often_again() {
    let handler = ScriptedHandler::start(|_| Reply::acknowledge());
    let (options, queue) = with_queue().await;
    let (connection_string, seen) = observed();
    let options = options.setting("AzureWebJobsStorage", connection_string);
    let _host = start_before(&handler, options).await;
    let polls = async |count| {
        eventually("so many polls", async || {
            let polls = seen.lock().unwrap().clone().into_iter();
            let polls: Vec<_> = polls
                .filter(|(_, request)| request.starts_with("GET "))
                .collect();
            (polls.len() >= count).then_some(polls)
        })
        .await
    };
    let idle = polls(7).await.len();
    queue.send("mine").await.unwrap();
    handler.called("/queue_worker", 1).await;
    // The one that brings it, the one after that at once, and those after 0.1, 0.2, 0.3 and 0.5 s: without
    // the message, that would be one.
    let brought = polls(idle + 1).await[idle].0;
    let after = polls(idle + 6).await[idle + 5].0;
    let gap = after - brought;
    assert!(gap >= Duration::from_millis(1_100), "{gap:?}");
    assert!(gap < Duration::from_secs(2 * 4), "{gap:?}");
}

#[actix_web::test]
async fn a_message_taken_is_hidden_for_ten_minutes() {
    let handler = ScriptedHandler::start(|_| Reply::acknowledge());
    let (options, queue) = with_queue().await;
    queue.send("mine").await.unwrap();
    let _host = start_before(&handler, options).await;
    let calls = handler.called("/queue_worker", 1).await;
    let metadata = &calls[0].json()["Metadata"];
    let time = |key: &str| OffsetDateTime::parse(metadata[key].as_str().unwrap(), &Rfc3339);
    let hidden = time("NextVisibleTime").unwrap() - time("InsertionTime").unwrap();
    // From when it was received, which is some time after it was sent.
    assert!(hidden >= Duration::from_secs(10 * 60), "{hidden}");
    assert!(hidden < Duration::from_secs(15 * 60), "{hidden}");
}
