//! Queue trigger: what each kind of answer does to the message.

use functions_host::{Event, FunctionsHost, Outcome, Source, StorageQueue};
use serde_json::json;

use super::scripted::{Reply, ScriptedHandler};
use super::{start_before, with_queue};
use crate::helpers::azurite::azurite;
use crate::helpers::project::app;

#[actix_web::test]
async fn an_acknowledged_message_is_deleted() {
    let handler = ScriptedHandler::start(|_| Reply::acknowledge());
    let (options, queue) = with_queue().await;
    queue.send(r#"{"number": 24}"#).await.unwrap();
    let host = start_before(&handler, options).await;

    let finished = &host.finished("queue_worker", 1).await[0];
    assert_eq!(finished.outcome, Outcome::Succeeded);
    assert_eq!(finished.status, Some(200));
    queue.settles_at(0).await;

    let call = &handler.calls("/queue_worker")[0];
    assert_eq!(call.method, "POST");
    assert_eq!(
        call.header("content-type"),
        "application/json; charset=utf-8"
    );
    assert_eq!(
        call.header("x-azure-functions-invocationid"),
        finished.invocation.id
    );
    assert!(
        call.header("user-agent")
            .starts_with("Azure-Functions-Host/")
    );
    assert_eq!(call.json()["Data"]["message"], r#""{\"number\": 24}""#);
}

#[actix_web::test]
async fn every_queue_function_has_the_messages_of_its_own_queue() {
    let handler = ScriptedHandler::start(|_| Reply::acknowledge());
    let app = app();
    let trigger = json!({"bindings": [{
        "type": "queueTrigger", "direction": "in", "name": "order", "queueName": "%Queue_Name%-%size%",
    }]});
    app.write("queue_worker_large/function.json", &trigger.to_string())
        .unwrap();
    let (options, small) = with_queue().await;
    let storage = azurite().connection_string();
    let large = StorageQueue::new(&storage, &format!("{}-large", small.name())).unwrap();
    large.create().await.unwrap();
    large.send("to the large one").await.unwrap();
    small.send("to the small one").await.unwrap();
    let options = options.setting("size", "LARGE").handler_at(handler.port);
    let host = FunctionsHost::start(app, options).await.unwrap();

    for (function, binding, text) in [
        ("queue_worker_large", "order", "\"to the large one\""),
        ("queue_worker", "message", "\"to the small one\""),
    ] {
        host.finished(function, 1).await;
        let calls = handler.calls(&format!("/{function}"));
        assert_eq!(calls[0].json()["Data"], json!({binding: text}));
        assert_eq!(calls.len(), 1);
    }
    large.settles_at(0).await;
    small.settles_at(0).await;
}

#[actix_web::test]
async fn bodies_come_chunked_and_sized_in_turns() {
    let handler = ScriptedHandler::start(|_| Reply::acknowledge());
    let (options, queue) = with_queue().await;
    let host = start_before(&handler, options).await;
    host.finished("timer_worker", 1).await;
    queue.send("one").await.unwrap();
    queue.send("two").await.unwrap();

    let mut framings: Vec<_> = handler
        .called("/queue_worker", 2)
        .await
        .iter()
        .map(|call| {
            (
                call.header("transfer-encoding"),
                call.header("content-length").is_empty(),
            )
        })
        .collect();
    framings.sort();
    assert_eq!(
        framings,
        [(String::new(), false), ("chunked".to_owned(), true)]
    );
}

#[actix_web::test]
async fn a_failing_message_is_delivered_five_times_then_poisoned() {
    let handler = ScriptedHandler::start(|_| Reply::new(500, "application/json", "{}"));
    let (options, queue) = with_queue().await;
    queue.send("<bad> & \"sad\"").await.unwrap();
    let options = options.queue_option("visibilityTimeout", "00:00:00");
    let host = start_before(&handler, options).await;

    let poison = queue.poison().unwrap();
    let poisoned = Event::Poisoned {
        queue: poison.name().to_owned(),
        text: "<bad> & \"sad\"".to_owned(),
    };
    let seen = |events: &[Event]| events.contains(&poisoned).then_some(());
    host.events().wait_for("poisoned message", seen).await;

    let finished = host.finished("queue_worker", 5).await;
    let counts: Vec<_> = finished
        .iter()
        .map(|one| one.invocation.dequeue_count)
        .collect();
    assert_eq!(counts, [1, 2, 3, 4, 5].map(Some));
    assert!(
        finished
            .iter()
            .all(|one| one.status == Some(500) && !one.outcome.succeeded())
    );
    assert_eq!(queue.length().await.unwrap(), 0);
    let copies = poison
        .receive(32, std::time::Duration::from_secs(1))
        .await
        .unwrap();
    assert_eq!(copies.len(), 1);
    assert_eq!(
        (copies[0].text.as_str(), copies[0].dequeue_count),
        ("<bad> & \"sad\"", 1)
    );
}

#[actix_web::test]
async fn a_failed_message_stays_hidden_for_the_visibility_timeout() {
    let handler = ScriptedHandler::start(|_| Reply::new(503, "text/plain", "not now"));
    let (options, queue) = with_queue().await;
    queue.send("later").await.unwrap();
    let options = options.queue_option("visibilityTimeout", "00:00:02");
    let host = start_before(&handler, options).await;

    host.finished("queue_worker", 1).await;
    let first = std::time::Instant::now();
    host.finished("queue_worker", 2).await;
    assert!(
        first.elapsed() >= std::time::Duration::from_secs(1),
        "{:?}",
        first.elapsed()
    );
}

#[actix_web::test]
async fn an_empty_answer_hangs_until_the_function_timeout_kills_the_worker() {
    let null = || Reply::new(200, "application/json", "null");
    for reply in [|| Reply::empty(200), || Reply::empty(204), null] {
        let handler = ScriptedHandler::start(move |_| reply());
        let (options, queue) = with_queue().await;
        queue.send("hang").await.unwrap();
        let options = options
            .setting("AzureFunctionsJobHost__functionTimeout", "00:00:01")
            .queue_option("maxDequeueCount", "1");
        let host = start_before(&handler, options).await;

        let finished = &host.finished("queue_worker", 1).await[0];
        assert_eq!(
            finished.outcome,
            Outcome::Failed("timed out after 1s".to_owned())
        );
        let killed = |events: &[Event]| events.contains(&Event::WorkerKilled).then_some(());
        host.events().wait_for("killed worker", killed).await;
    }
}

#[actix_web::test]
async fn an_answer_that_is_no_json_object_fails_the_invocation() {
    let replies = [
        ("text/plain", "{}"),
        ("", "{}"),
        ("application/json", "{"),
        ("application/json", "[]"),
        ("application/json", r#"{"Logs": [1]}"#),
    ];
    for (content_type, body) in replies {
        let handler = ScriptedHandler::start(move |_| Reply::new(200, content_type, body));
        let (options, queue) = with_queue().await;
        queue.send("text").await.unwrap();
        let host = start_before(&handler, options).await;
        let finished = &host.finished("queue_worker", 1).await[0];
        assert!(!finished.outcome.succeeded(), "{content_type} {body}");
        assert_eq!(finished.status, Some(200));
    }
}

#[actix_web::test]
async fn logs_of_an_acknowledgement_reach_the_host_log() {
    let body = r#"{"logs": ["counted to 24"], "more": 1}"#;
    let handler = ScriptedHandler::start(move |_| Reply::new(200, "text/json; a=b", body));
    let (options, queue) = with_queue().await;
    queue.send("text").await.unwrap();
    let host = start_before(&handler, options).await;
    let line = host.log_line("counted to 24").await;
    assert_eq!(line.source, Source::Invocation);
}
