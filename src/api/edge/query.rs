//! The query of a route that refuses what it does not know: a filter with a wrong letter in its name would otherwise
//! take all there is, and what is then done is done to all of that. What speaks another system's protocol reads its
//! queries as that does.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::continuation;
use super::problem::{Code, Problem};
use engine::is_label;
use engine::json::shortened;
use engine::limits::{DEFAULT_TOP, MAX_TOP};
use ports::{Timestamp, timestamp};

/// The key and its name, as the host takes them, in any case; and what Azure's clients always send.
const ANYWHERE: [&str; 3] = ["code", "clientId", "api-version"];

/// The one that may be there more than once.
const LABEL: &str = "label";

const TOP: &str = "top";

/// Where a listing goes on.
pub(in crate::api) const CONTINUATION: &str = "continuationToken";

/// A query, taken apart.
#[derive(Debug)]
pub(in crate::api) struct Query(Vec<(String, String)>);

impl Query {
    /// Of a text that may have these parameters, each once.
    pub(in crate::api) fn of(text: &str, known: &[&str]) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> = serde_urlencoded::from_str(text)
            .map_err(|_| Problem::new(Code::InvalidQuery, "the query cannot be read"))?;
        pairs.retain(|(name, _)| {
            let is_it = |anywhere: &&str| name.eq_ignore_ascii_case(anywhere);
            !ANYWHERE.iter().any(is_it)
        });
        for (index, (name, _)) in pairs.iter().enumerate() {
            if !known.contains(&&**name) {
                let there_are = match known {
                    [] => "there are none here".to_owned(),
                    known => format!("there may be {}", known.join(", ")),
                };
                let detail = format!("{} is not known; {there_are}", shortened(name));
                return Err(Problem::new(Code::UnknownParameter, detail).target(name));
            }
            let is_before = || pairs.iter().take(index).any(|(before, _)| before == name);
            if name != LABEL && is_before() {
                let detail = format!("{name} is there twice");
                return Err(Problem::new(Code::DuplicateParameter, detail).target(name));
            }
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter.
    pub(in crate::api) fn text(&self, name: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(known, _)| known == name);
        pair.map(|(_, value)| &**value)
    }

    /// The value of a parameter that must not be empty.
    pub(in crate::api) fn some(&self, name: &str) -> Result<Option<String>, Problem> {
        match self.text(name) {
            Some("") => Err(Problem::invalid(name, format!("{name} must not be empty"))),
            text => Ok(text.map(str::to_owned)),
        }
    }

    /// A whole number in a range; without the parameter, the default.
    pub(in crate::api) fn number<T: FromStr + PartialOrd + Display>(
        &self,
        name: &str,
        default: T,
        range: RangeInclusive<T>,
    ) -> Result<T, Problem> {
        let number = self
            .text(name)
            .map_or(Some(default), |text| text.parse().ok());
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| out_of_range(name, &range))
    }

    /// A time.
    pub(in crate::api) fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let wrong = || Problem::invalid(name, format!("{name} must be an RFC 3339 time"));
        let text = self.text(name);
        text.map(|text| timestamp::parse(text).ok_or_else(wrong))
            .transpose()
    }

    /// Yes or no; without the parameter no.
    pub(in crate::api) fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => {
                let detail = format!("{name} must be true or false");
                Err(Problem::invalid(name, detail))
            }
        }
    }

    /// The labels that a task is to have.
    pub(in crate::api) fn labels(&self) -> Result<Vec<String>, Problem> {
        let pairs = self.0.iter().filter(|(name, _)| name == LABEL);
        // The Functions host joins what is there twice by a comma, which no label has.
        let labels = pairs.flat_map(|(_, value)| value.split(','));
        let labels = labels.map(|label| is_label(label).then(|| label.to_owned()));
        labels.collect::<Option<_>>().ok_or_else(|| {
            let detail = format!("{LABEL} must be one that a task may have");
            Problem::invalid(LABEL, detail)
        })
    }

    /// How many of a listing are wanted in one page.
    pub(in crate::api) fn top(&self) -> Result<usize, Problem> {
        self.number(TOP, DEFAULT_TOP, 1..=MAX_TOP)
    }

    /// Where the page begins that is wanted, if it is not the first; the token may be forged.
    pub(in crate::api) fn position<P: DeserializeOwned>(
        &self,
        may_be_one: impl Fn(&P) -> bool,
    ) -> Result<Option<P>, Problem> {
        let Some(token) = self.text(CONTINUATION) else {
            return Ok(None);
        };
        let position = continuation::open(token, &self.filters()).filter(may_be_one);
        let position = position.ok_or_else(|| continuation::invalid(CONTINUATION))?;
        Ok(Some(position))
    }

    /// The query of the next page, which begins at this position.
    pub(in crate::api) fn going_on(&self, position: impl Serialize) -> String {
        let token = continuation::seal(position, &self.filters());
        let pairs = self.0.iter().filter(|(name, _)| name != CONTINUATION);
        let pairs = pairs.map(|(name, value)| (&**name, &**value));
        let pairs: Vec<_> = pairs.chain([(CONTINUATION, &*token)]).collect();
        serde_urlencoded::to_string(pairs).unwrap_or_default()
    }

    /// What says which are wanted, in whatever order it was asked: pages of one listing may differ in size.
    fn filters(&self) -> String {
        let pairs = self.0.iter();
        let mut pairs: Vec<_> = pairs
            .filter(|(name, _)| ![TOP, CONTINUATION].contains(&&**name))
            .collect();
        pairs.sort();
        serde_urlencoded::to_string(pairs).unwrap_or_default()
    }
}

