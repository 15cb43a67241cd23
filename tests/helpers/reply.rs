//! A reply of the service, and what holds for all of them.

use std::collections::BTreeSet;

use bytes::Bytes;
use engine::TaskId;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// A reply, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: HeaderMap,
    body: Bytes,
    base: String,
}

/// No other header may leave the service.
const HEADERS: [&str; 17] = [
    "allow",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "date",
    "etag",
    "link",
    "location",
    "operation-id",
    "operation-location",
    "preference-applied",
    "repeatability-result",
    "retry-after",
    "vary",
    "x-ms-continuation-token",
    "x-ms-error-code",
];

/// How the paths begin whose 404 has the fields that clients of R0 and R4 know.
const ABSENCES: [(&str, &[&str]); 2] = [
    ("/api/tasks/", &["task_id"]),
    ("/api/status/", &["result", "status", "task_id"]),
];

impl Reply {
    pub(super) async fn read(response: reqwest::Response, base: &str) -> reqwest::Result<Self> {
        Ok(Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await?,
            base: base.to_owned(),
        })
    }

    /// A header that is there once at most.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        assert!(self.headers.get_all(name).iter().count() <= 1, "{name}");
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The code, the target and the sentence of a problem.
    pub(crate) fn problem(&self) -> (String, Option<String>, String) {
        let error = &self.json()["error"];
        let field = |name: &str| error[name].as_str().map(str::to_owned);
        (
            field("code").unwrap(),
            field("target"),
            field("message").unwrap(),
        )
    }

    /// Status, headers and body as one text; dates and the length are left out, and what differs
    /// from run to run is `{base}`, `{id}`, `{time}`, `{etag}`.
    pub(crate) fn transcript(&self) -> String {
        let mut lines: Vec<String> = self
            .headers
            .iter()
            .filter(|(name, _)| *name != "date" && *name != "content-length")
            .map(|(name, value)| match name.as_str() {
                "etag" => "etag: \"{etag}\"".to_owned(),
                name => format!("{name}: {}", value.to_str().unwrap()),
            })
            .collect();
        lines.sort();
        let text = format!("{}\n{}\n\n{}", self.status, lines.join("\n"), self.text());
        redact_times(redact_ids(text.replace(&self.base, "{base}")))
    }

    /// Checks what holds for every reply: the headers, and the one document of all failures.
    pub(super) fn check(&self, method: &Method, path: &str) {
        // What is granted to a page of another origin depends on the origin, and says so.
        let is_cors = self.header("vary") == Some("Origin");
        for name in self.headers.keys() {
            let of_cors = *name == "vary" || name.as_str().starts_with("access-control-");
            let allowed = HEADERS.contains(&name.as_str())
                || (*name == "www-authenticate" && self.status == 401)
                || (["accept", "accept-encoding"].contains(&name.as_str()) && self.status == 415)
                || (is_cors && of_cors);
            assert!(allowed, "{method} {path} answers with {name}");
        }
        assert!(self.header("date").is_some(), "{method} {path}");
        assert!(self.header("cache-control").is_some(), "{method} {path}");
        assert_eq!(
            self.header("allow").is_some(),
            self.status == 405,
            "{method} {path}"
        );
        assert_eq!(
            self.header("x-ms-error-code").is_some(),
            self.status >= 400 && !self.is_absence(path) && !self.is_failed_instance(path),
            "{method} {path}"
        );
        if method == Method::HEAD {
            assert!(self.body.is_empty(), "{path}");
        } else if self.is_absence(path) {
            let fields: BTreeSet<_> = ABSENCES
                .iter()
                .flat_map(|(start, fields)| {
                    let is_of_path = path.to_ascii_lowercase().starts_with(start);
                    fields.iter().copied().filter(move |_| is_of_path)
                })
                .collect();
            let body = self.json();
            assert_eq!(keys(&body).collect::<BTreeSet<_>>(), fields, "{path}");
        } else if self.status >= 400 && !self.is_failed_instance(path) {
            self.check_problem(path);
        }
    }

    /// An instance that has failed, for who has asked for a 500 then.
    fn is_failed_instance(&self, path: &str) -> bool {
        self.status == 500
            && path.to_ascii_lowercase().contains("/durabletask/")
            && self.json()["runtimeStatus"] == "Failed"
    }

    /// The 404s of R0 and R4: the failures that are no problem documents.
    fn is_absence(&self, path: &str) -> bool {
        let path = path.to_ascii_lowercase();
        self.status == 404
            && ABSENCES.iter().any(|(start, _)| path.starts_with(start))
            && self.header("content-type") == Some("application/json")
    }

    fn check_problem(&self, path: &str) {
        let (code, _, message) = self.problem();
        let words = words(&code);
        let problem = self.json();
        let mut fields = BTreeSet::from(["detail", "error", "instance", "status", "title", "type"]);
        // Of a task that there may be all the same: what a submission that was accepted has.
        if self.header("operation-id").is_some() {
            assert_eq!(code, "OutcomeUnknown", "{path}");
            fields.extend(["operationId", "operationLocation"]);
            for (field, header) in [("Id", "operation-id"), ("Location", "operation-location")] {
                let told = problem[format!("operation{field}")].as_str();
                assert_eq!(told, self.header(header), "{path}");
            }
        }
        // Of many, what became of each.
        if let Some(tasks) = problem["tasks"].as_array() {
            assert_eq!(code, "OutcomeUnknown", "{path}");
            fields.insert("tasks");
            for task in tasks {
                let has_id = task["outcome"] == "Accepted" || !task["id"].is_null();
                assert_eq!(task["id"].is_string(), has_id, "{path}: {task}");
                assert_eq!(
                    task["operationLocation"].is_string(),
                    has_id,
                    "{path}: {task}"
                );
            }
        }
        let present: BTreeSet<&str> = keys(&problem).collect();
        assert_eq!(present, fields, "{path}");
        for key in keys(&problem["error"]) {
            assert!(["code", "message", "target"].contains(&key), "{key}");
        }
        let r#type = problem["type"].as_str().unwrap();
        assert_eq!(r#type, format!("urn:problem-type:{}", words.join("-")));
        let title = words.join(" ");
        let (first, rest) = title.split_at(1);
        assert_eq!(problem["title"], first.to_uppercase() + rest);
        assert_eq!(problem["status"], self.status);
        assert_eq!(problem["detail"], message.as_str());
        assert!(!message.is_empty() && !message.ends_with('.'), "{message}");
        assert_eq!(problem["instance"], path);
        assert_eq!(self.header("x-ms-error-code"), Some(code.as_str()));
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let may_pass = matches!(self.status, 429 | 503);
        // Of conflicts, one passes by itself: a submission that is still being accepted.
        if self.status != 409 {
            assert_eq!(self.header("retry-after").is_some(), may_pass, "{path}");
        }
    }
}

