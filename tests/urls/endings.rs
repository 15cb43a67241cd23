//! How tasks end whose service answers, hangs, or says what nobody should; and who may report.

use futures_util::future::{LocalBoxFuture, join_all};
use serde_json::{Value, json};

use super::service::{HUGE, Service};
use super::{monitor, serving, shows_as_running, work, write_kinds};
use crate::helpers::client::Client;
use crate::helpers::deployment::{Deployment, Setting};
use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;
use crate::helpers::reply::Reply;

const SUCCEEDED: &str = r#"{"status": "Succeeded", "result": {"text": "street"}}"#;

const AGAIN: &str =
    r#"{"status": "Failed", "error": {"code": "NoGpu", "message": "all are busy"}, "retry": true}"#;

type Case = for<'a> fn(&'a Rig) -> LocalBoxFuture<'a, ()>;

/// What holds wherever the service runs. All at once, on one service: most of it is waiting.
const CASES: [Case; 6] = [
    |rig| Box::pin(rig.a_task_ends_as_its_service_answers()),
    |rig| Box::pin(rig.a_body_without_end_is_not_read()),
    |rig| Box::pin(rig.a_callback_counts_once()),
    |rig| Box::pin(rig.a_forged_token_changes_nothing()),
    |rig| Box::pin(rig.another_attempt_has_a_token_of_its_own()),
    |rig| Box::pin(rig.a_late_callback_is_for_nothing()),
];

#[tokio::test]
async fn a_url_can_do_no_harm_on_the_embedded_store() {
    every_case_holds(Setting::Embedded).await;
}

#[tokio::test]
async fn a_url_can_do_no_harm_on_azure_storage() {
    every_case_holds(Setting::Azurite).await;
}

#[tokio::test]
async fn a_url_can_do_no_harm_under_the_functions_host() {
    every_case_holds(Setting::Hosted).await;
}

async fn every_case_holds(setting: Setting) {
    let rig = Rig::start(setting).await;
    join_all(CASES.map(|case| case(&rig))).await;
}

/// A service whose kinds lead to another.
struct Rig {
    deployment: Deployment,
    service: Service,
    _kinds: tempfile::TempDir,
}

impl Rig {
    async fn start(setting: Setting) -> Self {
        let kinds = tempfile::tempdir().unwrap();
        let service = Service::start().await;
        let file = write_kinds(kinds.path(), &service);
        let settings = [
            ("KINDS_FILE", file.to_str().unwrap()),
            ("MAX_RESULT_BYTES", "1000000"),
        ];
        Self {
            deployment: Deployment::start(setting, &settings).await,
            service,
            _kinds: kinds,
        }
    }

    fn client(&self) -> &Client {
        &self.deployment.client
    }

    /// Submits work that is handed over; gives its id and where to report.
    async fn handed_over(&self, kind: &str) -> (String, String) {
        let id = self.client().accepted(work(kind)).await;
        let callback = self.callback(&id, 1).await;
        (id, callback)
    }

    /// The path and query where an attempt may be reported, once it is handed over.
    async fn callback(&self, id: &str, attempt: u32) -> String {
        let url = self.service.callback(id, attempt).await;
        self.deployment.path_of(&url).to_owned()
    }

    async fn report(&self, path: &str, body: &str) -> Reply {
        let request = self.client().request("POST", path);
        self.client().send(request.body(body.to_owned())).await
    }

    /// What a report is answered that is sent again while the reply to the attempt is still on its way.
    async fn reported(&self, path: &str, body: &str) -> u16 {
        eventually("the attempt is handed over", async || {
            let status = self.report(path, body).await.status;
            (status != 503).then_some(status)
        })
        .await
    }

    async fn ends_as(&self, kind: &str, end: &str) -> Value {
        let id = self.client().run(&work(kind)).await;
        let monitor = monitor(self.client(), &id).await;
        let ended = monitor["error"]["code"]
            .as_str()
            .or(monitor["status"].as_str());
        assert_eq!(ended, Some(end), "{kind}: {monitor}");
        monitor
    }

