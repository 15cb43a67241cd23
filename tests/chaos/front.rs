//! The service as its clients see it: requests that may be lost, refused or cut, and what each
//! reply says, entered into the ledger.

use std::sync::Arc;
use std::time::Duration;

use reqwest::RequestBuilder;
use serde_json::Value;

use crate::helpers::client::Client;
use crate::helpers::reply::Reply;
use crate::keeper::Door;
use crate::ledger::{Breach, Ending, Ledger};
use crate::random::Random;

/// How long a client waits for a reply: longer than the service waits for storage.
const PATIENCE: Duration = Duration::from_secs(45);

/// So many of 1,000 requests are given up by their client before a reply can have come.
const HASTE: usize = 20;

/// What a client submits, now and perhaps again.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    pub(crate) number: i64,
    /// The workflow that computes it, if it is one.
    pub(crate) flow: Option<&'static str>,
    pub(crate) key: Option<String>,
    pub(crate) wait: Option<&'static str>,
}

impl Submission {
    fn body(&self) -> String {
        let number = self.number;
        match self.flow {
            None => format!(r#"{{"number": {number}}}"#),
            // The width is for the fan-out.
            Some(flow) => format!(
                r#"{{"kind": "{flow}", "input": {{"number": {number}, "width": {number}}}}}"#
            ),
        }
    }
}

/// What a reply says of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It has ended, or is gone.
    Over,
    /// It has not ended.
    Open,
    /// There was no reply, or it said to come back.
    Nothing,
}

/// The doors of all handlers, and the ledger.
pub(crate) struct Front {
    pub(crate) doors: Vec<Door>,
    pub(crate) ledger: Arc<Ledger>,
}

impl Front {
    /// Any of the handlers, whether it lives or not.
    pub(crate) fn client(&self, random: &mut Random) -> Client {
        let door = random.pick(&self.doors).lock().unwrap();
        door.clone().expect("every handler has served")
    }