/// What is told of a number that is none of those it may be.
pub(in crate::api) fn out_of_range(name: &str, range: &RangeInclusive<impl Display>) -> Problem {
    let detail = format!(
        "{name} must be a whole number from {} to {}",
        range.start(),
        range.end()
    );
    Problem::invalid(name, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 6] = ["kind", "after", "flag", LABEL, TOP, CONTINUATION];

    fn read(text: &str) -> Query {
        Query::of(text, &KNOWN).unwrap()
    }

    fn refused<T>(read: Result<T, Problem>) -> String {
        read.err()
            .map(|problem| problem.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn what_is_not_known_or_there_twice_is_refused() {
        let read = |query| refused(Query::of(query, &["a", "b"]));
        assert!(read("c=1").contains("UnknownParameter: c is not known; there may be a, b"));
        assert!(read("a=1&b=2&a=1").contains("DuplicateParameter: a is there twice"));
        assert_eq!(read("a=1&b=2&code=k&clientId=c&api-version=1"), "");
        assert_eq!(read("Code=k&CLIENTID=c"), "");
        let none = refused(Query::of("c=1", &[]));
        assert!(none.contains("c is not known; there are none here"));
    }

    #[test]
    fn a_number_is_in_its_range_or_named() {
        let read = |query| Query::of(query, &["n"]).unwrap().number("n", 5_u32, 1..=32);
        assert_eq!(read("").unwrap(), 5);
        assert_eq!(read("code=k&n=32&clientId=c").unwrap(), 32);
        for query in ["n=0", "n=33", "n=-1", "n=1.0", "n=", "n=x", "n=99999999999"] {
            let told = refused(read(query));
            assert_eq!(told, "422 InvalidN: n must be a whole number from 1 to 32");
        }
    }

    #[test]
    fn a_value_is_what_it_says_or_named() {
        let query = read("kind=a%20b&after=2026-11-26T02:00:00Z&flag=true");
        assert_eq!(query.some("kind").unwrap().as_deref(), Some("a b"));
        assert!(query.time("after").unwrap().is_some() && query.flag("flag").unwrap());
        let query = read("kind=&after=yesterday&flag=1&top=1001");
        assert!(refused(query.some("kind")).contains("InvalidKind"));
        assert!(refused(query.time("after")).contains("InvalidAfter"));
        assert!(refused(query.flag("flag")).contains("InvalidFlag"));
        assert!(refused(query.top()).contains("InvalidTop"));
        let query = read("");
        assert_eq!(
            (query.some("kind").unwrap(), query.top().unwrap()),
            (None, DEFAULT_TOP)
        );
        assert!(!query.flag("flag").unwrap());
    }

    #[test]
    fn labels_are_there_as_often_as_they_are_wanted() {
        assert_eq!(read("label=a&label=b,c").labels().unwrap(), ["a", "b", "c"]);
        for query in ["label=", "label=a%20b", "label=a&label=%C3%A4"] {
            assert!(
                refused(read(query).labels()).contains("InvalidLabel"),
                "{query}"
            );
        }
    }

    #[test]
    fn a_listing_goes_on_with_its_filters_in_any_order_and_size() {
        let query = read("label=b&kind=echo&top=2&label=a");
        let next = query.going_on("0192");
        let at = |query: &str| read(query).position(|position: &String| position == "0192");
        assert_eq!(at(&next).unwrap().as_deref(), Some("0192"));
        let token = read(&next).text(CONTINUATION).unwrap().to_owned();
        let same = format!("kind=echo&label=a&label=b&top=9&continuationToken={token}");
        assert!(at(&same).unwrap().is_some());
        for other in [
            format!("continuationToken={token}"),
            same.replace("echo", "other"),
            "continuationToken=x".to_owned(),
        ] {
            assert!(
                refused(at(&other)).contains("InvalidContinuationToken"),
                "{other}"
            );
        }
        let again = read(&next).going_on("0193");
        assert_eq!(again.matches(CONTINUATION).count(), 1);
        assert!(refused(at(&again)).contains("InvalidContinuationToken"));
    }

    #[test]
    fn hostile_queries_are_refused_or_usable() {
        corpus::each_text(|text| match Query::of(text, &KNOWN) {
            Ok(query) => assert!(!query.going_on("0").contains(' ')),
            Err(refused) => assert!(refused.to_string().len() < 250, "{refused}"),
        });
    }
}