    async fn a_task_ends_as_its_service_answers(&self) {
        let monitor = self.ends_as("answers", "Succeeded").await;
        assert_eq!(monitor["result"], json!({ "done": 1 }));
        self.ends_as("hangs", "TimeLimitExceeded").await;
        self.ends_as("redirects", "Redirected").await;
        assert!(!self.service.was_asked_for("/answers-elsewhere"));
        self.ends_as("html", "InvalidResult").await;
    }

    async fn a_body_without_end_is_not_read(&self) {
        self.ends_as("huge", "ResultTooLarge").await;
        assert!(self.service.sent() < HUGE / 2, "{}", self.service.sent());
    }

    async fn a_callback_counts_once(&self) {
        let (id, callback) = self.handed_over("callback").await;
        assert_eq!(self.report(&callback, SUCCEEDED).await.status, 200);
        let monitor = monitor(self.client(), &id).await;
        assert_eq!(monitor["status"], "Succeeded");
        assert_eq!(monitor["result"], json!({ "text": "street" }));
        let twice = self.report(&callback, SUCCEEDED).await;
        assert_eq!((twice.status, &*twice.problem().0), (410, "TaskEnded"));
    }

    async fn a_forged_token_changes_nothing(&self) {
        let (id, callback) = self.handed_over("callback").await;
        let (others, _) = self.handed_over("callback").await;
        for forged in [
            callback.replacen("token=1.", "token=2.", 1),
            callback.replacen(&id, &others, 1),
            format!("{callback}x"),
        ] {
            let refused = self.report(&forged, SUCCEEDED).await;
            assert_eq!(refused.status, 401, "{forged}");
            assert_eq!(refused.problem().0, "InvalidToken");
        }
        for id in [&id, &others] {
            shows_as_running(self.client(), id).await;
        }
    }

    async fn another_attempt_has_a_token_of_its_own(&self) {
        let (id, first) = self.handed_over("callback").await;
        assert_eq!(self.reported(&first, AGAIN).await, 200);
        let older = self.report(&first, SUCCEEDED).await;
        assert_eq!((older.status, &*older.problem().0), (409, "OlderAttempt"));
        let second = self.callback(&id, 2).await;
        assert_eq!(self.report(&first, SUCCEEDED).await.status, 409);
        assert_eq!(self.reported(&second, AGAIN).await, 200);
        let monitor = monitor(self.client(), &id).await;
        assert_eq!(monitor["error"]["code"], "NoGpu", "{monitor}");
        assert_eq!(monitor["attempts"], 2);
    }

    async fn a_late_callback_is_for_nothing(&self) {
        let (id, callback) = self.handed_over("late").await;
        self.client().ended(&id).await;
        let late = self.report(&callback, SUCCEEDED).await;
        assert_eq!((late.status, &*late.problem().0), (410, "TaskEnded"));
        let monitor = monitor(self.client(), &id).await;
        assert_eq!(monitor["error"]["code"], "NotCalledBack", "{monitor}");
    }
}

#[tokio::test]
async fn a_handed_over_task_outlives_the_process() {
    let (folder, kinds) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let service = Service::start().await;
    let file = write_kinds(kinds.path(), &service);
    let first = serving(folder.path(), &file, &[]);
    let id = first.client.accepted(work("callback")).await;
    let url = service.callback(&id, 1).await;
    let path = url.strip_prefix(first.client.base()).unwrap().to_owned();
    shows_as_running(&first.client, &id).await;
    assert_eq!(first.stop("TERM").await.code, Some(0));

    let Serving {
        client,
        handler: _handler,
        ..
    } = serving(folder.path(), &file, &[]);
    assert_eq!(monitor(&client, &id).await["status"], "Running");
    let report = client.request("POST", &path).body(SUCCEEDED);
    assert_eq!(client.send(report).await.status, 200);
    assert_eq!(monitor(&client, &id).await["status"], "Succeeded");
}
