//! How tasks end whose service answers, hangs, or says what nobody should; and who may report.

use serde_json::{Value, json};

use super::service::{HUGE, Service};
use super::{monitor, serving, work, write_kinds};
use crate::helpers::azurite::azurite;
use crate::helpers::client::Client;
use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;
use crate::helpers::reply::Reply;

const SUCCEEDED: &str = r#"{"status": "Succeeded", "result": {"text": "street"}}"#;

const AGAIN: &str =
    r#"{"status": "Failed", "error": {"code": "NoGpu", "message": "all are busy"}, "retry": true}"#;

/// A handler whose kinds lead to a service.
struct Rig {
    serving: Serving,
    service: Service,
    _folders: [tempfile::TempDir; 2],
}

impl Rig {
    async fn start(more: &[(&str, &str)]) -> Self {
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let service = Service::start().await;
        let file = write_kinds(folders[1].path(), &service);
        let settings = [&[("MAX_RESULT_BYTES", "1000000")], more].concat();
        Self {
            serving: serving(folders[0].path(), &file, &settings),
            service,
            _folders: folders,
        }
    }

    fn client(&self) -> &Client {
        &self.serving.client
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
        let path = url.strip_prefix(self.client().base()).expect(&url);
        path.to_owned()
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

    async fn every_reply_ends_its_task(&self) {
        let monitor = self.ends_as("answers", "Succeeded").await;
        assert_eq!(monitor["result"], json!({ "done": 1 }));
        self.ends_as("hangs", "TimeLimitExceeded").await;
        self.ends_as("redirects", "Redirected").await;
        assert!(!self.service.was_asked_for("/answers-elsewhere"));
        self.ends_as("html", "InvalidResult").await;
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
        assert_eq!(monitor(self.client(), &id).await["status"], "Running");
        assert_eq!(monitor(self.client(), &others).await["status"], "Running");
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
async fn a_task_ends_as_its_service_answers() {
    Rig::start(&[]).await.every_reply_ends_its_task().await;
}

#[tokio::test]
async fn a_callback_ends_its_task_once_and_in_time() {
    let rig = Rig::start(&[]).await;
    rig.a_callback_counts_once().await;
    rig.a_late_callback_is_for_nothing().await;
}

#[tokio::test]
async fn a_callback_is_for_one_attempt_of_one_task() {
    let rig = Rig::start(&[]).await;
    rig.a_forged_token_changes_nothing().await;
    rig.another_attempt_has_a_token_of_its_own().await;
}

#[tokio::test]
async fn a_handed_over_task_outlives_the_process() {
    let Rig {
        serving: first,
        service,
        _folders: folders,
    } = Rig::start(&[]).await;
    let id = first.client.accepted(work("callback")).await;
    let url = service.callback(&id, 1).await;
    let path = url.strip_prefix(first.client.base()).unwrap().to_owned();
    eventually("the attempt is handed over", async || {
        let monitor = monitor(&first.client, &id).await;
        (monitor["status"] == "Running").then_some(())
    })
    .await;
    assert_eq!(first.stop("TERM").await.code, Some(0));

    let rig = Rig {
        serving: serving(
            folders[0].path(),
            &folders[1].path().join("kinds.toml"),
            &[],
        ),
        service,
        _folders: folders,
    };
    assert_eq!(monitor(rig.client(), &id).await["status"], "Running");
    assert_eq!(rig.report(&path, SUCCEEDED).await.status, 200);
    assert_eq!(monitor(rig.client(), &id).await["status"], "Succeeded");
}

#[tokio::test]
async fn all_this_holds_on_azure_storage() {
    let account = azurite().connection_string();
    let name = format!("urls-{}", uuid::Uuid::now_v7());
    let settings = [
        ("AzureWebJobsStorage", &*account),
        ("queue_name", &name),
        ("BLOB_CONTAINER_NAME", &name),
    ];
    let rig = Rig::start(&settings).await;
    rig.every_reply_ends_its_task().await;
    rig.a_callback_counts_once().await;
    rig.a_forged_token_changes_nothing().await;
    rig.another_attempt_has_a_token_of_its_own().await;
    rig.a_late_callback_is_for_nothing().await;
}
