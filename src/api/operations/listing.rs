//! `GET /api/operations` (key): the tasks, newest first.

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::{ListedView, status_of};
use crate::api::edge::base_url::base_url;
use crate::api::edge::continuation::{self, may_be_position};
use crate::api::edge::problem::Problem;
use crate::api::edge::query::{CONTINUATION, Query};
use crate::api::edge::state::Api;
use engine::{Filter, ListError};

/// What a listing may be asked.
const PARAMETERS: [&str; 7] = [
    "status",
    "kind",
    "createdAfter",
    "createdBefore",
    "label",
    "top",
    CONTINUATION,
];

/// A page of tasks.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct TaskList<'a> {
    /// The tasks, newest first.
    value: Vec<ListedView<'a>>,
    /// Where the next page is; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_link: Option<String>,
}

/// A page of tasks, as monitors without their results.
pub(in crate::api) async fn list(request: HttpRequest, api: Api) -> Result<HttpResponse, Problem> {
    let query = Query::of(request.query_string(), &PARAMETERS)?;
    let (filter, top) = (filter(&query)?, query.top()?);
    let before = query.position(|before: &String| may_be_position(before))?;
    let page = api.tasks.list(&filter, top, before.as_deref()).await;
    let page = page.map_err(|error| match error {
        ListError::UnknownPosition => continuation::invalid(CONTINUATION),
        ListError::Storage(error) => Problem::storage(&error),
    })?;
    let next_link = page.next.map(|before| {
        let base = base_url(&request, api.public_base_url.as_deref());
        format!("{base}/api/operations?{}", query.going_on(before))
    });
    let value = page
        .tasks
        .iter()
        .filter_map(|(name, head)| ListedView::new(name, head))
        .collect();
    Ok(HttpResponse::Ok().json(TaskList { value, next_link }))
}

fn filter(query: &Query) -> Result<Filter, Problem> {
    let status = query.text("status").map(|status| {
        status_of(status).ok_or_else(|| {
            Problem::invalid(
                "status",
                "status must be NotStarted, Running, Succeeded, Failed or Canceled",
            )
        })
    });
    Ok(Filter {
        status: status.transpose()?,
        // Any name: tasks of a kind that was taken out are still there.
        kind: query.some("kind")?,
        labels: query.labels()?,
        created_after: query.time("createdAfter")?,
        created_before: query.time("createdBefore")?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_refused_or_usable(text: &str) {
        for name in ["status", "createdAfter", "label"] {
            let text = serde_urlencoded::to_string([(name, text)]).unwrap();
            let read = Query::of(&text, &PARAMETERS).and_then(|query| filter(&query).map(drop));
            assert!(read.is_ok() || read.unwrap_err().to_string().len() < 120);
        }
        let read = Query::of(text, &PARAMETERS).map(drop);
        assert!(read.is_ok() || read.unwrap_err().to_string().len() < 250);
    }

    #[test]
    fn hostile_queries_are_refused_or_usable() {
        corpus::each_text(assert_refused_or_usable);
    }

    proptest! {
        #[test]
        fn any_query_is_refused_or_usable(text in corpus::any_text()) {
            assert_refused_or_usable(&text);
        }
    }
}
