//! The query of a request, as Durable Functions' clients send it: names in any case, and some that mean nothing
//! here.

use std::time::Duration;

use actix_web::HttpRequest;

use super::found::unknown;
use crate::api::edge::problem::{Code, Problem};
use ports::{Timestamp, timestamp};

/// The one task hub there is: a hub is a set of instances, and the service has one.
pub(super) const TASK_HUB: &str = "TaskHub";

/// The longest reason, in characters: it is kept with the instance.
const MAX_REASON: usize = 1_000;

/// The longest wait that is asked for, in seconds; how long anybody waits is another matter.
const MAX_SECONDS: f64 = 1e6;

/// The parameters of a request.
pub(super) struct Asked(Vec<(String, String)>);

impl Asked {
    /// Takes a query apart. Another task hub than ours has no instances.
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(request.query_string())
            .map_err(|_| Problem::new(Code::InvalidQuery, "the query cannot be read"))?;
        let asked = Self(pairs);
        match asked.get("taskHub") {
            Some(hub) if !hub.eq_ignore_ascii_case(TASK_HUB) => Err(unknown()),
            _ => Ok(asked),
        }
    }

    /// A parameter that is not empty; the first of a name counts.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let of_name = move |(known, value): &&(String, String)| {
            known.eq_ignore_ascii_case(name) && !value.is_empty()
        };
        self.0
            .iter()
            .filter(of_name)
            .map(|(_, value)| value.as_str())
    }

    /// The members of lists: a parameter may be there more than once, and each has its members between commas.
    pub(super) fn members(&self, name: &str) -> impl Iterator<Item = &str> {
        self.all(name).flat_map(|value| value.split(','))
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, Problem> {
        match self.get(name) {
            None => Ok(default),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(wrong(name, "must be true or false")),
        }
    }

    /// A number of seconds, fractions included.
    pub(super) fn seconds(&self, name: &str) -> Result<Option<Duration>, Problem> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let seconds = text
            .parse()
            .ok()
            .filter(|seconds| (0.0..=MAX_SECONDS).contains(seconds));
        match seconds {
            Some(seconds) => Ok(Some(Duration::from_secs_f64(seconds))),
            None => Err(wrong(name, "must be a number of seconds")),
        }
    }

    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let wrong = || wrong(name, "must be an RFC 3339 time");
        let text = self.get(name);
        text.map(|text| timestamp::parse(text).ok_or_else(wrong))
            .transpose()
    }

    pub(super) fn reason(&self) -> Result<Option<&str>, Problem> {
        match self.get("reason") {
            Some(reason) if reason.chars().count() > MAX_REASON => {
                Err(wrong("reason", "must have 1000 characters at most"))
            }
            reason => Ok(reason),
        }
    }
}

/// A parameter is none of those it may be.
pub(super) fn wrong(name: &str, how: &str) -> Problem {
    Problem::new(Code::InvalidQuery, format!("{name} {how}")).target(name)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn asked(query: &str) -> Result<Asked, Problem> {
        let request = TestRequest::with_uri(&format!("/x?{query}"));
        Asked::of(&request.to_http_request())
    }

    #[test]
    fn names_are_read_in_any_case_and_lists_in_either_form() {
        let asked =
            asked("SHOWINPUT=False&runtimeStatus=Failed,Pending&runtimestatus=Running&top=")
                .unwrap();
        assert!(!asked.flag("showInput", true).unwrap());
        assert!(asked.flag("showHistory", true).unwrap());
        let statuses: Vec<_> = asked.members("runtimeStatus").collect();
        assert_eq!(statuses, ["Failed", "Pending", "Running"]);
        assert_eq!(asked.get("top"), None);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let reason = "x".repeat(MAX_REASON + 1);
        for (query, name) in [
            ("flag=maybe".to_owned(), "flag"),
            ("seconds=x".to_owned(), "seconds"),
            ("seconds=-1".to_owned(), "seconds"),
            ("seconds=NaN".to_owned(), "seconds"),
            ("time=yesterday".to_owned(), "time"),
            (format!("reason={reason}"), "reason"),
        ] {
            let asked = asked(&query).unwrap();
            let refused = match name {
                "flag" => asked.flag(name, true).map(drop),
                "seconds" => asked.seconds(name).map(drop),
                "time" => asked.time(name).map(drop),
                _ => asked.reason().map(drop),
            };
            let refused = refused.unwrap_err().to_string();
            assert!(
                refused.starts_with(&format!("400 InvalidQuery: {name} ")),
                "{refused}"
            );
        }
    }

    #[test]
    fn another_hub_has_no_instances() {
        for query in ["taskHub=taskhub", "connection=Storage", ""] {
            assert!(asked(query).is_ok(), "{query}");
        }
        let refused = asked("taskHub=other").err().unwrap().to_string();
        assert!(refused.starts_with("404 NotFound"), "{refused}");
    }
}
