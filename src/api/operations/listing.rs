//! `GET /api/operations` (key): the tasks, newest first.

use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::{ListedView, status_of};
use crate::api::edge::base_url::base_url;
use crate::api::edge::problem::{Code, Problem};
use crate::api::edge::state::Api;
use engine::json::shortened;
use engine::limits::{DEFAULT_TOP, MAX_TOP};
use engine::{Filter, ListError, is_label};
use ports::timestamp;

/// The query, as text: what it means is checked field by field, to name the one at fault.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ListQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top: Option<String>,
    /// As often as there are labels that a task is to have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    label: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_token: Option<String>,
}

impl ListQuery {
    /// Takes a query apart. What is not known is refused: a filter with a wrong letter in its name
    /// would otherwise give all tasks there are, and what is then done to them is done to all.
    fn parse(query: &str) -> Result<Self, Problem> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)
            .map_err(|_| Problem::new(Code::InvalidQuery, "the query cannot be read"))?;
        let mut read = Self::default();
        for (name, value) in pairs {
            let field = match name.as_str() {
                "status" => &mut read.status,
                "kind" => &mut read.kind,
                "createdAfter" => &mut read.created_after,
                "createdBefore" => &mut read.created_before,
                "label" => {
                    // The Functions host joins what is there twice by a comma, which no label has.
                    read.label.extend(value.split(',').map(str::to_owned));
                    continue;
                }
                "top" => &mut read.top,
                "continuationToken" => &mut read.continuation_token,
                // The key and its name, as the host takes them, and what Azure's clients always send.
                "code" | "clientId" | "api-version" => continue,
                _ => {
                    let detail = format!(
                        "{} is not known; a listing has status, kind, createdAfter, createdBefore, \
                         label, top and continuationToken",
                        shortened(&name)
                    );
                    return Err(Problem::new(Code::UnknownParameter, detail).target(name));
                }
            };
            if field.replace(value).is_some() {
                let detail = format!("{name} is there twice");
                return Err(Problem::new(Code::DuplicateParameter, detail).target(name));
            }
        }
        Ok(read)
    }

    /// As the query of a URL, which has a pair for each label.
    fn into_text(mut self) -> String {
        let labels = std::mem::take(&mut self.label);
        let labels: Vec<_> = labels.iter().map(|label| ("label", label)).collect();
        let texts = [
            serde_urlencoded::to_string(self).unwrap_or_default(),
            serde_urlencoded::to_string(labels).unwrap_or_default(),
        ];
        texts.join("&").trim_end_matches('&').to_owned()
    }
}

/// Where a listing goes on, and of which query: a token is of no use to another one.
#[derive(Serialize, Deserialize)]
struct Token {
    before: String,
    query: ListQuery,
}

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
    let mut query = ListQuery::parse(request.query_string())?;
    let token = query.continuation_token.take();
    let top = top(query.top.as_deref())?;
    // Pages of a listing may differ in size.
    let filtering = ListQuery {
        top: None,
        ..query.clone()
    };
    let before = token.map(|token| open(&token, &filtering)).transpose()?;
    let page = api
        .tasks
        .list(&filter(&filtering)?, top, before.as_deref())
        .await
        .map_err(|error| match error {
            ListError::UnknownPosition => invalid_token(),
            ListError::Storage(error) => Problem::storage(&error),
        })?;
    let next_link = page.next.map(|before| {
        let token = Token {
            before,
            query: filtering,
        };
        let text = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default());
        let next = ListQuery {
            continuation_token: Some(text),
            ..query
        };
        let base = base_url(&request, api.public_base_url.as_deref());
        format!("{base}/api/operations?{}", next.into_text())
    });
    let value = page
        .tasks
        .iter()
        .filter_map(|(name, head)| ListedView::new(name, head))
        .collect();
    Ok(HttpResponse::Ok().json(TaskList { value, next_link }))
}

fn top(text: Option<&str>) -> Result<usize, Problem> {
    match text.map_or(Some(DEFAULT_TOP), |text| text.parse().ok()) {
        Some(top) if (1..=MAX_TOP).contains(&top) => Ok(top),
        _ => Err(Problem::invalid(
            "top",
            format!("top must be a number from 1 to {MAX_TOP}"),
        )),
    }
}

fn filter(query: &ListQuery) -> Result<Filter, Problem> {
    let time = |field: &str, text: &Option<String>| {
        let wrong = || Problem::invalid(field, format!("{field} must be an RFC 3339 time"));
        text.as_deref()
            .map(|text| timestamp::parse(text).ok_or_else(wrong))
            .transpose()
    };
    let status = query.status.as_deref().map(|status| {
        status_of(status).ok_or_else(|| {
            Problem::invalid(
                "status",
                "status must be NotStarted, Running, Succeeded, Failed or Canceled",
            )
        })
    });
    // Any name: tasks of a kind that was taken out are still there.
    if query.kind.as_deref() == Some("") {
        let detail = "kind must be the name of a kind";
        return Err(Problem::invalid("kind", detail));
    }
    if !query.label.iter().all(|label| is_label(label)) {
        let detail = "label must be one that a task may have";
        return Err(Problem::invalid("label", detail));
    }
    Ok(Filter {
        labels: query.label.clone(),
        status: status.transpose()?,
        kind: query.kind.clone(),
        created_after: time("createdAfter", &query.created_after)?,
        created_before: time("createdBefore", &query.created_before)?,
    })
}

/// Where the page goes on, which is the store's to understand.
fn open(token: &str, query: &ListQuery) -> Result<String, Problem> {
    BASE64_URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Token>(&bytes).ok())
        .filter(|token| token.query == *query && may_be_position(&token.before))
        .map(|token| token.before)
        .ok_or_else(invalid_token)
}

fn invalid_token() -> Problem {
    Problem::new(
        Code::InvalidContinuationToken,
        "continuationToken is not one of this query",
    )
    .target("continuationToken")
}

/// Whether a text is made as positions are; a token may be forged.
pub(in crate::api) fn may_be_position(text: &str) -> bool {
    text.len() <= 36
        && text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_refused_or_usable(text: &str) {
        let query = ListQuery::default();
        let forged = BASE64_URL_SAFE_NO_PAD.encode(
            serde_json::to_vec(&Token {
                before: text.to_owned(),
                query: query.clone(),
            })
            .unwrap(),
        );
        for token in [text, &forged, &BASE64_URL_SAFE_NO_PAD.encode(text)] {
            match open(token, &query) {
                Ok(before) => assert!(before.is_ascii() && before.len() <= 36, "{before}"),
                Err(refused) => assert!(refused.to_string().len() < 120, "{refused}"),
            }
        }
        assert!(top(Some(text)).is_ok_and(|top| top <= MAX_TOP) || top(Some(text)).is_err());
        let all = |text: &str| Some(text.to_owned());
        let _ = filter(&ListQuery {
            status: all(text),
            ..query.clone()
        });
        let _ = filter(&ListQuery {
            created_after: all(text),
            ..query.clone()
        });
        let _ = filter(&ListQuery {
            created_before: all(text),
            ..query
        });
        let read = ListQuery::parse(text);
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