    /// Sends a request to whichever handler listens, as a load balancer does.
    async fn send(
        &self,
        random: &mut Random,
        request: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Reply, NoReply> {
        let patience = match random.permille(HASTE) {
            true => random.millis(1, 60),
            false => PATIENCE,
        };
        for _ in 0..2 * self.doors.len() {
            let client = self.client(random);
            match client.try_send(request(&client).timeout(patience)).await {
                Ok(reply) => return Ok(reply),
                Err(error) if error.is_connect() => {}
                Err(_) => return Err(NoReply::Cut),
            }
        }
        Err(NoReply::Unreached)
    }

    /// Submits; gives the id when it was accepted.
    pub(crate) async fn submit(
        &self,
        random: &mut Random,
        submission: &Submission,
    ) -> Option<String> {
        let Submission { number, key, wait, .. } = submission;
        let request = |client: &Client| {
            let mut request = client.post_task();
            if let Some(key) = key {
                request = request.header("idempotency-key", format!("\"{key}\""));
            }
            if let Some(wait) = wait {
                request = request.header("prefer", *wait);
            }
            request.body(submission.body())
        };
        self.ledger.count(submission.flow.unwrap_or("submissions"));
        let reply = match self.send(random, request).await {
            Ok(reply) => reply,
            Err(no_reply) => {
                self.ledger.count(match no_reply {
                    NoReply::Unreached => "submissions that reached nobody",
                    NoReply::Cut => "submissions without a reply",
                });
                return None;
            }
        };
        let field = match reply.status {
            202 => "id",
            200 => "task_id",
            _ => {
                // 409 while the first submission with the key is being accepted, or after somebody
                // died at it.
                self.refused(&reply, "submissions", &format!("F({number})"));
                return None;
            }
        };
        self.ledger
            .count(&format!("submissions answered {}", reply.status));
        let body = reply.json();
        let id = body[field].as_str().unwrap().to_owned();
        self.ledger.accepted(&id, *number, key.as_deref());
        if reply.status == 200 {
            self.ledger.ended(&id, Ending::Succeeded, value(&body));
        }
        Some(id)
    }

    /// Looks at the status monitor.
    pub(crate) async fn monitor(&self, random: &mut Random, id: &str) -> Seen {
        let path = format!("/api/operations/{id}");
        self.read_monitor(random, "GET", &path, id).await
    }

    /// Asks for cancellation, whose reply is the monitor.
    pub(crate) async fn cancel(&self, random: &mut Random, id: &str) -> Seen {
        self.ledger.count("cancels");
        let path = format!("/api/operations/{id}:cancel");
        let seen = self.read_monitor(random, "POST", &path, id).await;
        if seen == Seen::Open {
            let what = format!("{id} goes on after it was canceled");
            self.ledger.breach(Breach::Unexpected, what);
        }
        seen
    }

    async fn read_monitor(&self, random: &mut Random, method: &str, path: &str, id: &str) -> Seen {
        let request = |client: &Client| client.request(method, path);
        let Ok(reply) = self.send(random, request).await else {
            return Seen::Nothing;
        };
        if reply.status != 200 {
            return self.gone_or_refused(&reply, "monitors", id);
        }
        let body = reply.json();
        // A large result is not in the monitor: it is where that says.
        if body["status"] == "Succeeded" && body["resourceLocation"].is_string() {
            return self.result(random, id).await;
        }
        let ending = match body["status"].as_str().unwrap() {
            "NotStarted" | "Running" => return Seen::Open,
            "Succeeded" => Ending::Succeeded,
            "Failed" => Ending::Failed(body["error"]["code"].as_str().unwrap().to_owned()),
            "Canceled" => Ending::Canceled,
            status => panic!("no status: {status}"),
        };
        self.ledger.ended(id, ending, value(&body["result"]));
        Seen::Over
    }

    /// Asks for the result without consuming it.
    pub(crate) async fn result(&self, random: &mut Random, id: &str) -> Seen {
        let path = format!("/api/operations/{id}/result");
        let request = |client: &Client| client.request("GET", &path);
        let Ok(reply) = self.send(random, request).await else {
            return Seen::Nothing;
        };
        match reply.status {
            202 => return Seen::Open,
            200 => {
                let body = reply.json();
                self.ledger.ended(id, Ending::Succeeded, value(&body));
            }
            410 => self.ledger.ended(id, Ending::Canceled, None),
            424 => {
                let (code, ..) = reply.problem();
                self.ledger.ended(id, Ending::Failed(code), None);
            }
            _ => return self.gone_or_refused(&reply, "results", id),
        }
        Seen::Over
    }

    /// Fetches the result, which consumes it.
    pub(crate) async fn fetch(&self, random: &mut Random, id: &str) -> Seen {
        let path = format!("/api/tasks/{id}");
        let waits = random.permille(200);
        let request = |client: &Client| {
            let request = client.request("GET", &path);
            match waits {
                true => request.header("prefer", "wait=2"),
                false => request,
            }
        };
        self.ledger.count("fetches");
        self.ledger.fetch_begun(id);
        let reply = match self.send(random, request).await {
            Ok(reply) => reply,
            Err(NoReply::Unreached) => return Seen::Nothing,
            Err(NoReply::Cut) => {
                self.ledger.fetch_cut(id);
                return Seen::Nothing;
            }
        };
        match reply.status {
            200 => {
                let body = reply.json();
                self.ledger.fetched(id, value(&body).unwrap_or_default());
                Seen::Over
            }
            // The monitor is named while there is a task without a result.
            404 if reply.header("link").is_some() => Seen::Open,
            _ => self.gone_or_refused(&reply, "fetches", id),
        }
    }

    fn gone_or_refused(&self, reply: &Reply, what: &str, id: &str) -> Seen {
        if reply.status == 404 {
            self.ledger.gone(id);
            return Seen::Over;
        }
        self.refused(reply, what, id);
        Seen::Nothing
    }

    fn refused(&self, reply: &Reply, what: &str, of: &str) {
        let status = reply.status;
        self.ledger.count(&format!("{what} answered {status}"));
        if !matches!(status, 409 | 429 | 503) {
            let what = format!("{what} of {of} answered {status}: {}", reply.text());
            self.ledger.breach(Breach::Unexpected, what);
        }
    }
}

/// Why there is no reply.
enum NoReply {
    /// Nobody listened.
    Unreached,
    /// Anything else: the request may have been seen, and the reply made.
    Cut,
}

fn value(result: &Value) -> Option<&str> {
    result["calculation_result"].as_str()
}
