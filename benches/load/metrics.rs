//! A service's own counters.

use std::collections::BTreeMap;

use hyper::StatusCode;
use hyper::header::HeaderName;

use super::http::{Connection, HttpError};
use super::service::Service;

/// Samples by name and labels.
#[derive(Clone, Debug)]
pub(crate) struct Metrics(BTreeMap<String, f64>);

impl Service {
    /// Reads them; `None` from a service that does not show them to us.
    pub(crate) async fn metrics(&self) -> Result<Option<Metrics>, HttpError> {
        let key = self.key.iter();
        let headers: Vec<_> = key
            .map(|key| (HeaderName::from_static("x-functions-key"), key.as_str()))
            .collect();
        let answer = Connection::to(self.origin.clone())
            .get("/api/metrics", &headers)
            .await?;
        match answer.status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Ok(None),
            other => return Err(format!("the metrics answer with {other}").into()),
        }
        let text = String::from_utf8(answer.body.to_vec())?;
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let samples = samples.filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Ok(Some(Metrics(samples.collect())))
    }
}

impl Metrics {
    /// Messages in the queue.
    pub(crate) fn queue_messages(&self) -> Option<f64> {
        self.0.get("queue_messages").copied()
    }

    /// What was asked of storage so far, by operation.
    pub(crate) fn operations(&self) -> BTreeMap<String, f64> {
        self.operations_since(&Self(BTreeMap::new()))
    }

    /// What was asked of storage since an earlier look, by operation.
    pub(crate) fn operations_since(&self, earlier: &Self) -> BTreeMap<String, f64> {
        let operation = |(name, total): (&String, &f64)| {
            let operation = name.strip_prefix("storage_operations_total{operation=\"")?;
            let before = earlier.0.get(name).unwrap_or(&0.0);
            Some((operation.trim_end_matches("\"}").to_owned(), total - before))
        };
        self.0.iter().filter_map(operation).collect()
    }
}
