//! The queries: which dead letters are meant.

use crate::api::edge::problem::Problem;
use crate::api::edge::query::{CONTINUATION, Query};
use engine::{LetterFilter, LetterPosition};

/// The filters. A code is not called `code`: that is where the key goes.
const FILTERS: &[&str] = &[
    "kind",
    "errorCode",
    "label",
    "failedAfter",
    "failedBefore",
    "text",
];

/// The query of a listing.
#[derive(Debug)]
pub(super) struct ListQuery {
    pub(super) filter: LetterFilter,
    pub(super) top: usize,
    pub(super) position: Option<LetterPosition>,
    query: Query,
}

/// The query of what is done to many.
#[derive(Debug)]
pub(super) struct BulkQuery {
    pub(super) filter: LetterFilter,
    pub(super) is_dry_run: bool,
}

impl ListQuery {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let query = Query::of(text, &[FILTERS, &["top", CONTINUATION]].concat())?;
        Ok(Self {
            filter: filter(&query)?,
            top: query.top()?,
            position: query.position(LetterPosition::may_be_one)?,
            query,
        })
    }

    /// The query of the next page.
    pub(super) fn going_on(&self, position: LetterPosition) -> String {
        self.query.going_on(position)
    }
}

impl BulkQuery {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let query = Query::of(text, &[FILTERS, &["all", "dryRun"]].concat())?;
        let filter = filter(&query)?;
        let is_dry_run = query.flag("dryRun")?;
        match (filter.is_empty(), query.flag("all")?) {
            (true, true) | (false, false) => Ok(Self { filter, is_dry_run }),
            (true, false) => Err(Problem::invalid(
                "all",
                "all must be true where no filter says which dead letters are meant",
            )),
            (false, true) => Err(Problem::invalid("all", "all excludes filters")),
        }
    }
}

fn filter(query: &Query) -> Result<LetterFilter, Problem> {
    Ok(LetterFilter {
        kind: query.some("kind")?,
        code: query.some("errorCode")?,
        labels: query.labels()?,
        failed_after: query.time("failedAfter")?,
        failed_before: query.time("failedBefore")?,
        text: query.some("text")?,
        spares_bulk: false,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The code and the target of what refuses a query.
    fn refusal<T: std::fmt::Debug>(read: Result<T, Problem>) -> String {
        read.unwrap_err().document("/")
    }

    #[test]
    fn a_filter_that_is_none_is_named() {
        for (query, code, target) in [
            ("knid=echo", "UnknownParameter", "knid"),
            ("dryRun=true", "UnknownParameter", "dryRun"),
            ("kind=a&kind=b", "DuplicateParameter", "kind"),
            ("kind=", "InvalidKind", "kind"),
            ("text=", "InvalidText", "text"),
            ("label=a%20b", "InvalidLabel", "label"),
            ("failedAfter=yesterday", "InvalidFailedAfter", "failedAfter"),
            ("failedBefore=1", "InvalidFailedBefore", "failedBefore"),
            ("top=0", "InvalidTop", "top"),
            ("top=1001", "InvalidTop", "top"),
            (
                "continuationToken=x",
                "InvalidContinuationToken",
                "continuationToken",
            ),
        ] {
            let refused = refusal(ListQuery::parse(query));
            assert!(refused.contains(&format!("\"{code}\"")), "{refused}");
            assert!(
                refused.contains(&format!("\"target\":\"{target}\"")),
                "{refused}"
            );
        }
    }

    #[test]
    fn what_is_done_to_many_says_to_which() {
        for (query, code) in [
            ("", "InvalidAll"),
            ("all=false", "InvalidAll"),
            ("all=yes", "InvalidAll"),
            ("all=true&kind=echo", "InvalidAll"),
            ("kind=echo&dryRun=1", "InvalidDryRun"),
            ("kind=echo&top=1", "UnknownParameter"),
        ] {
            let refused = refusal(BulkQuery::parse(query));
            assert!(refused.contains(code), "{query}: {refused}");
        }
        assert!(
            BulkQuery::parse("all=true&code=key")
                .unwrap()
                .filter
                .is_empty()
        );
        let query = BulkQuery::parse("kind=echo&dryRun=true").unwrap();
        assert!(query.is_dry_run && query.filter.kind.is_some());
    }

    proptest! {
        #[test]
        fn any_query_is_refused_or_usable(text in corpus::any_text()) {
            let _ = (ListQuery::parse(&text).is_ok(), BulkQuery::parse(&text).is_ok());
        }
    }
}