fn keys(object: &Value) -> impl Iterator<Item = &str> {
    object.as_object().unwrap().keys().map(String::as_str)
}

/// `InvalidNumber` as its words in lower case.
fn words(code: &str) -> Vec<String> {
    let starts: Vec<usize> = code
        .char_indices()
        .filter(|(_, character)| character.is_ascii_uppercase())
        .map(|(index, _)| index)
        .collect();
    assert_eq!(starts.first(), Some(&0), "{code}");
    let ends = starts[1..].iter().copied().chain([code.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(start, end)| code[*start..end].to_lowercase())
        .collect()
}

pub(crate) fn redact_ids(mut text: String) -> String {
    let mut at = 0;
    while at < text.len() {
        let id = text.get(at..at + 36);
        if id.is_some_and(|id| id.parse::<TaskId>().is_ok()) {
            text.replace_range(at..at + 36, "{id}");
        }
        at += 1;
    }
    text
}

pub(crate) fn redact_times(text: String) -> String {
    let mut parts = text.split("DateTime\":\"");
    let mut redacted = parts.next().unwrap().to_owned();
    for part in parts {
        let (time, rest) = part.split_once('"').unwrap();
        assert!(time.ends_with('Z'), "{time} is not in UTC");
        redacted += &format!("DateTime\":\"{{time}}\"{rest}");
    }
    redacted
}
