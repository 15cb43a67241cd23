//! Manifests the host would not take.

use std::time::Duration;

use functions_host::{FunctionsHost, HostManifest, Settings};

use super::without_queue;
use crate::helpers::project::app;

fn fault_with(file: &str, text: &str) -> String {
    let app = app();
    app.write(file, text).expect("a file");
    let (options, _) = without_queue();
    let launched = FunctionsHost::launch(app, options);
    launched
        .err()
        .map(|fault| fault.to_string())
        .unwrap_or_default()
}

#[test]
fn a_function_the_host_would_leave_out_is_refused() {
    let timer = r#"{"type": "timerTrigger", "direction": "in", "schedule": "* * * * * *", "useMonitor": false, "name": "#;
    let http = r#"{"type": "httpTrigger", "direction": "in", "name": "req"}"#;
    let cases = [
        (
            format!(r#"{timer}"my_timer"}}"#),
            "my_timer is not a binding name",
        ),
        (
            format!(r#"{timer}"a"}}, {timer}"b"}}"#),
            "2 triggers instead of one",
        ),
        (String::new(), "0 triggers instead of one"),
        (
            r#"{"type": "http", "direction": "in", "name": "res"}"#.into(),
            "wrong direction",
        ),
        (
            r#"{"type": "queueTrigger", "direction": "in", "name": "m", "queueName": "%NOWHERE%"}"#
                .into(),
            "NOWHERE is missing",
        ),
        (http.into(), "left out of this double"),
        (r#"{"type": "cosmosDBTrigger"}"#.into(), "unknown variant"),
    ];
    for (bindings, reason) in cases {
        let fault = fault_with(
            "other/function.json",
            &format!(r#"{{"bindings": [{bindings}]}}"#),
        );
        assert!(fault.starts_with("other/function.json: "), "{fault}");
        assert!(fault.contains(reason), "{fault}");
    }
    let bindings = format!(r#"{{"bindings": [{timer}"t"}}]}}"#);
    for folder in ["1st", "host", "a.b"] {
        let fault = fault_with(&format!("{folder}/function.json"), &bindings);
        assert!(fault.contains("is not a function name"), "{fault}");
    }
}

#[test]
fn a_host_json_the_host_would_refuse_is_refused() {
    let handler = r#""customHandler": {"description": {"defaultExecutablePath": "handler"}}"#;
    let cases = [
        (r#"{"version": "1.0", "customHandler": {"description": {"defaultExecutablePath": "x"}}}"#.to_owned(), "version"),
        (r#"{"version": "2.0"}"#.to_owned(), "customHandler"),
        (format!(r#"{{"version": "2.0", {handler}, "functionTimeout": "10 min"}}"#), "functionTimeout"),
        (format!(r#"{{"version": "2.0", {handler}, "extensions": {{"queues": {{"batchSize": 33}}}}}}"#), "batchSize"),
        (format!(r#"{{"version": "2.0", {handler}, "extensions": {{"queues": {{"batchsize": 3}}}}}}"#), "batchsize"),
    ];
    for (text, reason) in cases {
        let fault = fault_with("host.json", &text);
        assert!(
            fault.starts_with("host.json: ") && fault.contains(reason),
            "{fault}"
        );
    }
}

#[test]
fn an_app_setting_overrides_host_json_ignoring_case() {
    let app = app();
    let mut settings = Settings::default();
    settings.set("AzureFunctionsJobHost__extensions__Queues__batchsize", "3");
    settings.set("AzureFunctionsJobHost__functionTimeout", "1.00:00:01");
    let manifest = HostManifest::read(app.as_ref(), &settings).unwrap();
    assert_eq!(manifest.extensions.queues.batch_size, 3);
    assert_eq!(
        manifest.function_timeout,
        Duration::from_secs(24 * 3600 + 1)
    );
}
