//! The queries: which dead letters are meant. What is not known is refused, because a filter with a wrong letter
//! in its name would otherwise mean all of them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::api::edge::problem::{Code, Problem};
use engine::json::shortened;
use engine::limits::{DEFAULT_TOP, MAX_TOP};
use engine::{LetterFilter, LetterPosition};
use ports::{Timestamp, timestamp};

/// The filters. A code is not called `code`: that is where the key goes.
const FILTERS: &[&str] = &["kind", "errorCode", "failedAfter", "failedBefore", "text"];

/// A parameter's value, by its name.
type Pairs = BTreeMap<String, String>;

/// The query of a listing.
#[derive(Debug)]
pub(super) struct ListQuery {
    pub(super) filter: LetterFilter,
    pub(super) top: usize,
    pub(super) position: Option<LetterPosition>,
    pairs: Pairs,
}

/// The query of what is done to many.
#[derive(Debug)]
pub(super) struct BulkQuery {
    pub(super) filter: LetterFilter,
    pub(super) is_dry_run: bool,
}

/// Where a listing goes on, and of which query: a token is of no use to another one.
#[derive(Serialize, Deserialize)]
struct Token {
    position: LetterPosition,
    filter: LetterFilter,
}

impl ListQuery {
    pub(super) fn parse(query: &str) -> Result<Self, Problem> {
        let pairs = pairs(query, &["top", "continuationToken"])?;
        let filter = filter(&pairs)?;
        let top = pairs.get("top");
        let top = top.map_or(Some(DEFAULT_TOP), |text| text.parse().ok());
        let top = top
            .filter(|top| (1..=MAX_TOP).contains(top))
            .ok_or_else(|| {
                let detail = format!("top must be a number from 1 to {MAX_TOP}");
                Problem::invalid("top", detail)
            })?;
        let token = pairs.get("continuationToken");
        let position = token.map(|token| open(token, &filter)).transpose()?;
        Ok(Self {
            filter,
            top,
            position,
            pairs,
        })
    }

    /// The query of the next page.
    pub(super) fn going_on(&self, position: LetterPosition) -> String {
        let token = Token {
            position,
            filter: self.filter.clone(),
        };
        let text = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default());
        let mut pairs = self.pairs.clone();
        pairs.insert("continuationToken".to_owned(), text);
        serde_urlencoded::to_string(pairs).unwrap_or_default()
    }
}

impl BulkQuery {
    pub(super) fn parse(query: &str) -> Result<Self, Problem> {
        let pairs = pairs(query, &["all", "dryRun"])?;
        let filter = filter(&pairs)?;
        let is_dry_run = flag(&pairs, "dryRun")?;
        match (filter.is_empty(), flag(&pairs, "all")?) {
            (true, true) | (false, false) => Ok(Self { filter, is_dry_run }),
            (true, false) => Err(Problem::invalid(
                "all",
                "all must be true where no filter says which dead letters are meant",
            )),
            (false, true) => Err(Problem::invalid("all", "all excludes filters")),
        }
    }
}

/// Takes a query apart, into the filters and these.
fn pairs(query: &str, others: &[&str]) -> Result<Pairs, Problem> {
    let read: Vec<(String, String)> = serde_urlencoded::from_str(query)
        .map_err(|_| Problem::new(Code::InvalidQuery, "the query cannot be read"))?;
    let mut pairs = Pairs::new();
    for (name, value) in read {
        // The key and its name, as the host takes them, and what Azure's clients always send.
        if ["code", "clientId", "api-version"].contains(&&*name) {
            continue;
        }
        if !FILTERS.contains(&&*name) && !others.contains(&&*name) {
            let known = [FILTERS, others].concat().join(", ");
            let detail = format!("{} is not known; there are {known}", shortened(&name));
            return Err(Problem::new(Code::UnknownParameter, detail).target(name));
        }
        if pairs.insert(name.clone(), value).is_some() {
            let detail = format!("{name} is there twice");
            return Err(Problem::new(Code::DuplicateParameter, detail).target(name));
        }
    }
    Ok(pairs)
}

fn filter(pairs: &Pairs) -> Result<LetterFilter, Problem> {
    let text = |name: &str| match pairs.get(name) {
        Some(text) if text.is_empty() => {
            Err(Problem::invalid(name, format!("{name} must not be empty")))
        }
        text => Ok(text.cloned()),
    };
    Ok(LetterFilter {
        kind: text("kind")?,
        code: text("errorCode")?,
        failed_after: time(pairs, "failedAfter")?,
        failed_before: time(pairs, "failedBefore")?,
        text: text("text")?,
    })
}

fn time(pairs: &Pairs, name: &str) -> Result<Option<Timestamp>, Problem> {
    let wrong = || Problem::invalid(name, format!("{name} must be an RFC 3339 time"));
    let text = pairs.get(name);
    text.map(|text| timestamp::parse(text).ok_or_else(wrong))
        .transpose()
}

fn flag(pairs: &Pairs, name: &str) -> Result<bool, Problem> {
    match pairs.get(name).map(String::as_str) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Problem::invalid(
            name,
            format!("{name} must be true or false"),
        )),
    }
}

/// Where the page goes on, which is the store's to understand. The token has times to the millisecond.
fn open(token: &str, filter: &LetterFilter) -> Result<LetterPosition, Problem> {
    let same = |token: &Token| {
        serde_json::to_value(&token.filter).ok() == serde_json::to_value(filter).ok()
    };
    BASE64_URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Token>(&bytes).ok())
        .filter(|token| same(token) && token.position.may_be_one())
        .map(|token| token.position)
        .ok_or_else(invalid_token)
}

pub(super) fn invalid_token() -> Problem {
    let detail = "continuationToken is not one of this query";
    Problem::new(Code::InvalidContinuationToken, detail).target("continuationToken")
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
            for token in [text.clone(), BASE64_URL_SAFE_NO_PAD.encode(&text)] {
                prop_assert!(open(&token, &LetterFilter::default()).is_err());
            }
            let _ = (ListQuery::parse(&text).is_ok(), BulkQuery::parse(&text).is_ok());
        }
    }
}
