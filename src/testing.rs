//! The real service, for the tests of kinds of one's own: on a free port, over a store of its own.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use ports::QueueName;
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use work::any::Versions;
use work::workflow::Workflow;
use work::{BlockingKind, Kind, Kinds, Policy, any};

use crate::config::Config;
use crate::startup::Application;
use crate::{kinds, tls};

/// The largest Fibonacci index, as it is without the setting.
const MAX_NUMBER: u64 = 10_000_000;

/// How long a task of the kind `process-data` waits: no test needs it to.
const NO_PAUSE: Duration = Duration::ZERO;

/// How long a task that has not ended is left alone.
const PAUSE: Duration = Duration::from_millis(20);

/// A service for tests, before it starts: add the kinds, then [`start`](Self::start) it.
///
/// ```no_run
/// # use async_request_reply::{BlockingKind, Context, Failure};
/// use async_request_reply::Policy;
/// use async_request_reply::testing::TestHandler;
/// #
/// # struct Length;
/// # impl BlockingKind for Length {
/// #     type Input = String;
/// #     type Output = usize;
/// #     fn run(&self, input: String, _: &Context) -> Result<usize, Failure> {
/// #         Ok(input.len())
/// #     }
/// # }
///
/// #[tokio::test]
/// async fn a_length_is_in_bytes() {
///     let handler = TestHandler::new()
///         .blocking_kind("length", Length, Policy::default())
///         .start()
///         .unwrap();
///     let length: usize = handler.submit("length", "naïve").await.unwrap();
///     assert_eq!(length, 6);
/// }
/// ```
pub struct TestHandler {
    kinds: Kinds,
}

