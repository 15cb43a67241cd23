//! What was asked of this process, counted by route and status, without a lock.
//!
//! The labels are those of the route table, so that no client can make up a series of its own.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;

use engine::prometheus::Exposition;

/// The path of a route, as the table has it: in the data of its resource.
#[derive(Clone, Copy)]
pub(in crate::api) struct Template(pub(in crate::api) &'static str);

/// The root, which is in no table.
pub(in crate::api) const ROOT: &str = "/";

/// What no route of the API took: unknown paths, and the host's own calls.
const OTHER: &str = "other";

/// The statuses that are told apart; others share the last place.
const STATUSES: [u16; 26] = [
    200, 202, 204, 206, 302, 303, 304, 400, 401, 403, 404, 405, 408, 409, 410, 411, 412, 413, 415,
    422, 424, 429, 431, 500, 503, 504,
];

/// Counts of one route by status.
type Row = [AtomicU64; STATUSES.len() + 1];

/// The statuses that the description of a route has, by its path.
pub(in crate::api) type Described = BTreeSet<(&'static str, String)>;

/// Counts of all threads.
#[derive(Clone, Debug)]
pub struct Requests {
    rows: Arc<[(&'static str, Row)]>,
    described: fn() -> Described,
}

impl Requests {
    /// None yet, of these paths of the table. `described` is asked when the counts are.
    pub(in crate::api) fn new(
        paths: impl IntoIterator<Item = &'static str>,
        described: fn() -> Described,
    ) -> Self {
        let all = [ROOT].into_iter().chain(paths).chain([OTHER]);
        Self {
            rows: all.map(|path| (path, Row::default())).collect(),
            described,
        }
    }

    /// Counts an answer.
    pub(in crate::api) fn count<B>(&self, response: &ServiceResponse<B>) {
        let template = response.request().app_data::<Template>();
        let path = template.map_or(OTHER, |Template(path)| path);
        self.add(path, response.status());
    }

    fn add(&self, path: &str, status: StatusCode) {
        let row = self.rows.iter().find(|(known, _)| *known == path);
        let index = STATUSES.iter().position(|known| *known == status.as_u16());
        if let Some((_, row)) = row.or(self.rows.last()) {
            row[index.unwrap_or(STATUSES.len())].fetch_add(1, Relaxed);
        }
    }

    /// All that was counted, and at 0 what a route's description says it may answer.
    pub(in crate::api) fn write(&self, text: &mut Exposition) {
        let (name, help) = ("http_requests_total", "Requests that were answered.");
        text.family(name, "counter", help);
        let described = (self.described)();
        for (path, row) in &*self.rows {
            let statuses = STATUSES.iter().map(u16::to_string);
            let statuses = statuses.chain(["other".to_owned()]);
            for (status, count) in statuses.zip(row) {
                let labels = format!("route=\"{path}\",status=\"{status}\"");
                let count = count.load(Relaxed);
                if count > 0 || described.contains(&(*path, status)) {
                    text.sample(name, &labels, count);
                }
            }
        }
    }
}
