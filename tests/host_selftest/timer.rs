//! Timer trigger: when it runs and what it sends.

use functions_host::FunctionsHost;
use serde_json::json;

use super::scripted::{Reply, ScriptedHandler};
use super::{start_before, without_queue};
use crate::helpers::project::app;

#[actix_web::test]
async fn a_timer_runs_at_start_up_and_when_told() {
    let handler = ScriptedHandler::start(|_| Reply::acknowledge());
    let (options, _) = without_queue();
    let host = start_before(&handler, options).await;
    host.finished("timer_worker", 1).await;
    assert!(host.run_timer_now("timer_worker").await);

    let calls = handler.calls("/timer_worker");
    assert_eq!(calls.len(), 2);
    let body = calls[1].json();
    let timer = json!({
        "Schedule": {"AdjustForDST": true},
        "ScheduleStatus": null,
        "IsPastDue": false,
    });
    assert_eq!(body["Data"], json!({"timer": timer}));
    let metadata = body["Metadata"].as_object().unwrap();
    assert_eq!(metadata.keys().collect::<Vec<_>>(), ["sys"]);
    assert_eq!(body["Metadata"]["sys"]["MethodName"], "timer_worker");
}

#[actix_web::test]
async fn a_schedule_runs_the_timer_by_itself() {
    let handler = ScriptedHandler::start(|_| Reply::acknowledge());
    let app = app();
    let every_second = json!({"bindings": [{
        "type": "timerTrigger", "direction": "in", "name": "timer",
        "schedule": "%EVERY%", "useMonitor": false,
    }]});
    app.write("timer_worker/function.json", &every_second.to_string())
        .unwrap();
    let (options, _) = without_queue();
    let options = options
        .setting("EVERY", "* * * * * *")
        .timer_schedule()
        .handler_at(handler.port);
    let host = FunctionsHost::start(app, options).await.unwrap();
    host.finished("timer_worker", 2).await;
}