/// A service under way, which stops when this is dropped.
pub struct Serving {
    address: SocketAddr,
    http: reqwest::Client,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// The service does not start: a kind's name or policy cannot be, or there is no folder for the store.
    #[error("the service does not start: {0}")]
    Start(Box<dyn Error + Send + Sync>),
    /// The task was not accepted.
    #[error("refused with {status} {code}: {message}")]
    Refused {
        /// The status of the reply, such as 422.
        status: u16,
        /// What is wrong, for programs, such as `InvalidInput`.
        code: String,
        /// What is wrong, for people.
        message: String,
        /// The field at fault, such as `input.text`, when it is one.
        field: Option<String>,
    },
    /// The task was accepted, and failed.
    #[error("failed with {code}: {message}")]
    Failed {
        /// The code of the kind's failure, or of the service's own, such as `TimeLimitExceeded`.
        code: String,
        /// Its message.
        message: String,
    },
    /// The input cannot be written as JSON, or the result is another type than was asked for.
    #[error("input or result cannot be so: {0}")]
    Json(#[from] serde_json::Error),
    /// The service does not answer.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

impl TestHandler {
    /// One that knows the kinds that come with the service.
    pub fn new() -> Self {
        tls::install();
        Self {
            kinds: kinds::standard(MAX_NUMBER, NO_PAUSE),
        }
    }

    /// Adds a kind that waits, as [`Handler::kind`](crate::Handler::kind) does.
    #[must_use]
    pub fn kind(self, name: &str, kind: impl Kind, policy: Policy) -> Self {
        Self {
            kinds: self.kinds.with(name, any::of(kind), policy),
        }
    }

    /// Adds a kind that computes or blocks, as [`Handler::blocking_kind`](crate::Handler::blocking_kind)
    /// does.
    #[must_use]
    pub fn blocking_kind(self, name: &str, kind: impl BlockingKind, policy: Policy) -> Self {
        Self {
            kinds: self.kinds.with(name, any::of_blocking(kind), policy),
        }
    }

    /// Adds a workflow, as [`Handler::workflow`](crate::Handler::workflow) does.
    #[must_use]
    pub fn workflow<W: Workflow>(
        self,
        name: &str,
        workflow: impl Into<Versions<W>>,
        policy: Policy,
    ) -> Self {
        Self {
            kinds: self.kinds.with(name, workflow.into().into_any(), policy),
        }
    }

    /// Starts it; tasks can be submitted from now on. It logs nothing, and reads no setting of this process.
    ///
    /// # Errors
    ///
    /// [`TestError::Start`], with the sentence that the process would end with.
    pub fn start(self) -> Result<Serving, TestError> {
        let failed = |error: Box<dyn Error + Send + Sync>| TestError::Start(error);
        let folder = tempfile::tempdir().map_err(|error| failed(error.into()))?;
        let queue = QueueName::try_from("tasks").map_err(|error| failed(error.into()))?;
        let config = Config {
            max_number: MAX_NUMBER,
            ..Config::for_tests(folder.path(), queue)
        };
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .build()?;
        let (started, start) = mpsc::channel();
        // An application belongs to the thread that built it, so it is built where it runs.
        let thread = thread::spawn(move || serve(config, self.kinds, folder, &started));
        let ended = || TestError::Start("its thread ended".into());
        let (address, stop) = start.recv().map_err(|_| ended())??;
        Ok(Serving {
            address,
            http,
            stop,
            thread: Some(thread),
        })
    }
}

impl Default for TestHandler {
    fn default() -> Self {
        Self::new()
    }
}

type Started = Result<(SocketAddr, CancellationToken), TestError>;

/// Serves until it is stopped, and deletes the store then.
fn serve(config: Config, kinds: Kinds, _folder: TempDir, started: &mpsc::Sender<Started>) {
    actix_web::rt::System::new().block_on(async {
        // Who started it waits for what is sent, and has it when this goes on.
        match Application::build(config, kinds) {
            Ok(application) => {
                let _ = started.send(Ok((application.address(), application.stopper())));
                if let Err(error) = application.run().await {
                    log::error!("{error}");
                }
            }
            Err(error) => {
                let _ = started.send(Err(TestError::Start(error.into())));
            }
        }
    });
}

impl Serving {
    /// Where it listens, for what [`submit`](Self::submit) does not do.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Submits a task of this kind over HTTP, waits for its end, however long that takes, and gives the
    /// result. Attempts and the waits between them are those of the kind's policy.
    ///
    /// # Errors
    ///
    /// [`TestError::Refused`] when the input is not taken, [`TestError::Failed`] when the task failed.
    pub async fn submit<R: DeserializeOwned>(
        &self,
        kind: &str,
        input: impl Serialize,
    ) -> Result<R, TestError> {
        let task = serde_json::json!({"kind": kind, "input": serde_json::to_value(input)?});
        let submission = self
            .http
            .post(format!("http://{}/api/tasks", self.address))
            .header(CONTENT_TYPE, "application/json")
            .body(task.to_string());
        let (status, body) = reply(submission).await?;
        let accepted: Value = serde_json::from_slice(&body)?;
        if status != StatusCode::ACCEPTED {
            return Err(TestError::Refused {
                status: status.as_u16(),
                code: text(&accepted["error"]["code"]),
                message: text(&accepted["error"]["message"]),
                field: accepted["error"]["target"].as_str().map(str::to_owned),
            });
        }
        let id = text(&accepted["id"]);
        let result = format!("http://{}/api/operations/{id}/result", self.address);
        loop {
            let (status, body) = reply(self.http.get(&result)).await?;
            match status {
                StatusCode::OK => return Ok(serde_json::from_slice(&body)?),
                StatusCode::ACCEPTED => tokio::time::sleep(PAUSE).await,
                _ => {
                    let problem: Value = serde_json::from_slice(&body)?;
                    return Err(TestError::Failed {
                        code: text(&problem["error"]["code"]),
                        message: text(&problem["error"]["message"]),
                    });
                }
            }
        }
    }
}

async fn reply(request: reqwest::RequestBuilder) -> Result<(StatusCode, bytes::Bytes), TestError> {
    let response = request.send().await?;
    Ok((response.status(), response.bytes().await?))
}

/// What a field says; nothing when it is missing, which the service never lets it be.
fn text(field: &Value) -> String {
    field.as_str().unwrap_or_default().to_owned()
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop.cancel();
        // Fails when the service broke off, which who waited for a task has seen.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
